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
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/caarlos0/env/v11"
)

// Config is the configuration of a control plane, read from the environment.
type Config struct {
	// Listen is the address of the console, the API, the streams and the agents' connections.
	Listen string `env:"STREAMSPACE_LISTEN" envDefault:"127.0.0.1:8080"`
	// OpsListen is the address of the health checks and metrics. It is separate, because only operators may reach it.
	OpsListen string `env:"STREAMSPACE_OPS_LISTEN" envDefault:"127.0.0.1:9090"`
	// PublicURL is the URL that browsers and agents use. Empty: http://localhost and the port of Listen.
	PublicURL string `env:"STREAMSPACE_PUBLIC_URL"`
	// SigningKeys is the folder of the tokens' Ed25519 keys: signing.pem signs, every *.pem verifies. It is read again
	// every second, so that keys are rotated without a restart.
	SigningKeys string `env:"STREAMSPACE_SIGNING_KEYS"`
	// DatabaseURL names no user: each kind of work connects as its own role.
	DatabaseURL string `env:"STREAMSPACE_DATABASE_URL"`
	// DatabasePasswords is a folder with one file per role, which contains its password. Empty: the database
	// authenticates the roles in another way.
	DatabasePasswords string `env:"STREAMSPACE_DATABASE_PASSWORDS"`
	// DatabaseConnections is the size of the pool for members' requests. The sizes of the other pools depend on it.
	DatabaseConnections int `env:"STREAMSPACE_DATABASE_CONNECTIONS" envDefault:"16"`
	// AcceptedViolations is a file of accepted audit findings, one per line with its full text. Empty: none is
	// accepted, and one finding keeps the server from starting.
	AcceptedViolations string `env:"STREAMSPACE_ACCEPTED_VIOLATIONS"`
	// TrustedProxies are the networks of proxies whose X-Forwarded-For header is trusted. Empty: none.
	TrustedProxies []netip.Prefix `env:"STREAMSPACE_TRUSTED_PROXIES"`

	// Unlimited turns off the rate limits of sign-ins and of unknown ids. It is for tests: no setting reaches it.
	Unlimited bool `env:"-"`
}

// ReadConfig reads the settings from an environment. Its error lists every invalid setting.
func ReadConfig(environ []string) (Config, error) {
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: env.ToMap(environ)})
	return c, errors.Join(err, c.check())
}

func (c Config) check() error {
	var errs []error
	for name, address := range map[string]string{"STREAMSPACE_LISTEN": c.Listen, "STREAMSPACE_OPS_LISTEN": c.OpsListen} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			errs = append(errs, fmt.Errorf("%s must be host:port: %w", name, err))
		}
	}
	if c.DatabaseConnections < 4 {
		errs = append(errs, errors.New("STREAMSPACE_DATABASE_CONNECTIONS must be at least 4"))
	}
	return errors.Join(errs...)
}

// complete reports missing settings that production requires. `streamspace dev` creates them.
func (c Config) complete() error {
	var errs []error
	for name, value := range map[string]string{
		"STREAMSPACE_DATABASE_URL": c.DatabaseURL, "STREAMSPACE_SIGNING_KEYS": c.SigningKeys,
	} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	return errors.Join(errs...)
}

// URL is the URL that browsers and agents use.
func (c Config) URL() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	_, port, _ := net.SplitHostPort(c.Listen) // check has verified it
	return "http://localhost:" + port
}
