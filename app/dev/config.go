// Package dev is `streamspace dev`: a whole installation on one machine, for trying the product and for developing it.
// It runs a private PostgreSQL, the control plane, an agent as a separate process, and two demo organisations with a
// member of each role.
//
// It uses the same parts as production: the same server, the operators' use cases for the demo, and a database role for
// each kind of work. So what works here is what is shipped. The data stays in one folder, and a later start continues
// with it.
//
// The order of a start is: install missing programs, start the database, migrate, create the demo, start the control
// plane, start the agent. A stop is the reverse. A first start on a bare machine takes about three minutes, a later one
// less than half a second.
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

// Config is the configuration of `streamspace dev`, read from the environment.
type Config struct {
	Server server.Config
	// Data is the folder for all data. Empty: .streamspace in the current folder, or /var/lib/streamspace-dev for root:
	// the users that PostgreSQL and the sessions run as must be able to reach it, and root's home folder is closed to
	// them.
	Data string `env:"STREAMSPACE_DATA"`
	// Password is the password of the demo users. Empty: the first start makes a random one and keeps it.
	Password string `env:"STREAMSPACE_DEV_PASSWORD"`
}

// ReadConfig reads the settings from an environment. Its error lists every invalid setting. The server's settings apply
// too, but STREAMSPACE_DATABASE_URL must be a superuser's here. Without it, dev runs its own PostgreSQL.
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
