// Package agent assembles the agent: the program that runs sessions on a host and dials out to the control plane.
package agent

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Config is the agent's configuration, from the environment.
type Config struct {
	// ControlURL is the control plane's address, http or https.
	ControlURL string `env:"STREAMSPACE_CONTROL_URL"`
	// Credential is the file that holds "<agent's id>.<secret>". Only the agent's user may read it.
	Credential string `env:"STREAMSPACE_AGENT_CREDENTIAL"`
	// Data is the folder in which sessions keep their files.
	Data string `env:"STREAMSPACE_DATA"`
	// Unconfined runs sessions without namespaces, for a kernel that provides none. The control plane accepts it only
	// in an installation with one organisation.
	Unconfined bool `env:"STREAMSPACE_AGENT_UNCONFINED"`
}

// Settings describes the settings of an agent.
func Settings() []settings.Setting {
	return settings.Of[Config](map[string]string{
		"STREAMSPACE_CONTROL_URL":      "URL of the control plane",
		"STREAMSPACE_AGENT_CREDENTIAL": "file that holds <id>.<secret>, readable by the agent's user only",
		"STREAMSPACE_DATA":             "data folder of the sessions",
		"STREAMSPACE_AGENT_UNCONFINED": "true: run sessions without namespaces; " +
			"refused when there is more than one organisation",
	})
}

// ReadConfig reads the settings from an environment. Its error lists every setting that is missing or wrong.
func ReadConfig(environ []string) (Config, error) {
	c, r := settings.Read[Config](environ)
	r.Require("STREAMSPACE_CONTROL_URL", c.ControlURL)
	r.Require("STREAMSPACE_AGENT_CREDENTIAL", c.Credential)
	r.Require("STREAMSPACE_DATA", c.Data)
	u, err := url.Parse(c.ControlURL)
	switch { // without the URL, which can contain the password of a proxy
	case err != nil:
		r.Wrong("STREAMSPACE_CONTROL_URL", "cannot be parsed as a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		r.Wrong("STREAMSPACE_CONTROL_URL", "must be http:// or https:// and a host")
	}
	if c.Credential != "" {
		if _, _, err := readCredential(c.Credential); err != nil {
			r.Wrong("STREAMSPACE_AGENT_CREDENTIAL", "is wrong: %v", err)
		}
	}
	return c, r.Err()
}

// readCredential reads the agent's id and secret. It refuses a file that other users can read, because they may have
// copied the secret.
func readCredential(file string) (uuid.UUID, secret.Secret, error) {
	info, err := os.Stat(file)
	if err != nil {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("open the agent's credential: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("other users can read %s: run chmod 600 %s", file, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("read the agent's credential: %w", err)
	}
	id, key, ok := strings.Cut(strings.TrimSpace(string(b)), ".")
	agent, err := uuid.Parse(id)
	if err != nil || !ok || key == "" {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("%s does not hold <agent's id>.<secret>", file)
	}
	return agent, secret.Of(key), nil
}
