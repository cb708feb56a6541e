// Package follow is the client of an organisation's event stream: it prints what happens, for people and scripts. It
// connects again by itself, and prints each event once.
package follow

import (
	"net/url"
	"strings"

	"github.com/streamspace-dev/streamspace/app/settings"
)

// Config is the configuration from the environment.
type Config struct {
	// URL is the address of the server, http or https.
	URL string `env:"STREAMSPACE_URL"`
	// Token is an access token or an API key with the scope event.read.
	Token string `env:"STREAMSPACE_TOKEN"`
}

// Settings describes the settings.
func Settings() []settings.Setting {
	return settings.Of[Config](map[string]string{
		"STREAMSPACE_URL":   "URL of the server, such as https://desks.example.com",
		"STREAMSPACE_TOKEN": "API key with the scope event.read, or access token; it says whose events are printed",
	})
}

// ReadConfig reads the settings from an environment. Its error lists every setting that is missing or wrong.
func ReadConfig(environ []string) (Config, error) {
	c, r := settings.Read[Config](environ)
	r.Require("STREAMSPACE_URL", c.URL)
	r.Require("STREAMSPACE_TOKEN", c.Token)
	u, err := url.Parse(c.URL)
	switch { // without the values, which can contain a password
	case c.URL == "":
	case err != nil:
		r.Wrong("STREAMSPACE_URL", "cannot be parsed as a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "":
		r.Wrong("STREAMSPACE_URL", "must be http:// or https:// and a host, without a path")
	}
	if strings.ContainsFunc(c.Token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.Wrong("STREAMSPACE_TOKEN", "must be one word")
	}
	return c, r.Err()
}
