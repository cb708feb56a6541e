// Package agent assembles the agent: the program that runs sessions on a host and dials out to the control plane.
package agent

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/google/uuid"

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

// ReadConfig reads the settings from an environment. Its error names every invalid setting, not only the first.
func ReadConfig(environ []string) (Config, error) {
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: env.ToMap(environ)})
	for name, value := range map[string]string{
		"STREAMSPACE_CONTROL_URL": c.ControlURL, "STREAMSPACE_AGENT_CREDENTIAL": c.Credential, "STREAMSPACE_DATA": c.Data,
	} {
		if value == "" {
			err = errors.Join(err, fmt.Errorf("%s is not set", name))
		}
	}
	return c, err
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
