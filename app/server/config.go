// Package server assembles the control plane: here, and only here, modules meet the adapters that serve them.
package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says of a control plane.
type Config struct {
	// Listen is the address of the page, the API, the streams and the agents.
	Listen string `env:"STREAMSPACE_LISTEN" envDefault:"127.0.0.1:8080"`
	// OpsListen is the address of the health checks and metrics: for operators, not for the world.
	OpsListen string `env:"STREAMSPACE_OPS_LISTEN" envDefault:"127.0.0.1:9090"`
	// PublicURL is where browsers and agents find the installation. Empty: http://localhost and the port of Listen.
	PublicURL string `env:"STREAMSPACE_PUBLIC_URL"`
	// SigningKey is the file of the Ed25519 key that signs tokens, PEM PKCS#8.
	SigningKey string `env:"STREAMSPACE_SIGNING_KEY"`
	// DatabaseURL names no user: each kind of work connects as its own role.
	DatabaseURL string `env:"STREAMSPACE_DATABASE_URL"`
	// DatabasePasswords is a folder with a file per role. Empty: the database knows the roles otherwise.
	DatabasePasswords string `env:"STREAMSPACE_DATABASE_PASSWORDS"`
	// DatabaseConnections bounds the pool of members' requests; the others follow.
	DatabaseConnections int `env:"STREAMSPACE_DATABASE_CONNECTIONS" envDefault:"16"`
	// AcceptedViolations is a file with a line for each violation of the policy audit that an operator answers for, by its
	// full text. Empty: none is accepted, and one keeps the server from starting.
	AcceptedViolations string `env:"STREAMSPACE_ACCEPTED_VIOLATIONS"`
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Empty: none.
	TrustedProxies []netip.Prefix `env:"STREAMSPACE_TRUSTED_PROXIES"`

	// Unlimited turns off the rate limits of sign-ins and of unknown ids. It is for tests: no setting reaches it.
	Unlimited bool `env:"-"`
}

// ReadConfig reads the settings from an environment, and reports all that is wrong with them at once.
func ReadConfig(environ []string) (Config, error) {
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: env.ToMap(environ)})
	return c, errors.Join(err, c.check())
}

func (c Config) check() error {
	var errs []error
	for name, address := range map[string]string{"STREAMSPACE_LISTEN": c.Listen, "STREAMSPACE_OPS_LISTEN": c.OpsListen} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			errs = append(errs, fmt.Errorf("%s is not host:port: %w", name, err))
		}
	}
	if c.DatabaseConnections < 4 {
		errs = append(errs, errors.New("STREAMSPACE_DATABASE_CONNECTIONS must be at least 4"))
	}
	return errors.Join(errs...)
}

// complete tells what only a production start must be given: dev makes it.
func (c Config) complete() error {
	var errs []error
	for name, value := range map[string]string{
		"STREAMSPACE_DATABASE_URL": c.DatabaseURL, "STREAMSPACE_SIGNING_KEY": c.SigningKey,
	} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	return errors.Join(errs...)
}

// URL is where the installation is found.
func (c Config) URL() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	_, port, _ := net.SplitHostPort(c.Listen) // checked
	return "http://localhost:" + port
}
