package process_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/cgroups/v3"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// groupsHere lists what control groups of version 2 must hold on this machine, as in "cpu memory processes". It is set
// where the machine is for these tests alone, by tools/vm.sh.
const groupsHere = "STREAMSPACE_TEST_GROUPS"

// onOwnMachine skips a test where nobody promises anything of the machine, or where others use it.
func onOwnMachine(t *testing.T) (held []string) {
	t.Helper()
	list, ok := os.LookupEnv(groupsHere)
	if !ok {
		t.Skip("this machine is not for the tests alone; tools/vm.sh starts one")
	}
	return strings.Fields(list)
}

// TestGroupsOfThisMachine fails where the other tests would skip what no control group holds.
func TestGroupsOfThisMachine(t *testing.T) {
	t.Parallel()
	want := onOwnMachine(t)
	if cgroups.Mode() != cgroups.Unified {
		t.Error("this machine's control groups are not of version 2 alone")
	}
	unheld := open(t, process.Config{Dir: enterable(t)}).Unheld()
	for _, resource := range []string{"cpu", "memory", "processes"} {
		if slices.Contains(want, resource) == slices.Contains(unheld, resource) {
			t.Errorf("control groups hold all but %q, want %q", unheld, want)
		}
	}
}

// alone is what a test changes of the agent's unit: the program, and that nothing else of the machine starts with it.
const alone = `[Unit]
DefaultDependencies=no
[Service]
EnvironmentFile=
Environment=%s=word
Environment='%s=%s'
ExecStart=
ExecStart=%s
RestartSec=0
`

// TestServiceStartsAgain kills the agent of the unit that operators install, while a desktop runs. Systemd must be able
// to start it again. Seen to fail with groups inside the service's own: "Failed to attach to cgroup", for ever.
func TestServiceStartsAgain(t *testing.T) {
	t.Parallel()
	onOwnMachine(t)
	if _, err := os.Stat("/run/systemd/system"); err != nil || os.Geteuid() != 0 {
		t.Skip("only root starts services, by systemd")
	}
	const name, units, dir = "streamspace-agent.service", "/run/systemd/system", "/var/lib/streamspace-agent"
	unit, err := os.ReadFile(filepath.Join("../../deploy/systemd", name))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(process.Config{Dir: dir, Outlive: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	changed := fmt.Sprintf(alone, agentWord, agentConfig, config, self)
	if err := errors.Join(
		os.WriteFile(filepath.Join(units, name), unit, 0o600),
		os.Mkdir(filepath.Join(units, name+".d"), 0o700),
		os.WriteFile(filepath.Join(units, name+".d", "alone.conf"), []byte(changed), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	systemctl(t, "daemon-reload")
	started := func(sessions int) func() bool {
		return func() bool {
			all, _ := filepath.Glob(filepath.Join(dir, "sessions", "*", "ready"))
			return len(all) == sessions
		}
	}
	systemctl(t, "start", name)
	eventually(t, "the agent started a desktop", started(1))
	systemctl(t, "kill", "--kill-whom=main", "--signal=KILL", name)
	eventually(t, "the next agent started one more", started(2))
	systemctl(t, "stop", name)

	rt := open(t, process.Config{Dir: dir, Outlive: time.Minute})
	all, err := rt.List(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%d desktops are left, want 2 (%v)", len(all), err)
	}
	for _, s := range all {
		if folders := groupsOf(t, dir, s.Session); s.Phase != runtime.Running || len(folders) != 1 {
			t.Errorf("a desktop is %s, in the groups %q", s.Phase, folders)
		}
		if err := rt.Stop(t.Context(), s.Session); err != nil {
			t.Error(err)
		}
	}
}

func systemctl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "systemctl", args...).CombinedOutput(); err != nil {
		t.Fatalf("systemctl %s: %v: %s", strings.Join(args, " "), err, out)
	}
}
