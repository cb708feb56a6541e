package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/streamspace-dev/streamspace/adapters/certs"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/app/needs"
)

// reachTimeout is how long the doctor waits for the control plane: as long as the agent does.
const reachTimeout = 10 * time.Second

// Report is what the doctor found. OK is false when a desktop could not start or is not held apart from others.
type Report struct {
	OK       bool              `json:"ok"`
	Findings []process.Finding `json:"findings"`
}

// Examine checks whether this host can run sessions. It starts a desktop, if nothing else forbids one. Settings that
// are not set are not checked, so that it can run before there is a credential.
func Examine(ctx context.Context, c Config) Report {
	all := examine(ctx, c)
	if failed(all) {
		all = append(all, process.Finding{
			Check: "desktop", State: process.Failure, Found: "not tried", Follows: "no desktop can start",
			Mend: "mend the failures above",
		})
	} else {
		all = append(all, process.TryDesktop(ctx, c.runtime()))
	}
	all = append(all, findControlPlane(ctx, c))
	return Report{OK: !failed(all), Findings: all}
}

// examine is the part of the checks that the agent makes when it starts.
func examine(ctx context.Context, c Config) []process.Finding {
	all := append([]process.Finding{findPackages(ctx, c)}, process.Examine(ctx, c.runtime())...)
	return append(all, findData(c), findMemory(c), findDisk(c))
}

func failed(all []process.Finding) bool {
	return slices.ContainsFunc(all, func(f process.Finding) bool { return f.State == process.Failure })
}

// logLacks logs in one line what this host lacks.
func logLacks(all []process.Finding, log *slog.Logger) {
	var lacks []string
	for _, f := range all {
		if f.State != process.OK {
			lacks = append(lacks, fmt.Sprintf("%s: %s", f.Check, f.Found))
		}
	}
	if len(lacks) > 0 {
		log.Warn("this host lacks something: `streamspace agent doctor` says what follows and how to mend it", "lacks", lacks)
	}
}

// findPackages looks for the programs and the font of desktops: those of every built-in template.
func findPackages(ctx context.Context, c Config) process.Finding {
	var missing, packages []string
	for _, n := range needs.Sessions() {
		if c.Unconfined && n.Package == "bubblewrap" || n.Present(ctx) {
			continue
		}
		missing = append(missing, n.What)
		if !slices.Contains(packages, n.Package) {
			packages = append(packages, n.Package)
		}
	}
	if len(missing) == 0 {
		return process.Fine("packages", "every program and font of the built-in templates is installed")
	}
	f := process.Finding{
		Check: "packages", State: process.Failure, Found: "missing: " + strings.Join(missing, ", "),
		Follows: "no desktop can start", Mend: "apt-get install --yes " + strings.Join(packages, " "),
	}
	if slices.Equal(packages, []string{"fonts-dejavu-core"}) {
		f.State, f.Follows = process.Warning, "terminals are hard to read"
	}
	return f
}

// existing is the folder of the data, or the nearest one above it that exists: the agent makes the rest.
func existing(dir string) (string, error) {
	at, err := filepath.Abs(dir)
	for err == nil {
		if _, err = os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == "/" {
			break
		}
		at, err = filepath.Dir(at), nil
	}
	return at, err
}

const noData = "not checked: STREAMSPACE_DATA is not set"

func findData(c Config) process.Finding {
	const check = "data folder"
	if c.Data == "" {
		return process.Finding{
			Check: check, State: process.Warning, Found: noData, Follows: "it is unknown whether sessions can keep files",
			Mend: "run this with the agent's settings",
		}
	}
	at, err := existing(c.Data)
	if err == nil {
		err = writable(at)
	}
	if err != nil {
		return process.Finding{
			Check: check, State: process.Failure, Found: err.Error(), Follows: "no desktop can start",
			Mend: "make " + c.Data + " a folder of the agent's user",
		}
	}
	return process.Fine(check, "a file was written in "+at)
}

func writable(dir string) error {
	f, err := os.CreateTemp(dir, "streamspace-doctor-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func findMemory(c Config) process.Finding {
	const check = "memory"
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return process.Finding{
			Check: check, State: process.Warning, Found: err.Error(), Follows: "it is unknown how many sessions fit",
			Mend: "allow the agent the system call sysinfo",
		}
	}
	has := int64(info.Totalram * uint64(info.Unit) >> 20)
	return enough(check, c.Slots, has, c.Limits.Memory)
}

func findDisk(c Config) process.Finding {
	const check = "disk"
	if c.Data == "" {
		return process.Fine(check, noData)
	}
	var info unix.Statfs_t
	at, err := existing(c.Data)
	if err == nil {
		err = unix.Statfs(at, &info)
	}
	if err != nil {
		return process.Finding{
			Check: check, State: process.Warning, Found: err.Error(), Follows: "it is unknown how many sessions fit",
			Mend: "make " + c.Data + " a folder of the agent's user",
		}
	}
	has := int64(info.Bavail * uint64(info.Bsize) >> 20)
	return enough(check, c.Slots, has, c.Limits.Disk)
}

// enough compares what this host has with what all sessions together may use, in MiB.
func enough(check string, slots int, has, each int64) process.Finding {
	if int64(slots)*each > has {
		return process.Finding{
			Check: check, State: process.Warning,
			Found:   fmt.Sprintf("%d MiB, but %d sessions may use %d MiB each", has, slots, each),
			Follows: "sessions that use all that they may can leave too little to the others",
			Mend:    "lower STREAMSPACE_AGENT_SLOTS or STREAMSPACE_AGENT_" + strings.ToUpper(check),
		}
	}
	return process.Fine(check, fmt.Sprintf("%d MiB, for %d sessions", has, slots))
}

func findControlPlane(ctx context.Context, c Config) process.Finding {
	const check = "control plane"
	if c.ControlURL == "" {
		return process.Finding{
			Check: check, State: process.Warning, Found: "not checked: STREAMSPACE_CONTROL_URL is not set",
			Follows: "it is unknown whether the agent can connect", Mend: "run this with the agent's settings",
		}
	}
	if err := reach(ctx, c); err != nil {
		return process.Finding{
			Check: check, State: process.Failure, Found: err.Error(), Follows: "this host gets no sessions",
			Mend: "check STREAMSPACE_CONTROL_URL, STREAMSPACE_CONTROL_CA, the firewall and the proxy",
		}
	}
	return process.Fine(check, "it answers")
}

// reach asks the control plane whether it is alive. It sends no credential and follows no redirect.
func reach(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	var trusted *x509.CertPool
	if c.ControlCA != "" {
		var err error
		if trusted, err = certs.Authorities(c.ControlCA); err != nil {
			return err
		}
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.ControlURL, "/")+"/livez", nil)
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // without the URL, which can contain a password
		}
		return err
	}
	defer func() { _, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)); _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /livez is answered with %s", resp.Status)
	}
	return nil
}
