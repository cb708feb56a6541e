// Package server is `streamspace serve`: it assembles the control plane from the modules and adapters (wire.go) and
// runs it. app/streamspace and app/dev call it; only packages of app connect modules with concrete adapters.
//
// New makes all checks before the first request is served: settings, database roles, migrations, and the database's
// whole catalogue (0.1 s). Its error lists every problem, so that an operator need not start it again for each. While
// it runs, the catalogue is checked every five minutes. A finding is then logged and counted in a metric.
//
// There are two addresses. The public one has the console, the API, the streams and the agents' connections. The
// operators' one has /livez, /readyz and /metrics. A stop waits ten seconds for requests in flight.
package server

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/certs"
	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/adapters/smtp"
	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/db/policy"
	"github.com/streamspace-dev/streamspace/ports/mail"
)

// Config is the configuration of a control plane, read from the environment.
type Config struct {
	// Listen is the address of the console, the API, the streams and the agents' connections.
	Listen string `env:"STREAMSPACE_LISTEN" envDefault:"127.0.0.1:8080"`
	// OpsListen is the address of the health checks and metrics. It is separate, because only operators may reach it.
	OpsListen string `env:"STREAMSPACE_OPS_LISTEN" envDefault:"127.0.0.1:9090"`
	// PublicURL is the URL that browsers and agents use. Empty: localhost and the port of Listen.
	PublicURL string `env:"STREAMSPACE_PUBLIC_URL"`
	// TLSCert and TLSKey are PEM files of the certificate and its key, with which Listen serves HTTPS. They are read again
	// every second. Empty: HTTP, for a proxy that ends TLS.
	TLSCert string `env:"STREAMSPACE_TLS_CERT"`
	TLSKey  string `env:"STREAMSPACE_TLS_KEY"`
	// SigningKeys is the folder of the tokens' Ed25519 keys: signing.pem signs, every *.pem verifies. It is read again
	// every second, so that keys are rotated without a restart.
	SigningKeys string `env:"STREAMSPACE_SIGNING_KEYS"`
	DatabaseConfig
	// DatabaseListenURL is the database's own address, for the one connection on which replicas hear of each other. Empty:
	// DatabaseURL, unless that leads to a pooler.
	DatabaseListenURL string `env:"STREAMSPACE_DATABASE_LISTEN_URL"`
	// DatabaseConnections is the size of the pool for members' requests. The sizes of the other pools depend on it.
	DatabaseConnections int `env:"STREAMSPACE_DATABASE_CONNECTIONS" envDefault:"16"`
	// AcceptedViolations is a file of accepted audit findings, one per line with its full text. Empty: none is
	// accepted, and one finding keeps the server from starting.
	AcceptedViolations string `env:"STREAMSPACE_ACCEPTED_VIOLATIONS"`
	// TrustedProxies are the networks of proxies whose X-Forwarded-For header is trusted. Empty: none.
	TrustedProxies []netip.Prefix `env:"STREAMSPACE_TRUSTED_PROXIES"`
	// PlacementTimeout is how long a session waits for a host with room before it fails.
	PlacementTimeout time.Duration `env:"STREAMSPACE_PLACEMENT_TIMEOUT" envDefault:"5m"`
	// AgentLostAfter is how long an agent may be silent before the sessions that ran on it fail.
	AgentLostAfter time.Duration `env:"STREAMSPACE_AGENT_LOST_AFTER" envDefault:"10m"`
	// EventsKept is the age up to which events stay in the log.
	EventsKept time.Duration `env:"STREAMSPACE_EVENTS_KEPT" envDefault:"720h"`
	// UnknownSessions is what becomes of sessions that run and that the database does not know after a restore.
	UnknownSessions string `env:"STREAMSPACE_UNKNOWN_SESSIONS" envDefault:"keep"`
	MailConfig

	// Unlimited turns off the rate limits of sign-ins and of unknown ids, and the queue of passwords, in which a busy
	// machine would let some wait too long. It is for tests: no setting reaches it.
	Unlimited bool `env:"-"`
}

