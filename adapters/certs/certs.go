// Package certs reads the files of TLS: the certificate with which a server identifies itself, which is replaced while
// the server runs, and the authorities that a client trusts.
package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/streamspace-dev/streamspace/ports/periodic"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

const (
	// reloadEvery is how often a process looks at the files. Reading them takes 0.1 ms.
	reloadEvery = time.Second
	// maxFile is the most that is read of a file of certificates, in bytes. All public authorities together have 250 KB.
	maxFile = 1 << 20
)

// Files are the files of a server's certificate.
type Files struct {
	Cert string // the certificate, followed by those between it and the authority
	Key  string // its private key, which other users must not be able to read
}

// content is what the files hold. It is compared, so that a pair is parsed only after a change.
type content struct{ cert, key []byte }

func (c content) same(other content) bool {
	return bytes.Equal(c.cert, other.cert) && bytes.Equal(c.key, other.key)
}

// read reads both files. The errors name the files, and the second one is about the key.
func (f Files) read() (c content, certErr, keyErr error) {
	c.cert, certErr = readPublic(f.Cert)
	folder, name := filepath.Split(f.Key)
	if folder == "" {
		folder = "."
	}
	c.key, keyErr = secret.ReadFile(os.DirFS(folder), name)
	if keyErr != nil {
		keyErr = fmt.Errorf("read the certificate's key %s: %w", f.Key, withoutPath(keyErr))
	}
	return c, certErr, keyErr
}

func readPublic(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s: %w", file, withoutPath(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the certificate %s: %w", file, withoutPath(err))
	case len(b) > maxFile:
		return nil, fmt.Errorf("the certificate %s has more than %d bytes", file, maxFile)
	}
	return b, nil
}

// withoutPath removes the path from an error of the file system: the message names it already.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Check reads the files and returns what is wrong with each. Files that do not belong together are the key's problem.
func (f Files) Check() (cert, key error) {
	c, certErr, keyErr := f.read()
	if certErr != nil || keyErr != nil {
		return certErr, keyErr
	}
	_, err := f.parse(c)
	return nil, err
}

func (f Files) parse(c content) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("use the certificate %s with the key %s: %w", f.Cert, f.Key, err)
	}
	return &pair, nil
}

// Server holds the certificate of a server, and replaces it when the files have changed.
type Server struct {
	files   Files
	log     *slog.Logger
	now     func() time.Time
	current atomic.Pointer[tls.Certificate]
	seen    content // what current was made of; only used by Run
	failed  string  // the last error: each is logged once, not every second
}

// Load reads the certificate. One that is not valid at this time is used and logged: without it the server would not
// start at all, and those who connect are told what is wrong.
func Load(ctx context.Context, files Files, log *slog.Logger) (*Server, error) {
	s := &Server{files: files, log: log, now: time.Now}
	read, certErr, keyErr := files.read()
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, err
	}
	pair, err := files.parse(read)
	if err != nil {
		return nil, err
	}
	s.seen = read
	s.current.Store(pair)
	if err := s.valid(pair); err != nil {
		log.ErrorContext(ctx, "clients refuse the TLS certificate", "error", err)
	} else {
		s.describe(ctx, "TLS certificate loaded")
	}
	return s, nil
}

// Config is the configuration of TLS for a server with this certificate.
func (s *Server) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12, // 1.0 and 1.1 are deprecated (RFC 8996)
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.current.Load(), nil },
	}
}

// Run looks at the files at intervals until ctx is done.
func (s *Server) Run(ctx context.Context) error {
	return periodic.Task{Name: "reload the TLS certificate", Every: reloadEvery, Once: s.once, Log: s.log}.Run(ctx)
}

// once uses the certificate of the files when they have changed. Files that cannot be used change nothing: for example
// while only one of the two has been replaced.
func (s *Server) once(ctx context.Context) error {
	changed, err := s.reload()
	switch {
	case err == nil:
		s.failed = ""
		if changed {
			s.describe(ctx, "the TLS certificate has changed")
		}
		return nil
	case err.Error() == s.failed:
		return nil
	default:
		s.failed = err.Error()
		return fmt.Errorf("%w; the previous certificate stays in use", err)
	}
}

func (s *Server) reload() (changed bool, err error) {
	read, certErr, keyErr := s.files.read()
	if err := errors.Join(certErr, keyErr); err != nil || read.same(s.seen) {
		return false, err
	}
	pair, err := s.files.parse(read)
	if err != nil {
		return false, err
	}
	if err := s.valid(pair); err != nil {
		return false, err
	}
	s.seen = read
	s.current.Store(pair)
	return true, nil
}

// valid fails for a certificate that clients refuse at this time.
func (s *Server) valid(pair *tls.Certificate) error {
	switch now := s.now(); {
	case now.After(pair.Leaf.NotAfter):
		return fmt.Errorf("the certificate %s expired on %s", s.files.Cert, date(pair.Leaf.NotAfter))
	case now.Before(pair.Leaf.NotBefore):
		return fmt.Errorf("the certificate %s is not valid before %s", s.files.Cert, date(pair.Leaf.NotBefore))
	default:
		return nil
	}
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (s *Server) describe(ctx context.Context, message string) {
	leaf := s.current.Load().Leaf
	s.log.InfoContext(ctx, message, "names", leaf.DNSNames, "expires", date(leaf.NotAfter))
}

// Authorities reads a PEM file of the authorities whose certificates a client accepts, and no others.
func Authorities(file string) (*x509.CertPool, error) {
	b, err := readPublic(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}
