package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/certs/certstest"
)

func TestFilesThatCannotBeUsedSayWhy(t *testing.T) {
	t.Parallel()
	a := certstest.New(t)
	folder, other := t.TempDir(), t.TempDir()
	cert, key := a.Write(t, folder, certstest.Cert{})
	_, otherKey := a.Write(t, other, certstest.Cert{})
	if certErr, keyErr := (Files{cert, key}).Check(); certErr != nil || keyErr != nil {
		t.Errorf("a good pair: %v, %v", certErr, keyErr)
	}
	none := filepath.Join(folder, "none")
	if certErr, keyErr := (Files{none, none}).Check(); !says(certErr, "no such file") || !says(keyErr, "no such file") {
		t.Errorf("no files: %v, %v", certErr, keyErr)
	}
	if _, err := (Files{cert, otherKey}).Check(); !says(err, "does not match") {
		t.Errorf("the key of another certificate: %v", err)
	}
	if _, err := (Files{key, key}).Check(); !says(err, "key.pem") {
		t.Errorf("a key for a certificate: %v", err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (Files{cert, key}).Check(); !says(err, "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
}

func says(err error, what string) bool { return err != nil && strings.Contains(err.Error(), what) }

// Clients must not see an error because of files that are wrong. Seen to fail with a reload that uses what it could
// read, and with one that uses a certificate without its dates.
func TestOnlyAUsablePairReplacesTheCertificate(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := certstest.New(t)
	folder := t.TempDir()
	cert, key := a.Write(t, folder, certstest.Cert{})
	s := load(t, Files{cert, key}, &log)
	first := s.current.Load()
	if err := s.once(t.Context()); err != nil || s.current.Load() != first {
		t.Errorf("files that have not changed: %v", err)
	}
	hour := time.Now().Add(-time.Hour)
	for name, wrong := range map[string]func(){
		"expired": func() { a.Write(t, folder, certstest.Cert{NotBefore: hour.Add(-time.Hour), NotAfter: hour}) },
		"not valid before": func() {
			a.Write(t, folder, certstest.Cert{NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)})
		},
		"does not match": func() { rename(t, otherCert(t, a), cert) },
		"no such file":   func() { rename(t, key, key+".away") },
	} {
		wrong()
		err := s.once(t.Context())
		if !says(err, name) || !says(err, "stays in use") || s.current.Load() != first {
			t.Errorf("%s: %v, replaced: %t", name, err, s.current.Load() != first)
		}
		if err := s.once(t.Context()); err != nil {
			t.Errorf("the same error is reported again: %v", err)
		}
		a.Write(t, folder, certstest.Cert{})
		if err := s.once(t.Context()); err != nil || s.current.Load() == first {
			t.Errorf("a good pair after %q: %v", name, err)
		}
		first = s.current.Load()
	}
	if n := strings.Count(log.String(), "has changed"); n != 4 {
		t.Errorf("%d changes are logged, not 4: %s", n, &log)
	}
}

func otherCert(t *testing.T, a *certstest.Authority) string {
	t.Helper()
	cert, _ := a.Write(t, t.TempDir(), certstest.Cert{})
	return cert
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, f Files, log *bytes.Buffer) *Server {
	t.Helper()
	s, err := Load(t.Context(), f, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnExpiredCertificateIsServedAndLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	hour := time.Now().Add(-time.Hour)
	cert, key := certstest.New(t).Write(t, t.TempDir(), certstest.Cert{NotBefore: hour.Add(-time.Hour), NotAfter: hour})
	s := load(t, Files{cert, key}, &log)
	if !strings.Contains(log.String(), "ERROR") || !strings.Contains(log.String(), "expired on") {
		t.Errorf("the log says: %s", &log)
	}
	if got, err := s.Config().GetCertificate(&tls.ClientHelloInfo{}); err != nil || got != s.current.Load() {
		t.Errorf("served: %v, %v", got, err)
	}
}

func TestAuthoritiesAreTheFilesAlone(t *testing.T) {
	t.Parallel()
	a := certstest.New(t)
	pool, err := Authorities(a.File)
	if err != nil || !pool.Equal(a.Pool()) {
		t.Errorf("the file's authority: %v", err)
	}
	if system, err := x509.SystemCertPool(); err == nil && pool.Equal(system) {
		t.Error("the system's authorities are among them")
	}
	if _, err := Authorities(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	_, key := a.Write(t, t.TempDir(), certstest.Cert{})
	if _, err := Authorities(key); !says(err, "no certificate") {
		t.Errorf("a key: %v", err)
	}
}
