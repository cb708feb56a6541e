// Package smtptest runs a real mail server for tests: Debian's python3-aiosmtpd, on a free port, which needs no rights.
package smtptest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed server.py
var program string

const (
	// Host is the name in the server's certificate.
	Host = "mail.example.test"
	// patience bounds the server's start and the arrival of a message.
	patience = time.Minute
	// Python is Debian's, which alone has Debian's packages: another may be first on PATH.
	Python = "/usr/bin/python3"
)

// Config says which server a test needs. The zero value accepts everything, without TLS.
type Config struct {
	TLS            string // "starttls" or "smtps"; empty: none
	User, Password string // who may send; empty: everyone
}

// Server is a mail server that runs until the test ends.
type Server struct {
	Port     string
	Roots    *x509.CertPool // trust its certificate
	received chan Message
}

// Message is what the server has accepted.
type Message struct {
	From string   `json:"from"`
	To   []string `json:"to"`
	Text string   `json:"text"` // with its headers, as it was sent
	User string   `json:"user"` // who signed in to send it
	TLS  bool     `json:"tls"`  // the connection was encrypted

	Header  netmail.Header `json:"-"`
	Subject string         `json:"-"` // decoded
	Body    string         `json:"-"` // decoded
}

// Start starts a server.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	s := &Server{received: make(chan Message, 100)}
	settings := map[string]string{"tls": c.TLS, "user": c.User, "password": c.Password}
	settings["pem"], s.Roots = certificate(t)
	b, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, Python, "-c", program, string(b))
	var said bytes.Buffer // tracebacks of the connections that tests break on purpose, too
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	t.Cleanup(func() {
		stop()
		<-read
		_ = cmd.Wait() // it was killed
	})
	ready := make(chan string, 1)
	go func() {
		defer close(read)
		s.read(out, ready)
	}()
	select {
	case s.Port = <-ready:
	case <-time.After(patience):
	}
	if s.Port == "" {
		stop()
		_ = cmd.Wait()
		t.Fatalf("the mail server does not start: is python3-aiosmtpd installed? %s", &said)
	}
	return s
}

// URL is the server's address without TLS, on this host.
func (s *Server) URL() string { return "smtp://127.0.0.1:" + s.Port }

// read hands the port and the messages on, until the server ends.
func (s *Server) read(from io.Reader, ready chan<- string) {
	defer close(ready)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	if lines.Scan() {
		ready <- lines.Text()
	}
	for lines.Scan() {
		var m Message
		if err := json.Unmarshal(lines.Bytes(), &m); err == nil {
			s.received <- m
		}
	}
}

// Next waits for the next message.
func (s *Server) Next(t testing.TB) Message {
	t.Helper()
	select {
	case m := <-s.received:
		return decoded(t, m)
	case <-time.After(patience):
		t.Fatal("no mail arrived")
		return Message{}
	}
}

// None fails if there is a message.
func (s *Server) None(t testing.TB) {
	t.Helper()
	select {
	case m := <-s.received:
		t.Errorf("mail arrived: %s", m.Text)
	default:
	}
}

func decoded(t testing.TB, m Message) Message {
	t.Helper()
	read, err := netmail.ReadMessage(strings.NewReader(m.Text))
	if err != nil {
		t.Fatalf("%v in %q", err, m.Text)
	}
	m.Header = read.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil {
		t.Fatal(err)
	}
	m.Body = strings.ReplaceAll(string(body), "\r\n", "\n")
	return m
}

// certificate writes a key and a certificate of Host that signs itself.
func certificate(t testing.TB) (file string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{Host}, NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // to memory: cannot fail
	_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	file = filepath.Join(t.TempDir(), "mail.pem")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(b.Bytes())
	return file, roots
}
