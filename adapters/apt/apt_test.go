package apt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNothingIsRunWhileNothingIsMissing(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "exit 1")
	var out bytes.Buffer
	if err := m.ensure(t.Context(), &out, []Need{m.need("there", "a-package", true)}); err != nil {
		t.Fatal(err)
	}
	if got := m.calls() + out.String(); got != "" {
		t.Errorf("it ran or said %q, want nothing", got)
	}
}

func TestMissingPackagesAreInstalledOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t, `echo "Selecting xterm"
		echo "Setting up xterm (379-1) ..."
		touch "$here/xterm" "$here/Xvnc"`)
	needs := []Need{
		m.need("xterm", "xterm", false), m.need("Xvnc", "tigervnc", false),
		m.need("xterm", "xterm", false), m.need("there", "a-package", true),
	}
	var out bytes.Buffer
	if err := m.ensure(t.Context(), &out, needs); err != nil {
		t.Fatal(err)
	}
	want := "-o DPkg::Lock::Timeout=120 install -y --no-install-recommends tigervnc xterm noninteractive\n"
	if diff := cmp.Diff(want, m.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	want = "Installing tigervnc, xterm (needed only once)\n  Setting up xterm (379-1)\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestListsAreReadAnewWhenTheyAreOld(t *testing.T) {
	t.Parallel()
	m := newMachine(t, `case "$*" in
*update*) touch "$here/updated" ;;
*) test -e "$here/updated" || { echo "E: Unable to locate package xterm"; exit 100; }
   touch "$here/xterm" ;;
esac`)
	if err := m.ensure(t.Context(), &bytes.Buffer{}, []Need{m.need("xterm", "xterm", false)}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(m.calls(), "\n"); got != 3 {
		t.Errorf("apt-get ran %d times, want 3: install, update, install\n%s", got, m.calls())
	}
}

func TestFailuresSayWhatAptGetSaid(t *testing.T) {
	t.Parallel()
	m := newMachine(t, `echo "E: no space left"; exit 100`)
	err := m.ensure(t.Context(), &bytes.Buffer{}, []Need{m.need("xterm", "xterm", false)})
	if err == nil || !strings.Contains(err.Error(), "E: no space left") {
		t.Errorf("the error is %v, want apt-get's own", err)
	}

	m = newMachine(t, "exit 0")
	err = m.ensure(t.Context(), &bytes.Buffer{}, []Need{m.need("xterm", "xterm", false)})
	if want := "installed xterm, but still missing: xterm"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestTheErrorNamesTheCommandWithoutRootOrAptGet(t *testing.T) {
	t.Parallel()
	want := "missing on this machine: xterm, Xvnc; run: sudo apt-get install -y --no-install-recommends tigervnc xterm"
	someone, elsewhere := newMachine(t, "exit 0"), newMachine(t, "exit 0")
	someone.root = false
	elsewhere.command = filepath.Join(elsewhere.dir, "none")
	for name, m := range map[string]machine{"not root": someone, "no apt-get": elsewhere} {
		err := m.ensure(t.Context(), &bytes.Buffer{}, []Need{
			m.need("xterm", "xterm", false), m.need("Xvnc", "tigervnc", false),
		})
		if err == nil || err.Error() != want {
			t.Errorf("%s: the error is %v, want %s", name, err, want)
		}
		if got := m.calls(); got != "" {
			t.Errorf("%s: apt-get was called: %s", name, got)
		}
	}
}

func TestNoClusterIsMadeForTheMachine(t *testing.T) {
	t.Parallel()
	// The file must be there when apt-get runs.
	m := newMachine(t, `grep -q "^create_main_cluster = false" "$here/etc/postgresql-common/createcluster.conf" &&
		touch "$here/postgres"`)
	needs := []Need{m.need("postgres", "postgresql", false)}
	if err := m.ensure(t.Context(), &bytes.Buffer{}, needs); err != nil {
		t.Fatal(err)
	}

	// Whoever decided before is heard.
	file := filepath.Join(m.etc, "postgresql-common", "createcluster.conf")
	if err := os.WriteFile(file, []byte("ssl = on\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.keepClustersOut([]string{"postgresql"}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "ssl = on\n" {
		t.Errorf("the administrator's file is %q, %v; want it untouched", got, err)
	}

	other := newMachine(t, `touch "$here/xterm"`)
	if err := other.ensure(t.Context(), &bytes.Buffer{}, []Need{other.need("xterm", "xterm", false)}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other.etc); err == nil {
		t.Error("an installation without PostgreSQL wrote its settings")
	}
}

func TestNoServiceIsStartedForTheMachine(t *testing.T) {
	t.Parallel()
	// The policy must be there when apt-get runs, and say no.
	m := newMachine(t, `"$here/policy-rc.d"; test $? = 101 && touch "$here/pgbouncer"`)
	needs := []Need{m.need("pgbouncer", "pgbouncer", false)}
	if err := m.ensure(t.Context(), &bytes.Buffer{}, needs); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(m.policy); err == nil {
		t.Error("the policy outlives the installation")
	}

	// Whoever has a policy keeps it.
	if err := os.WriteFile(m.policy, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	restore, err := m.keepServicesDown()
	if err := errors.Join(err, restore()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(m.policy); err != nil || string(got) != "#!/bin/sh\n" {
		t.Errorf("the administrator's policy is %q, %v; want it untouched", got, err)
	}
}

// machine has an apt-get that is a shell script. It writes down its arguments and how it may ask, then does as it is
// told.
type machine struct {
	host
	dir string
}

func newMachine(t *testing.T, script string) machine {
	t.Helper()
	dir := t.TempDir()
	command := filepath.Join(dir, "apt-get")
	script = `#!/bin/sh
		here=$(dirname "$0")
		echo "$* $DEBIAN_FRONTEND" >> "$here/calls"
		` + script + "\n"
	// A child that another test forks meanwhile would hold the script open for writing, and nothing could run it.
	syscall.ForkLock.RLock()
	err := os.WriteFile(command, []byte(script), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return machine{dir: dir, host: host{
		root: true, command: command, etc: filepath.Join(dir, "etc"), policy: filepath.Join(dir, "policy-rc.d"),
	}}
}

// need is met once there is a file of its name next to apt-get.
func (m machine) need(what, pkg string, met bool) Need {
	return Need{What: what, Package: pkg, Present: func(context.Context) bool {
		_, err := os.Stat(filepath.Join(m.dir, what))
		return met || err == nil
	}}
}

func (m machine) calls() string {
	content, err := os.ReadFile(filepath.Join(m.dir, "calls"))
	if err != nil {
		return ""
	}
	return string(content)
}
