package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// machine is a folder that stands for the machine of the guide: its paths are below it, and its user is in the
// folder's /etc/passwd alone, so that the test leaves nothing on the real machine.
type machine struct {
	*testing.T

	folder  string
	environ []string          // of the commands
	replace []string          // what stands in the guide, and what the test has instead
	calls   int               // of systemctl that were carried out
	running map[string]func() // what stops each unit
	kills   map[string]func() // what kills each, with SIGKILL
}

// onlyRoot are the programs that a machine's administrator runs, as the test has them: below the folder, and without
// systemd. The test carries out what systemctl is asked for.
const onlyRoot = `
systemd-sysusers) exec /usr/bin/systemd-sysusers --root="$root" "$@" ;;
systemd-tmpfiles) exec /usr/bin/systemd-tmpfiles --root="$root" "$@" ;;
systemctl) echo "$*" >> "$root/systemctl.calls" ;;
apt-get) exec /usr/bin/apt-get --simulate "$@" ;;
`

// anyone replaces the programs of onlyRoot that a user who is not root cannot run.
const anyone = `
systemd-sysusers) ;;
systemd-tmpfiles) mkdir -p "$root"/etc/streamspace/{keys,passwords,tls} ;;
`

func newMachine(t *testing.T) *machine {
	t.Helper()
	folder, err := os.MkdirTemp("", "streamspace-production-") // where other users can reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cases := onlyRoot
	if os.Geteuid() != 0 {
		cases = anyone + onlyRoot
	}
	script := fmt.Sprintf("#!/bin/bash\nset -eu\nroot='%s'\ncase ${0##*/} in%sesac\n", folder, cases)
	errs := []error{os.Chmod(folder, 0o755)}
	for _, dir := range []string{"bin", "shims", "etc/systemd/system", "var/lib"} {
		errs = append(errs, os.MkdirAll(filepath.Join(folder, dir), 0o755))
	}
	for _, name := range []string{"systemd-sysusers", "systemd-tmpfiles", "systemctl", "apt-get"} {
		errs = append(errs, os.WriteFile(filepath.Join(folder, "shims", name), []byte(script), 0o755))
	}
	errs = append(errs, os.Symlink(self, filepath.Join(folder, "bin/streamspace")),
		os.Symlink(filepath.Join(repository, "deploy"), filepath.Join(folder, "deploy")))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	m := &machine{T: t, folder: folder, running: map[string]func(){}, kills: map[string]func(){}}
	m.environ = []string{
		"PATH=" + folder + "/shims:" + folder + "/usr/local/bin:" + os.Getenv("PATH"), "HOME=" + folder,
	}
	for _, path := range []string{
		"/etc/streamspace", "/etc/systemd/", "/etc/sysusers.d/", "/etc/tmpfiles.d/",
		"/usr/local/bin/", "/var/lib/streamspace",
	} {
		m.replace = append(m.replace, path, folder+path)
	}
	return m
}

// placed is a text of the guide or of a unit, as it is on this machine.
func (m *machine) placed(text string) string { return strings.NewReplacer(m.replace...).Replace(text) }

// systemctl carries out what the commands have asked systemd for.
func (m *machine) systemctl() {
	m.Helper()
	b, err := os.ReadFile(filepath.Join(m.folder, "systemctl.calls"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.Fatal(err)
	}
	calls := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, call := range calls[min(m.calls, len(calls)):] {
		verb, unit, _ := strings.Cut(strings.Replace(call, "enable --now", "start", 1), " ")
		switch verb {
		case "start":
			m.running[unit] = m.startUnit(unit)
		case "stop":
			m.running[unit]()
		case "daemon-reload", "":
		default:
			m.Fatalf("systemctl %s: the test does not know it", call)
		}
	}
	if len(b) > 0 {
		m.calls = len(calls)
	}
}

// unit has the lines of a service's unit by their names. A name that stands there several times has all values.
type unit map[string][]string

func readUnit(t *testing.T, file string) unit {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	u := unit{}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			u[name] = append(u[name], value)
		}
	}
	return u
}

func (u unit) value(name string) string { return strings.Join(u[name], " ") }

// startUnit runs the command of a unit as systemd would: as its user, with its environment and its capabilities alone.
func (m *machine) startUnit(name string) (stop func()) {
	m.Helper()
	u := readUnit(m.T, filepath.Join(m.folder, "etc/systemd/system", name+".service"))
	settings, err := os.ReadFile(m.placed(u.value("EnvironmentFile")))
	if err != nil {
		m.Fatal(err)
	}
	if state := u.value("StateDirectory"); state != "" {
		if err := os.MkdirAll(m.placed("/var/lib/"+state), 0o755); err != nil {
			m.Fatal(err)
		}
	}
	args := strings.Fields(m.placed(u.value("ExecStart")))
	if os.Geteuid() == 0 {
		args = append(m.dropTo(u), args...)
	} else {
		m.Logf("%s runs as this user, not as %s: only root can change that", name, u.value("User"))
	}
	environ := append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		strings.Split(strings.TrimSpace(string(settings)), "\n")...)
	return m.program(name, args, environ)
}

// dropTo is the command that runs another one with the user and the rights of a unit.
func (m *machine) dropTo(u unit) []string {
	m.Helper()
	listed := func(name string) string {
		list := "-all"
		for _, c := range strings.Fields(u.value(name)) {
			list += ",+" + strings.ToLower(strings.TrimPrefix(c, "CAP_"))
		}
		return list
	}
	if u.value("NoNewPrivileges") != "yes" || u.value("CapabilityBoundingSet") == "" {
		m.Errorf("a unit does not bound what its programs may do: %v", u)
	}
	uid, gid := m.account(u.value("User"))
	return []string{
		"setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs",
		"--bounding-set", listed("CapabilityBoundingSet"), "--inh-caps", listed("AmbientCapabilities"),
		"--ambient-caps", listed("AmbientCapabilities"), "--",
	}
}

// account looks a user up on this machine. Root is the same everywhere.
func (m *machine) account(name string) (uid, gid string) {
	m.Helper()
	if name == "root" {
		return "0", "0"
	}
	b, err := os.ReadFile(filepath.Join(m.folder, "etc/passwd"))
	if err != nil {
		m.Fatal(err)
	}
	found := regexp.MustCompile("(?m)^" + name + ":[^:]*:([0-9]+):([0-9]+):").FindSubmatch(b)
	if found == nil {
		m.Fatalf("no user %s in %s", name, b)
	}
	return string(found[1]), string(found[2])
}

// program starts a program, and returns what ends it. Its log is shown when the test fails.
func (m *machine) program(name string, args, environ []string) (stop func()) {
	m.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(m.Context()), args[0], args[1:]...)
	var log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", environ, &log, &log
	if err := cmd.Start(); err != nil {
		m.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				m.Errorf("%s: %v", name, err)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			m.Errorf("%s did not end when it was told to", name)
		}
		if m.Failed() {
			m.Logf("the log of %s:\n%s", name, log.String())
		}
	}
	m.kills[name] = func() {
		stopped = true
		_ = cmd.Process.Kill()
		<-ended
	}
	m.Cleanup(stop)
	return stop
}
