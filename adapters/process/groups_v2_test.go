package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/cgroups/v3/cgroup2"
)

// TestGroupsOfV2 writes into a folder that looks like a group, because a test machine may have the older version alone.
// tools/vm.sh runs this package's tests on a machine that has version 2.
func TestGroupsOfV2(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		controllers string
		want        map[string]string
	}{
		"all": {"cpuset cpu io memory pids", map[string]string{
			"memory.max": "1048576", "cpu.max": "150000 100000", "pids.max": "7",
		}},
		"some": {"cpu pids", map[string]string{"cpu.max": "150000 100000", "pids.max": "7", "memory.max": ""}},
	} {
		mount := t.TempDir()
		for file, content := range map[string]string{"cgroup.controllers": c.controllers, "cgroup.subtree_control": ""} {
			if err := os.WriteFile(filepath.Join(mount, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h, err := openV2At(mount, "/")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.create("agent", Limits{Memory: 1 << 20, CPU: 1500, Processes: 7}); err != nil {
			t.Fatal(err)
		}
		for file, want := range c.want {
			got, _ := os.ReadFile(filepath.Join(mount, "agent", file))
			if string(got) != want {
				t.Errorf("%s: %s is %q, want %q", name, file, got, want)
			}
		}
	}
}

// TestOutOfMemoryOfV2 tells a session's own limit from a host that is out of memory.
func TestOutOfMemoryOfV2(t *testing.T) {
	t.Parallel()
	for events, want := range map[string]bool{
		"oom 0 oom_kill 0": false, "oom 0 oom_kill 1": false, "oom 1 oom_kill 0": false, "oom 1 oom_kill 1": true,
	} {
		mount, fields := t.TempDir(), strings.Fields(events)
		list := fields[0] + " " + fields[1] + "\n" + fields[2] + " " + fields[3] + "\n"
		if err := os.WriteFile(filepath.Join(mount, "memory.events"), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		made, err := cgroup2.Load("/", cgroup2.WithMountpoint(mount))
		if err != nil {
			t.Fatal(err)
		}
		if got := (groupV2{made}).outOfMemory(); got != want {
			t.Errorf("%s: %v", events, got)
		}
	}
}

// TestBaseOfV2 keeps the group of a service free of groups, because systemd must be able to start the next agent in it.
func TestBaseOfV2(t *testing.T) {
	t.Parallel()
	for own, want := range map[string]string{
		"/":                           "/",
		"/system.slice/agent.service": "/system.slice",
		"/system.slice/agent.service/streamspace-agent": "/system.slice/agent.service",
		"/streamspace-agent":                            "/",
		"/user.slice/user-1000.slice/session-3.scope":   "/user.slice/user-1000.slice/session-3.scope",
	} {
		if got := baseOf(own); got != want {
			t.Errorf("an agent in %s makes groups in %s, want %s", own, got, want)
		}
	}
}
