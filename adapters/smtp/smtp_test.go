package smtp

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/smtp/smtptest"
	"github.com/streamspace-dev/streamspace/ports/mail"
)

const from = "StreamSpace <noreply@example.test>"

var hello = mail.Message{
	To: "ada@example.test", Subject: "Grüße von Acme\r\nBcc: eve@example.test",
	Text: "Hallo, Ada!\n.\n" + strings.Repeat("long ", 300) + "\nhttps://desks.example.test/invitation#a=b\n",
}

// Seen to fail without the encoding of the subject.
func TestAMessageArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Config{})
	s, err := New(Config{URL: server.URL(), From: from})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	got := server.Next(t)
	if got.From != "noreply@example.test" || len(got.To) != 1 || got.To[0] != hello.To {
		t.Errorf("from %s to %s", got.From, got.To)
	}
	if got.Subject != hello.Subject || got.Body != hello.Text || got.Header.Get("Bcc") != "" {
		t.Errorf("subject %q, Bcc %q, text %q", got.Subject, got.Header.Get("Bcc"), got.Body)
	}
	for _, name := range []string{"Date", "Message-Id", "Auto-Submitted"} {
		if got.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if err := s.Send(t.Context(), mail.Message{To: "refused@example.test"}); err == nil ||
		!strings.Contains(err.Error(), "no such mailbox") {
		t.Errorf("to a mailbox that there is not: %v", err)
	}
}

// secured makes a sender to a server that has another name than this host's.
func secured(t *testing.T, server *smtptest.Server, scheme, password string) *Sender {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{URL: scheme + "://mailer@" + smtptest.Host, Password: file, From: from})
	if err != nil {
		t.Fatal(err)
	}
	s.roots = server.Roots
	s.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+server.Port)
	}
	return s
}

// Seen to fail without StartTLS, and without the check of the certificate.
func TestMailLeavesThisHostEncrypted(t *testing.T) {
	t.Parallel()
	for scheme, mode := range map[string]string{"smtp": "starttls", "smtps": "smtps"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			server := smtptest.Start(t, smtptest.Config{TLS: mode, User: "mailer", Password: "right"})
			if err := secured(t, server, scheme, "wrong").Send(t.Context(), hello); err == nil ||
				!strings.Contains(err.Error(), "sign in") {
				t.Errorf("with a wrong password: %v", err)
			}
			untrusting := secured(t, server, scheme, "right")
			untrusting.roots = nil
			if err := untrusting.Send(t.Context(), hello); err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("to a server of unknown authority: %v", err)
			}
			server.None(t)
			if err := secured(t, server, scheme, "right").Send(t.Context(), hello); err != nil {
				t.Fatal(err)
			}
			if got := server.Next(t); got.User != "mailer" || !got.TLS {
				t.Errorf("sent as %q, TLS %v", got.User, got.TLS)
			}
		})
	}
	open := smtptest.Start(t, smtptest.Config{})
	if err := secured(t, open, "smtp", "right").Send(t.Context(), hello); err == nil {
		t.Error("a password was sent to a server without STARTTLS")
	}
	open.None(t)
}

func TestASilentServerIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s, err := New(Config{URL: "smtp://" + silent.Addr().String(), From: from})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, hello); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("sent: %v", err)
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	t.Parallel()
	readable := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(readable, []byte("p"), 0o644); err != nil {
		t.Fatal(err)
	}
	for says, c := range map[string]Config{
		"begin with smtp":   {URL: "http://mail.example.test", From: from},
		"name a host":       {URL: "smtp://", From: from},
		"end with the host": {URL: "smtp://mail.example.test/x", From: from},
		"a password":        {URL: "smtp://a:hunter2@mail.example.test", From: from},
		"needed for the":    {URL: "smtp://a@mail.example.test", From: from},
		"no user":           {URL: "smtp://mail.example.test", From: from, Password: readable},
		"an address":        {URL: "smtp://mail.example.test", From: "nobody"},
		"chmod 600":         {URL: "smtp://a@mail.example.test", From: from, Password: readable},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", says, err)
		}
	}
}