// DatabaseConfig is the part of the configuration that every command with a database has.
type DatabaseConfig struct {
	// DatabaseURL names no user: each kind of work connects as its own role.
	DatabaseURL string `env:"STREAMSPACE_DATABASE_URL"`
	// DatabasePasswords is a folder with one file per role, which contains its password. Empty: the database
	// authenticates the roles in another way.
	DatabasePasswords string `env:"STREAMSPACE_DATABASE_PASSWORDS"`
}

// MailConfig is how mail is sent.
type MailConfig struct {
	// SMTPURL is the mail server. Empty: no mail is sent, and invitations are links for the inviting admin to pass on.
	SMTPURL string `env:"STREAMSPACE_SMTP_URL"`
	// SMTPPassword is a file with the password of the URL's user. Empty: the URL has no user.
	SMTPPassword string `env:"STREAMSPACE_SMTP_PASSWORD"`
	// MailFrom is the sender of all mail.
	MailFrom string `env:"STREAMSPACE_MAIL_FROM"`
}

// The values of STREAMSPACE_UNKNOWN_SESSIONS.
const (
	keepUnknown = "keep"
	endUnknown  = "end"
)

// Settings describes the settings of a control plane.
func Settings() []settings.Setting { return settings.Of[Config](help()) }

// DatabaseSettings describes the settings of a command that only has a database.
func DatabaseSettings() []settings.Setting { return settings.Of[DatabaseConfig](help()) }

func help() map[string]string {
	return map[string]string{
		"STREAMSPACE_LISTEN":     "address of the console, the API, the streams and the agents' connections",
		"STREAMSPACE_OPS_LISTEN": "address of the health checks /livez and /readyz and of /metrics",
		"STREAMSPACE_PUBLIC_URL": "URL that browsers use, such as https://desks.example.com; " +
			"not set: localhost and the port of STREAMSPACE_LISTEN",
		"STREAMSPACE_TLS_CERT": "PEM file of the certificate for HTTPS, followed by its intermediate certificates; " +
			"not set: STREAMSPACE_LISTEN serves HTTP, for a proxy that ends TLS",
		"STREAMSPACE_TLS_KEY":      "PEM file of the certificate's private key, which other users cannot read",
		"STREAMSPACE_SIGNING_KEYS": "folder of the Ed25519 keys of access tokens: signing.pem signs, every *.pem verifies",
		"STREAMSPACE_DATABASE_URL": "URL of the PostgreSQL database, without a user: " +
			"each kind of work connects as its own role",
		"STREAMSPACE_DATABASE_PASSWORDS": "folder with one file per role that holds its password; " +
			"not set: the server authenticates the roles in another way",
		"STREAMSPACE_DATABASE_LISTEN_URL": "URL of the database without a pooler, by which several control planes hear of " +
			"each other's changes at once; not set: STREAMSPACE_DATABASE_URL",
		"STREAMSPACE_DATABASE_CONNECTIONS": "size of the connection pool for members' requests",
		"STREAMSPACE_ACCEPTED_VIOLATIONS":  "file of audit findings that you accept, one per line as the audit prints it",
		"STREAMSPACE_TRUSTED_PROXIES":      "networks whose X-Forwarded-For header is trusted, separated by commas",
		"STREAMSPACE_PLACEMENT_TIMEOUT":    "how long a session waits for a host with room before it fails, from 1s to 24h",
		"STREAMSPACE_AGENT_LOST_AFTER": "how long a host may be silent before its sessions fail and give back their quota, " +
			"from 1m to 168h",
		"STREAMSPACE_EVENTS_KEPT": "how long events are kept, for live streams that go on and for the histories of " +
			"sessions, from 1h to 87600h (ten years)",
		"STREAMSPACE_UNKNOWN_SESSIONS": "what becomes of desktops that the database does not know after a restore: " +
			"keep, until `streamspace admin agent end-unknown`, or end",
		"STREAMSPACE_SMTP_URL": "mail server, smtp://[user@]host[:port] (STARTTLS) or smtps://[user@]host[:port]; " +
			"not set: no mail is sent, and an inviting admin is given the link",
		"STREAMSPACE_SMTP_PASSWORD": "file that holds the password of the mail server's user",
		"STREAMSPACE_MAIL_FROM":     "sender of all mail, such as noreply@example.com",
	}
}

