// Package agent assembles the agent: the program that runs sessions where the control plane cannot reach, and dials out
// to it.
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

// Config is what the environment says of an agent.
type Config struct {
	// ControlURL is the control plane's address, http or https.
	ControlURL string `env:"STREAMSPACE_CONTROL_URL"`
	// Credential is the file that holds "<agent's id>.<secret>". Only the agent's user may read it.
	Credential string `env:"STREAMSPACE_AGENT_CREDENTIAL"`
	// Data is the folder of the sessions that run here.
	Data string `env:"STREAMSPACE_DATA"`
	// Unconfined runs sessions without namespaces of their own: for an installation with one organisation, on a kernel
	// that gives none. The control plane refuses it otherwise.
	Unconfined bool `env:"STREAMSPACE_AGENT_UNCONFINED"`
}

// ReadConfig reads the settings from an environment, and reports all that is wrong with them at once.
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

// readCredential reads who the agent is. A file that others may read has been read by others.
func readCredential(file string) (uuid.UUID, secret.Secret, error) {
	info, err := os.Stat(file)
	if err != nil {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("open the agent's credential: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("%s may be read by others: chmod 600 %s", file, file)
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
