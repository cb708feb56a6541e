package tunnel

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// outer has the HTTP client that dials the control plane, and makes another one when the trusted authorities change.
type outer struct {
	authorities func() (*x509.CertPool, error)
	log         *slog.Logger

	mu      sync.Mutex
	trusted *x509.CertPool
	current *http.Client // nil until the first connection
}

func newOuter(cfg ClientConfig) *outer {
	o := &outer{authorities: cfg.Authorities, log: cfg.Log}
	if o.authorities == nil {
		o.authorities = func() (*x509.CertPool, error) { return nil, nil } //nolint:nilnil // nil: the system's
	}
	return o
}

// client returns the client for the next connection. Authorities that cannot be read now change nothing.
func (o *outer) client() (*http.Client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	trusted, err := o.authorities()
	switch {
	case err != nil && o.current == nil:
		return nil, fmt.Errorf("read the authorities of the control plane: %w", err)
	case err != nil:
		o.log.Error("the authorities of the control plane cannot be read: the previous ones stay in use", "error", err)
		return o.current, nil
	case o.current != nil && trusted.Equal(o.trusted):
		return o.current, nil
	case o.current != nil:
		o.log.Info("the authorities of the control plane have changed")
		o.current.CloseIdleConnections()
	}
	o.trusted, o.current = trusted, dialing(trusted)
	return o.current, nil
}

func (o *outer) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.current != nil {
		o.current.CloseIdleConnections()
	}
}

// dialing makes a client that dials through the proxies that the environment names. It uses HTTP/1.1 only, because
// HTTP/2 has no upgrades. It follows no redirect, because the target would receive the credential.
func dialing(trusted *x509.CertPool) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   dialTimeout,
			ResponseHeaderTimeout: dialTimeout,
			Protocols:             protocols,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// explained adds to an error of TLS what an operator can do about it.
func explained(err error) error {
	unknown, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, wrongHost := errors.AsType[x509.HostnameError](err)
	switch {
	case isUnknown && unknown.Cert != nil:
		return fmt.Errorf("%w (issuer %q: a private authority belongs into STREAMSPACE_CONTROL_CA)", err, unknown.Cert.Issuer)
	case isInvalid && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w (renew the control plane's certificate, or set the clock of this host)", err)
	case wrongHost:
		return fmt.Errorf("%w (the host of STREAMSPACE_CONTROL_URL is not in the control plane's certificate)", err)
	default:
		return err
	}
}
