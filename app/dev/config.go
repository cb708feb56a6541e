// Package dev runs everything on one machine: a private PostgreSQL, the control plane, an agent as a program of its
// own, and two organisations to try it with. It is assembled from the same parts as production.
package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/caarlos0/env/v11"

	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/modules/identity"
)

// Config is what the environment says of a dev installation.
type Config struct {
	Server server.Config
	// Data is the folder of everything that is kept. Empty: .streamspace here, or /var/lib/streamspace-dev for root, since
	// the users that PostgreSQL and sessions run as must be able to reach it.
	Data string `env:"STREAMSPACE_DATA"`
	// Password is that of the demo logins. Empty: one is made at the first start and kept.
	Password string `env:"STREAMSPACE_DEV_PASSWORD"`
}

// ReadConfig reads the settings from an environment, and reports all that is wrong with them at once. Of the server's,
// STREAMSPACE_DATABASE_URL is that of a superuser here; without one dev runs a PostgreSQL of its own.
func ReadConfig(environ []string) (Config, error) {
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: env.ToMap(environ)})
	var serverErr error
	c.Server, serverErr = server.ReadConfig(environ)
	if c.Data == "" {
		c.Data = ".streamspace"
		if os.Geteuid() == 0 {
			c.Data = "/var/lib/streamspace-dev"
		}
	}
	if len(c.Password) > identity.MaxPassword {
		err = errors.Join(err, fmt.Errorf("STREAMSPACE_DEV_PASSWORD has more than %d bytes", identity.MaxPassword))
	}
	data, absErr := filepath.Abs(c.Data)
	c.Data = data
	return c, errors.Join(err, serverErr, absErr)
}
