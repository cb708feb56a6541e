// Package smtp sends mail through a server of the installation's own. It implements ports/mail.
//
// Mail carries secrets, so that it is sent in the open to this host alone: elsewhere the connection begins with TLS
// (smtps) or changes to it before anything is said (smtp, by STARTTLS), and the server's certificate must be valid.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/streamspace-dev/streamspace/ports/mail"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Config says how mail is sent.
type Config struct {
	// URL is smtp://[user@]host[:port], by default port 587, or smtps://[user@]host[:port], by default port 465. It holds
	// no password.
	URL string
	// Password is a file with the password of the URL's user. It is read for each message, so that a changed one works
	// without a restart. Empty: there is no user.
	Password string
	// From is the sender, such as noreply@example.com or Desktops <noreply@example.com>.
	From string
}

// Sender sends each message by a connection of its own. It is safe for concurrent use.
type Sender struct {
	server   server
	password string
	from     netmail.Address
	roots    *x509.CertPool // nil: the system's
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

// server is where mail is sent.
type server struct {
	host, port, user string
	tls              bool // from the first byte
}

// New makes a sender. It does not connect: a mail server that is away keeps nothing else from working. Its error does
// not show the URL, which can contain a password by mistake.
func New(c Config) (*Sender, error) {
	if err := errors.Join(c.CheckURL(), c.CheckFrom(), c.CheckPassword()); err != nil {
		return nil, err
	}
	at, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, err
	}
	return &Sender{server: at, password: c.Password, from: *from, dial: new(net.Dialer).DialContext}, nil
}

// CheckURL says what is wrong with the server's address.
func (c Config) CheckURL() error {
	at, err := parse(c.URL)
	if err == nil && at.user == "" && c.Password != "" {
		err = errors.New("it names no user for the password")
	}
	return err
}

// CheckFrom says what is wrong with the sender's address.
func (c Config) CheckFrom() error {
	if _, err := netmail.ParseAddress(c.From); err != nil {
		return fmt.Errorf("it is not an address such as noreply@example.com: %w", err)
	}
	return nil
}

// CheckPassword says what is wrong with the password's file.
func (c Config) CheckPassword() error {
	if at, err := parse(c.URL); err == nil && at.user != "" && c.Password == "" {
		return errors.New("it is needed for the user of the mail server")
	}
	_, err := readPassword(c.Password)
	return err
}

// parse reads the address of a mail server.
func parse(text string) (server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return server{}, errors.New("it cannot be parsed as a URL")
	}
	_, withPassword := u.User.Password()
	switch {
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return server{}, errors.New("it must begin with smtp:// or smtps://")
	case withPassword:
		return server{}, errors.New("it must not contain a password")
	case u.Hostname() == "":
		return server{}, errors.New("it must name a host")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return server{}, errors.New("it must end with the host or its port")
	}
	s := server{host: u.Hostname(), port: u.Port(), user: u.User.Username(), tls: u.Scheme == "smtps"}
	if s.port == "" {
		s.port = map[bool]string{false: "587", true: "465"}[s.tls]
	}
	return s, nil
}

// isHere reports whether the server is on this host, which mail reaches without a network.
func (s server) isHere() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send implements mail.Sender.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	ctx, cancel := context.WithTimeout(ctx, mail.Timeout)
	defer cancel()
	text, err := s.compose(m)
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	conn, err := s.dial(ctx, "tcp", net.JoinHostPort(s.server.host, s.server.port))
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // net/smtp knows no context
	defer func() { _ = conn.Close() }()
	if err := s.deliver(conn, m.To, text); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

// deliver sends the message by a connection that has just been made.
func (s *Sender) deliver(conn net.Conn, to string, text []byte) error {
	c, err := s.open(conn)
	if err != nil {
		return err
	}
	if err := c.Mail(s.from.Address); err != nil {
		return fmt.Errorf("the mail server refuses the sender: %w", err)
	}
	if err := c.Rcpt(to); err != nil {
		return fmt.Errorf("the mail server refuses the address: %w", err)
	}
	body, err := c.Data()
	if err != nil {
		return fmt.Errorf("the mail server refuses the message: %w", err)
	}
	if _, err := body.Write(text); err != nil {
		return fmt.Errorf("send the message: %w", err)
	}
	if err := body.Close(); err != nil { // its answer says that the server has the message
		return fmt.Errorf("the mail server refuses the message: %w", err)
	}
	_ = c.Quit() // the message is accepted, whatever the server says now
	return nil
}

// open says who is there, secures the connection and signs in.
func (s *Sender) open(conn net.Conn) (*smtp.Client, error) {
	trust := &tls.Config{ServerName: s.server.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	if s.server.tls {
		conn = tls.Client(conn, trust)
	}
	c, err := smtp.NewClient(conn, s.server.host)
	if err != nil {
		return nil, fmt.Errorf("the mail server does not answer: %w", err)
	}
	if err := c.Hello(domainOf(s.from.Address)); err != nil {
		return nil, fmt.Errorf("greet the mail server: %w", err)
	}
	if !s.server.tls && !s.server.isHere() {
		if err := c.StartTLS(trust); err != nil {
			return nil, fmt.Errorf("secure the connection to the mail server: %w", err)
		}
	}
	password, err := readPassword(s.password)
	if err != nil || s.server.user == "" {
		return c, err
	}
	if err := c.Auth(smtp.PlainAuth("", s.server.user, password, s.server.host)); err != nil {
		return nil, fmt.Errorf("sign in to the mail server: %w", err)
	}
	return c, nil
}

// readPassword reads a password's file, without the newline at its end. Without a file it is empty.
func readPassword(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	b, err := secret.ReadFile(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// domainOf is the part of an address after the @.
func domainOf(address string) string { return address[strings.LastIndex(address, "@")+1:] }
