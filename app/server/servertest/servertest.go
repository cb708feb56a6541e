// Package servertest runs a control plane for tests. It is assembled as in production, serves on loopback, and uses the
// database that a test gives it. It also has what a test needs to be a client or an agent.
package servertest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/identity"
)

// Password is the password of every test user.
const Password = "correct horse battery staple"

// Server is a control plane that runs, and what a client of it needs.
type Server struct {
	*server.Server
	URL, OpsURL  string
	Database     *dbtest.Database
	PasswordHash string        // of Password
	Agents       *pgxpool.Pool // the role by which agents report, for tests that report instead of an agent
	Client       *http.Client
	SigningKey   ed25519.PrivateKey // of the access tokens
	Log          *Logbook
	Ended        chan error // receives the result of Run
}

// Config says which control plane a test needs. The zero value is as in production.
type Config struct {
	Unlimited bool // no rate limits of sign-ins and of unknown ids
	// SigningKeys is a folder of keys. Empty: one of the server's own.
	SigningKeys string
	// TLSCert and TLSKey are files of a certificate for localhost. Empty: HTTP.
	TLSCert, TLSKey string
	Authorities     *x509.CertPool // what the client trusts
	// SMTP is the URL of a mail server. Empty: no mail is sent.
	SMTP string
}

// Start runs a control plane until ctx is done.
func Start(ctx context.Context, d *dbtest.Database, c Config) (*Server, error) {
	if c.SigningKeys == "" {
		// Beside the database's socket: it is removed with the database.
		folder, err := os.MkdirTemp(filepath.Dir(d.Config("streamspace_app").Host), "keys-")
		if err != nil {
			return nil, err
		}
		c.SigningKeys = folder
	}
	if err := jwt.EnsureKeys(c.SigningKeys); err != nil {
		return nil, err
	}
	scheme := "http://"
	if c.TLSCert != "" {
		scheme = "https://"
	}
	settings, err := server.ReadConfig([]string{
		"STREAMSPACE_LISTEN=127.0.0.1:0", "STREAMSPACE_OPS_LISTEN=127.0.0.1:0",
		"STREAMSPACE_PUBLIC_URL=" + scheme + "localhost",
		"STREAMSPACE_TLS_CERT=" + c.TLSCert, "STREAMSPACE_TLS_KEY=" + c.TLSKey,
		"STREAMSPACE_DATABASE_URL=" + d.URL(), "STREAMSPACE_SIGNING_KEYS=" + c.SigningKeys,
		"STREAMSPACE_SMTP_URL=" + c.SMTP, "STREAMSPACE_MAIL_FROM=noreply@example.test",
	})
	if err != nil {
		return nil, err
	}
	settings.Unlimited = c.Unlimited
	s := &Server{Database: d, Log: &Logbook{}, Ended: make(chan error, 1)}
	if s.Server, err = server.New(ctx, settings, slog.New(slog.NewJSONHandler(s.Log, nil))); err != nil {
		return nil, err
	}
	keys, err := jwt.LoadKeys(c.SigningKeys)
	if err != nil {
		return nil, err
	}
	s.SigningKey = keys.Signing
	s.URL, s.OpsURL = scheme+s.Addr().String(), "http://"+s.OpsAddr().String()
	if s.PasswordHash, err = identity.NewPasswords(1).Hash(ctx, Password); err != nil {
		return nil, err
	}
	s.Client = &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 128, MaxConnsPerHost: 128,
			TLSClientConfig: &tls.Config{RootCAs: c.Authorities, MinVersion: tls.VersionTLS12},
		},
	}
	if s.Agents, err = pgxpool.New(ctx, d.DSN("streamspace_agent")); err != nil {
		return nil, err
	}
	go func() { s.Ended <- s.Run(ctx) }()
	return s, nil
}

// NewOrg creates an organisation whose members can sign in with Password.
func (s *Server) NewOrg(t testing.TB, spec dbtest.Spec) *dbtest.Org {
	t.Helper()
	spec.PasswordHash = s.PasswordHash
	return s.Database.NewOrg(t, spec)
}