// ReadConfig reads the settings of a production control plane from an environment. Its error lists every setting that
// is missing or wrong, and every file of a setting that cannot be used.
func ReadConfig(environ []string) (Config, error) {
	c, r := settings.Read[Config](environ)
	c.Check(r)
	c.requireDatabase(r)
	r.Require("STREAMSPACE_SIGNING_KEYS", c.SigningKeys)
	c.checkFiles(r)
	return c, r.Err()
}

// ReadDatabaseConfig is ReadConfig for a command that only has a database.
func ReadDatabaseConfig(environ []string) (DatabaseConfig, error) {
	c, r := settings.Read[DatabaseConfig](environ)
	c.requireDatabase(r)
	return c, r.Err()
}

// Check reports settings whose values are wrong. Empty ones are not reported.
func (c Config) Check(r *settings.Report) {
	for name, address := range map[string]string{"STREAMSPACE_LISTEN": c.Listen, "STREAMSPACE_OPS_LISTEN": c.OpsListen} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			r.Wrong(name, "must be host:port, not %q", address)
		}
	}
	if c.DatabaseConnections < 4 {
		r.Wrong("STREAMSPACE_DATABASE_CONNECTIONS", "must be at least 4")
	}
	if c.PlacementTimeout < time.Second || c.PlacementTimeout > 24*time.Hour {
		r.Wrong("STREAMSPACE_PLACEMENT_TIMEOUT", "must be from 1s to 24h")
	}
	if c.AgentLostAfter < time.Minute || c.AgentLostAfter > 7*24*time.Hour {
		r.Wrong("STREAMSPACE_AGENT_LOST_AFTER", "must be from 1m to 168h")
	}
	if c.EventsKept < time.Hour || c.EventsKept > 10*365*24*time.Hour {
		r.Wrong("STREAMSPACE_EVENTS_KEPT", "must be from 1h to 87600h")
	}
	if c.UnknownSessions != "" && c.UnknownSessions != keepUnknown && c.UnknownSessions != endUnknown {
		r.Wrong("STREAMSPACE_UNKNOWN_SESSIONS", "must be keep or end")
	}
	if c.DatabaseListenURL != "" {
		if err := (postgres.Config{URL: c.DatabaseListenURL}).Check(); err != nil {
			r.Wrong("STREAMSPACE_DATABASE_LISTEN_URL", "is wrong: %v", err)
		}
	}
	c.checkMail(r)
	if says := wrongPublicURL(c.PublicURL); c.PublicURL != "" && says != "" {
		r.Wrong("STREAMSPACE_PUBLIC_URL", "%s", says)
	}
	c.checkTLS(r)
}

// checkTLS reports settings of TLS that do not belong together.
func (c Config) checkTLS(r *settings.Report) {
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
		return
	case c.TLSCert == "":
		r.Wrong("STREAMSPACE_TLS_CERT", "is not set, but STREAMSPACE_TLS_KEY is")
	case c.TLSKey == "":
		r.Wrong("STREAMSPACE_TLS_KEY", "is not set, but STREAMSPACE_TLS_CERT is")
	}
	if strings.HasPrefix(c.PublicURL, "http://") {
		r.Wrong("STREAMSPACE_PUBLIC_URL", "must begin with https://, because STREAMSPACE_TLS_CERT is set")
	}
}

