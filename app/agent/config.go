// Package agent assembles the agent: the program that runs sessions on a host and dials out to the control plane.
package agent

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/certs"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Config is the agent's configuration, from the environment.
type Config struct {
	// ControlURL is the control plane's address, http or https.
	ControlURL string `env:"STREAMSPACE_CONTROL_URL"`
	// ControlCA is a PEM file of the authorities of which one has signed the control plane's certificate; no other is then
	// trusted. It is read again for each connection. Empty: the system's authorities.
	ControlCA string `env:"STREAMSPACE_CONTROL_CA"`
	// Credential is the file that holds "<agent's id>.<secret>". Other users must not be able to read it.
	Credential string `env:"STREAMSPACE_AGENT_CREDENTIAL"`
	// Data is the folder in which sessions keep their files.
	Data string `env:"STREAMSPACE_DATA"`
	// Unconfined runs sessions without namespaces, for a kernel that provides none. The control plane accepts it only
	// in an installation with one organisation.
	Unconfined bool `env:"STREAMSPACE_AGENT_UNCONFINED"`
	// RawStreams makes desktop streams raw connections and not WebSockets. Only for a host without a proxy between it and
	// the control plane.
	RawStreams bool `env:"STREAMSPACE_AGENT_RAW_STREAMS"`
	// Slots is how many sessions this host runs at the same time. Further ones go to other hosts, or wait.
	Slots int `env:"STREAMSPACE_AGENT_SLOTS" envDefault:"20"`
	// Outlive is how long sessions run on while no agent runs, as during an upgrade. Zero: they end with the agent.
	Outlive time.Duration `env:"STREAMSPACE_AGENT_SESSIONS_OUTLIVE" envDefault:"10m"`
	// NestedNamespaces allows templates to ask for namespaces of their own.
	NestedNamespaces bool `env:"STREAMSPACE_AGENT_NESTED_NAMESPACES"`
	// Limits bounds each session.
	Limits Limits
}

// maxOutlive is the longest time for which sessions may run on without an agent, which alone could end them.
const maxOutlive = 24 * time.Hour

// Settings describes the settings of an agent.
func Settings() []settings.Setting {
	help := map[string]string{
		"STREAMSPACE_CONTROL_URL": "URL of the control plane",
		"STREAMSPACE_CONTROL_CA": "PEM file of the private authorities that sign the control plane's certificate, and the " +
			"only ones trusted; not set: the system's",
		"STREAMSPACE_AGENT_CREDENTIAL": "file that holds <id>.<secret>, which other users cannot read",
		"STREAMSPACE_DATA":             "data folder of the sessions",
		"STREAMSPACE_AGENT_UNCONFINED": "true: run sessions without namespaces; " +
			"refused when there is more than one organisation",
		"STREAMSPACE_AGENT_RAW_STREAMS": "true: streams are raw connections and not WebSockets, which costs less; only " +
			"where no proxy stands between this host and the control plane",
		"STREAMSPACE_AGENT_SLOTS": "how many sessions this host runs at the same time, from 1 to 1000; further ones go to " +
			"other hosts, or wait",
		"STREAMSPACE_AGENT_SESSIONS_OUTLIVE": "how long desktops run on while no agent runs on this host, as during an " +
			"upgrade, up to 24h; 0: they end with the agent",
		"STREAMSPACE_AGENT_NESTED_NAMESPACES": "true: templates may ask for namespaces of their own, which browsers use " +
			"for their sandboxes; opens more of the kernel to their sessions",
	}
	maps.Copy(help, LimitSettings())
	return settings.Of[Config](help)
}

// ReadConfig reads the settings from an environment. Its error lists every setting that is missing or wrong.
func ReadConfig(environ []string) (Config, error) {
	c, r := settings.Read[Config](environ)
	r.Require("STREAMSPACE_CONTROL_URL", c.ControlURL)
	r.Require("STREAMSPACE_AGENT_CREDENTIAL", c.Credential)
	r.Require("STREAMSPACE_DATA", c.Data)
	c.checkInto(r)
	return c, r.Err()
}

// ReadDoctorConfig is ReadConfig for a host that has no agent yet: no setting must be set.
func ReadDoctorConfig(environ []string) (Config, error) {
	c, r := settings.Read[Config](environ)
	c.checkInto(r)
	return c, r.Err()
}

// checkInto reports each setting that is wrong. One that is not set is not wrong.
func (c Config) checkInto(r *settings.Report) {
	u, err := url.Parse(c.ControlURL)
	switch { // without the URL, which can contain the password of a proxy
	case c.ControlURL == "":
	case err != nil:
		r.Wrong("STREAMSPACE_CONTROL_URL", "cannot be parsed as a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		r.Wrong("STREAMSPACE_CONTROL_URL", "must be http:// or https:// and a host")
	case u.Scheme == "http" && c.ControlCA != "":
		r.Wrong("STREAMSPACE_CONTROL_URL", "must begin with https://, because STREAMSPACE_CONTROL_CA is set")
	}
	if c.ControlCA != "" {
		if _, err := certs.Authorities(c.ControlCA); err != nil {
			r.Wrong("STREAMSPACE_CONTROL_CA", "is wrong: %v", err)
		}
	}
	if c.Slots < 1 || c.Slots > link.MaxSlots {
		r.Wrong("STREAMSPACE_AGENT_SLOTS", "must be from 1 to %d", link.MaxSlots)
	}
	if c.Outlive < 0 || c.Outlive > maxOutlive {
		r.Wrong("STREAMSPACE_AGENT_SESSIONS_OUTLIVE", "must be from 0 to %s", maxOutlive)
	}
	c.Limits.Check(r)
	if c.Credential != "" {
		if _, _, err := readCredential(c.Credential); err != nil {
			r.Wrong("STREAMSPACE_AGENT_CREDENTIAL", "is wrong: %v", err)
		}
	}
}

// runtime is the configuration of the sessions.
func (c Config) runtime() process.Config {
	return process.Config{
		Dir: c.Data, Unconfined: c.Unconfined, Outlive: c.Outlive, Limits: c.Limits.ofSessions(),
		Reserve: c.Limits.Reserve << 20, NestedNamespaces: c.NestedNamespaces,
	}
}

// readCredential reads the agent's id and secret.
func readCredential(file string) (uuid.UUID, secret.Secret, error) {
	b, err := secret.ReadFile(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("read the agent's credential %s: %w", file, err)
	}
	id, key, ok := strings.Cut(strings.TrimSpace(string(b)), ".")
	agent, err := uuid.Parse(id)
	if err != nil || !ok || key == "" {
		return uuid.Nil, secret.Secret{}, fmt.Errorf("%s does not hold <agent's id>.<secret>", file)
	}
	return agent, secret.Of(key), nil
}