// Bearer returns an access token of a member. It uses the refresh token of a sign-in that is already in the database,
// which is faster than a login with a password.
func (s *Server) Bearer(t testing.TB, p dbtest.Person) string {
	t.Helper()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	shown := map[string]string{"refresh_token": p.Secret.Reveal()}
	status := s.Call(t, Request{Method: http.MethodPost, Path: "/api/v1/auth/refresh", Body: shown}, &tokens)
	if status != http.StatusOK {
		t.Fatalf("refresh: %d", status)
	}
	return tokens.AccessToken
}

// Request is a request of the API.
type Request struct {
	Method, Path string
	Bearer       string // an access token; empty: no credential
	Body         any    // sent as JSON, unless it is Raw; nil: none
	Header       http.Header
}

// Raw is a body that is sent as it is, under the content type of JSON.
type Raw string

// Answer is a response of the API, read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body as JSON.
func (a Answer) Decode(t testing.TB, out any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, out); err != nil {
		t.Fatalf("the answer %d %q: %v", a.Status, a.Body, err)
	}
}

// Code is the code of a problem document, and empty for any other answer.
func (a Answer) Code() string {
	var problem struct{ Code string }
	if a.Status >= http.StatusBadRequest {
		_ = json.Unmarshal(a.Body, &problem) // no problem document: no code
	}
	return problem.Code
}

// Call sends a request, decodes the response into out unless that is nil, and returns the status.
func (s *Server) Call(t testing.TB, q Request, out any) int {
	t.Helper()
	status, answer := s.send(t, q)
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s answered %d %q: %v", q.Method, q.Path, status, answer, err)
		}
	}
	return status
}

// Try sends a request that may be refused, and returns the status and the code of the refusal. It decodes another
// response into out, unless that is nil.
func (s *Server) Try(t testing.TB, q Request, out any) (status int, code string) {
	t.Helper()
	status, answer := s.send(t, q)
	var problem struct{ Code string }
	if status >= http.StatusBadRequest {
		out = &problem
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s answered %d %q: %v", q.Method, q.Path, status, answer, err)
		}
	}
	return status, problem.Code
}

func (s *Server) send(t testing.TB, q Request) (status int, answer []byte) {
	t.Helper()
	a := s.Answer(t, q)
	return a.Status, a.Body
}

// Answer sends a request and returns the whole response.
func (s *Server) Answer(t testing.TB, q Request) Answer {
	t.Helper()
	var sent io.Reader
	if raw, ok := q.Body.(Raw); ok {
		sent = strings.NewReader(string(raw))
	} else if q.Body != nil {
		b, err := json.Marshal(q.Body)
		if err != nil {
			t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), q.Method, s.URL+q.Path, sent)
	if err != nil {
		t.Fatal(err)
	}
	if q.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, values := range q.Header {
		request.Header[name] = values
	}
	if q.Bearer != "" {
		request.Header.Set("Authorization", "Bearer "+q.Bearer)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", q.Method, q.Path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", q.Method, q.Path, err)
	}
	return Answer{response.StatusCode, response.Header, answer}
}

// AgentSeen records that an organisation's agent is alive, so that it does not count as gone on a slow machine.
func (s *Server) AgentSeen(t testing.TB, o *dbtest.Org) {
	t.Helper()
	hash := o.AgentSecret.Hash()
	if _, err := s.Agents.Exec(context.WithoutCancel(t.Context()), "select rls.connect_agent($1, $2, $3, false, $4)",
		o.Agent, hash[:], o.AgentEpoch, dbtest.AgentSlots); err != nil {
		t.Fatal(err)
	}
}

// Report reports a session's state, as the organisation's agent would.
func (s *Server) Report(t testing.TB, o *dbtest.Org, session, state string) {
	t.Helper()
	if err := s.report(context.WithoutCancel(t.Context()), o, session, state); err != nil {
		t.Errorf("report %s: %v", state, err)
	}
}

func (s *Server) report(ctx context.Context, o *dbtest.Org, session, state string) error {
	tx, err := s.Agents.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // after the commit it does nothing
	if _, err := tx.Exec(ctx, "select rls.enter_report($1, $2, $3)", o.Agent, o.AgentEpoch, session); err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	if _, err := tx.Exec(ctx, "update app.sessions set state = $2 where id = $1", session, state); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