// checkMail reports what is wrong with the mail server, without asking it.
func (c MailConfig) checkMail(r *settings.Report) {
	if c.SMTPURL == "" {
		return
	}
	r.Require("STREAMSPACE_MAIL_FROM", c.MailFrom)
	for name, err := range map[string]error{
		"STREAMSPACE_SMTP_URL":      c.smtp().CheckURL(),
		"STREAMSPACE_SMTP_PASSWORD": c.smtp().CheckPassword(),
		"STREAMSPACE_MAIL_FROM":     c.smtp().CheckFrom(),
	} {
		if err != nil {
			r.Wrong(name, "is wrong: %v", err)
		}
	}
}

// sender makes what sends mail, or nil.
func (c MailConfig) sender() (mail.Sender, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	return smtp.New(c.smtp())
}

func (c MailConfig) smtp() smtp.Config {
	return smtp.Config{URL: c.SMTPURL, Password: c.SMTPPassword, From: c.MailFrom}
}

// wrongPublicURL says what is wrong with a public URL, without the URL, which can contain a password by mistake. Tokens
// name it as their issuer and browsers send it as an origin, so that it must be an origin and nothing else.
func wrongPublicURL(public string) string {
	u, err := url.Parse(public)
	switch {
	case err != nil:
		return "cannot be parsed as a URL"
	case u.Scheme != "http" && u.Scheme != "https":
		return "must begin with http:// or https://"
	case u.User != nil:
		return "must not contain a user or a password"
	case u.Hostname() == "":
		return "must name a host"
	case u.Path != "":
		return "must not have a path, not even a / at its end"
	case strings.ContainsAny(public, "?#"):
		return "must not have a query or a fragment"
	default:
		return ""
	}
}

// requireDatabase reports what is wrong with the database's address.
func (c DatabaseConfig) requireDatabase(r *settings.Report) {
	r.Require("STREAMSPACE_DATABASE_URL", c.DatabaseURL)
	if err := c.Postgres().Check(); err != nil {
		r.Wrong("STREAMSPACE_DATABASE_URL", "is wrong: %v", err)
	}
}

// checkFiles reports files and folders that cannot be used.
func (c Config) checkFiles(r *settings.Report) {
	report := func(name string, err error) {
		if err != nil {
			r.Wrong(name, "is wrong: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	if c.SigningKeys != "" {
		_, err := jwt.LoadKeys(c.SigningKeys)
		report("STREAMSPACE_SIGNING_KEYS", err)
	}
	if c.TLSCert != "" && c.TLSKey != "" {
		cert, key := c.tlsFiles().Check()
		report("STREAMSPACE_TLS_CERT", cert)
		report("STREAMSPACE_TLS_KEY", key)
	}
	report("STREAMSPACE_DATABASE_PASSWORDS", c.Database().CheckPasswords())
	_, err := policy.ReadAccepted(c.AcceptedViolations)
	report("STREAMSPACE_ACCEPTED_VIOLATIONS", err)
}

// Database says how the database is reached.
func (c Config) Database() postgres.Config {
	out := c.Postgres()
	out.Connections, out.ListenURL = c.DatabaseConnections, c.DatabaseListenURL
	return out
}

// Migrator says how the role that migrates connects.
func (c DatabaseConfig) Migrator() (*pgx.ConnConfig, error) { return c.Postgres().Migrator() }

// Postgres is how a program connects that does not serve.
func (c DatabaseConfig) Postgres() postgres.Config {
	return postgres.Config{URL: c.DatabaseURL, Passwords: c.DatabasePasswords}
}

// URL is the URL that browsers and agents use.
func (c Config) URL() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	_, port, _ := net.SplitHostPort(c.Listen) // Check has verified it
	if c.TLSCert != "" {
		return "https://localhost:" + port
	}
	return "http://localhost:" + port
}

func (c Config) tlsFiles() certs.Files { return certs.Files{Cert: c.TLSCert, Key: c.TLSKey} }
