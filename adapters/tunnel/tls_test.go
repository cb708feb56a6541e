package tunnel

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/certs/certstest"
)

// newTLSRig is newRig with HTTPS, and as in production with HTTP/2.
func newTLSRig(t *testing.T, certificate func() tls.Certificate) *rig {
	t.Helper()
	r := &rig{control: newControl(), joined: make(chan struct{}, 64), ended: make(chan struct{}, 64)}
	r.server = NewServer(ServerConfig{Control: r.control, Log: slog.New(watcher{r})})
	r.http = httptest.NewUnstartedServer(r.server)
	r.http.EnableHTTP2 = true
	r.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	r.http.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12,
		// httptest has a certificate of its own, and would prefer it to GetCertificate.
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{
				MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate()},
				NextProtos: []string{"h2", "http/1.1"},
			}, nil
		},
	}
	r.http.StartTLS()
	t.Cleanup(func() { r.close(t) })
	return r
}

func pairOf(t *testing.T, a *certstest.Authority, c certstest.Cert) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(a.Write(t, t.TempDir(), c))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestCertificatesOfTheControlPlaneAreVerified(t *testing.T) {
	t.Parallel()
	ours, other := certstest.New(t), certstest.New(t)
	hour := time.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		signer *certstest.Authority
		cert   certstest.Cert
		trust  func() (*x509.CertPool, error) // nil: the system's
		says   []string                       // none: connected
	}{
		"ours": {ours, certstest.Cert{}, only(ours), nil},
		"another authority": {other, certstest.Cert{}, only(ours),
			[]string{"unknown authority", "STREAMSPACE_CONTROL_CA", `issuer "CN=Test authority"`}},
		"the system's authorities": {ours, certstest.Cert{}, nil, []string{"unknown authority", "STREAMSPACE_CONTROL_CA"}},
		"expired": {ours, certstest.Cert{NotBefore: hour.Add(-time.Hour), NotAfter: hour}, only(ours),
			[]string{"expired", "renew"}},
		"not valid yet": {ours, certstest.Cert{NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)},
			only(ours), []string{"not yet valid", "clock"}},
		"another host": {ours, certstest.Cert{Names: []string{"desks.example.com"}}, only(ours),
			[]string{"127.0.0.1", "STREAMSPACE_CONTROL_URL"}},
		"authorities that cannot be read": {ours, certstest.Cert{},
			func() (*x509.CertPool, error) { return nil, errBroken }, []string{"read the authorities", "broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair := pairOf(t, c.signer, c.cert)
			r := newTLSRig(t, func() tls.Certificate { return pair })
			id, key := r.control.enrol()
			client, err := NewClient(ClientConfig{URL: r.http.URL, Agent: id, Secret: key, Authorities: c.trust, Log: quiet()})
			if err != nil {
				t.Fatal(err)
			}
			defer client.outer.close()
			ws, err := client.dial(t.Context())
			if err == nil {
				_ = ws.CloseNow()
			}
			if (err == nil) != (len(c.says) == 0) {
				t.Fatalf("dial: %v", err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v: %q is not in it", err, want)
				}
			}
			if err != nil && len(r.control.hellos) != 0 {
				t.Error("the credential was sent")
			}
		})
	}
}

func only(a *certstest.Authority) func() (*x509.CertPool, error) {
	return func() (*x509.CertPool, error) { return a.Pool(), nil }
}

// The authorities are exchanged while the agent runs: a restart would end its sessions. Seen to fail with a client that
// is made once, and with a dial-back that uses the system's authorities.
func TestAuthoritiesAreExchangedWithoutARestart(t *testing.T) {
	t.Parallel()
	old, next := certstest.New(t), certstest.New(t)
	var serving atomic.Pointer[tls.Certificate]
	var trusted atomic.Pointer[x509.CertPool] // nil: cannot be read
	set := func(a *certstest.Authority) {
		pair := pairOf(t, a, certstest.Cert{})
		serving.Store(&pair)
		trusted.Store(a.Pool())
	}
	set(old)
	r := newTLSRig(t, func() tls.Certificate { return *serving.Load() })
	id, key := r.control.enrol()
	client, err := NewClient(ClientConfig{URL: r.http.URL, Agent: id, Secret: key, Log: quiet(),
		Authorities: func() (*x509.CertPool, error) {
			if pool := trusted.Load(); pool != nil {
				return pool, nil
			}
			return nil, errors.New("half a file")
		}})
	if err != nil {
		t.Fatal(err)
	}
	a := r.start(t, client, newHost())
	r.desktop(t, a)

	set(next)
	r.desktop(t, a) // the control connection is the old one, the dial-back is new
	r.drop(id)
	receive(t, "the connection with the next authority", a.connected)
	receive(t, "the connection at its other end", r.joined)
	trusted.Store(nil)
	r.desktop(t, a) // the last authorities that could be read stay in use
}

// desktop opens a desktop and sends bytes both ways.
func (r *rig) desktop(t *testing.T, a *agent) {
	t.Helper()
	conn, err := r.server.Open(t.Context(), a.id(), uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	display := receive(t, "the display", a.displays)
	exchange(t, conn, display, "to the desktop")
	exchange(t, display, conn, "from the desktop")
}

// drop ends an agent's control connection.
func (r *rig) drop(id uuid.UUID) {
	if c, ok := r.server.live(id); ok {
		c.close()
	}
}
