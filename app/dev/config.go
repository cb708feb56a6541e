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
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/streamspace-dev/streamspace/app/agent"
	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/app/settings"
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
	// Limits are those of the local agent.
	Limits agent.Limits
}

// notOfDev are the server's settings that dev does not have: it makes the signing keys itself, and serves HTTP.
var notOfDev = []string{"STREAMSPACE_SIGNING_KEYS", "STREAMSPACE_TLS_CERT", "STREAMSPACE_TLS_KEY"}

// Settings describes the settings of a dev installation.
func Settings() []settings.Setting {
	help := map[string]string{
		"STREAMSPACE_DATA":         "data folder; not set: .streamspace, as root /var/lib/streamspace-dev",
		"STREAMSPACE_DEV_PASSWORD": "password of the demo logins; not set: one is generated and printed",
	}
	maps.Copy(help, agent.LimitSettings())
	all := settings.Of[Config](help)
	for _, s := range server.Settings() {
		i := slices.IndexFunc(all, func(own settings.Setting) bool { return own.Name == s.Name })
		all[i] = s
		if s.Name == "STREAMSPACE_DATABASE_URL" {
			all[i].Help = "superuser's URL of a database to create on a PostgreSQL that already runs, or of one that dev " +
				"created; not set: a private PostgreSQL"
		}
	}
	return slices.DeleteFunc(all, func(s settings.Setting) bool { return slices.Contains(notOfDev, s.Name) })
}

// ReadConfig reads the settings from an environment. Its error lists every setting that is wrong. Of the server's,
// STREAMSPACE_DATABASE_URL is that of a superuser here; without one dev runs a PostgreSQL of its own.
func ReadConfig(environ []string) (Config, error) {
	c, r := settings.Read[Config](environ)
	c.Server.TLSCert, c.Server.TLSKey = "", ""
	c.Server.Check(r)
	c.Limits.Check(r)
	if c.Server.DatabaseURL != "" {
		if _, err := parseGiven(c.Server.DatabaseURL); err != nil {
			r.Wrong("STREAMSPACE_DATABASE_URL", "%v", err)
		}
	}
	if c.Data == "" {
		c.Data = ".streamspace"
		if os.Geteuid() == 0 {
			c.Data = "/var/lib/streamspace-dev"
		}
	}
	if len(c.Password) > identity.MaxPassword {
		r.Wrong("STREAMSPACE_DEV_PASSWORD", "has more than %d bytes", identity.MaxPassword)
	}
	data, err := filepath.Abs(c.Data)
	if err != nil {
		r.Wrong("STREAMSPACE_DATA", "is wrong: %v", err)
	}
	c.Data = data
	return c, r.Err()
}
