package process_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// needs skips a test where the kernel does not hold the limit that it is about.
func needs(t *testing.T, rt *process.Runtime, held string) {
	t.Helper()
	if slices.Contains(rt.Unheld(), held) {
		t.Skipf("the kernel holds no limit of %s here", held)
	}
}

// groupsOf lists the folders of a session's control group: none on a host that gives none.
func groupsOf(t *testing.T, dir string, session uuid.UUID) (all []string) {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(dir, "cgroups"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for agents := range strings.Lines(string(list)) {
		folder := filepath.Join(strings.TrimSpace(agents), session.String())
		if _, err := os.Stat(folder); err != nil {
			t.Error(err)
		}
		all = append(all, folder)
	}
	return all
}

// forkAttempt starts as many processes as it is told, which all live until the last has started.
func forkAttempt(a attempt) error {
	var all []*exec.Cmd
	defer func() {
		for _, cmd := range all {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	for range number(a.Arg) {
		cmd := exec.Command("sleep", "600")
		if err := cmd.Start(); err != nil {
			return err
		}
		all = append(all, cmd)
	}
	return nil
}

// bombs are more processes than a session may have that has a limit of 200. An agent that is not root and has no
// control groups limits none.
func bombs(rt *process.Runtime) []attempt {
	if os.Geteuid() != 0 && slices.Contains(rt.Unheld(), "processes") {
		return nil
	}
	return []attempt{{Name: "start more processes than it may", Kind: "fork", Arg: "250"}}
}

// TestEveryProcessIsInTheGroup looks at a session from its display to the processes of its program.
func TestEveryProcessIsInTheGroup(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]process.Config{
		"confined": {Dir: t.TempDir()}, "unconfined": {Dir: enterable(t), Unconfined: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := open(t, cfg)
			needs(t, rt, "processes")
			w := runtimetest.Workload()
			w.Spec.Command = []string{"sh", "-c", "setsid sh -c 'sleep 600' & exec sleep 600"}
			if err := rt.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			var inside map[int]string
			eventually(t, "both of the command's processes run", func() bool {
				inside = processesOf(t, cfg.Dir, w.Session)
				return strings.Count(fmt.Sprint(inside), ":sleep") == 2
			})
			for pid, name := range inside {
				eventually(t, fmt.Sprintf("process %d (%s) is in the group, or has ended", pid, name), func() bool {
					list, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
					return err != nil || strings.Contains(string(list), "/"+w.Session.String()+"\n") || !runs(pid)
				})
			}
			folders := groupsOf(t, cfg.Dir, w.Session)
			if err := rt.Stop(t.Context(), w.Session); err != nil {
				t.Fatal(err)
			}
			gone(t, folders)
		})
	}
}

// gone fails when a group is left.
func gone(t *testing.T, folders []string) {
	t.Helper()
	if len(folders) == 0 {
		t.Error("there was no group")
	}
	for _, f := range folders {
		if _, err := os.Stat(f); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the group %s is left (%v)", f, err)
		}
	}
}

// TestNextAgentRemovesGroups kills an agent, which then removes nothing.
func TestNextAgentRemovesGroups(t *testing.T) {
	t.Parallel()
	cfg, word := process.Config{Dir: t.TempDir()}, "word-"+uuid.NewString()
	kill := runAgent(t, cfg, word, -1)
	folders := groupsOf(t, cfg.Dir, onlySession(t, cfg.Dir))
	kill()
	rt := open(t, cfg)
	needs(t, rt, "processes")
	gone(t, folders)
}

// TestShareOfProcessors looks at what the kernel is told: each session has the same weight as the other and the maximum
// of its own, in both versions of control groups. How much a busy neighbour leaves is measured by BenchmarkShare.
func TestShareOfProcessors(t *testing.T) {
	t.Parallel()
	cfg := process.Config{Dir: t.TempDir(), Limits: process.Limits{CPU: 1500}}
	rt := open(t, cfg)
	needs(t, rt, "cpu")
	full, half := runtimetest.Workload(), runtimetest.Workload()
	half.Spec.CPU = 500
	for w, want := range map[*runtime.Workload]string{&full: "150000", &half: "50000"} {
		if err := rt.Start(t.Context(), *w); err != nil {
			t.Fatal(err)
		}
		folders := groupsOf(t, cfg.Dir, w.Session)
		if got := of(folders, "cpu.cfs_quota_us", "cpu.max"); got != want && got != want+" 100000" {
			t.Errorf("the maximum is %q, want %s", got, want)
		}
		if got := of(folders, "cpu.shares", "cpu.weight"); got != "1024" && got != "100" {
			t.Errorf("the weight is %q", got)
		}
	}
}

// of reads a file of a control group, which has one name in each version.
func of(folders []string, v1, v2 string) string {
	for _, folder := range folders {
		for _, name := range []string{v1, v2} {
			if value, err := os.ReadFile(filepath.Join(folder, name)); err == nil {
				return strings.TrimSpace(string(value))
			}
		}
	}
	return ""
}

// spin is a script whose processes compute for ever.
func spin(processes int) string {
	return strings.Repeat("sh -c 'while :; do :; done' & ", processes) + "wait"
}

// BenchmarkShare compares what a session with one busy process gets beside one with eight: with the same weight for
// each session about half of what the eight get, without groups an eighth.
func BenchmarkShare(b *testing.B) {
	cfg := process.Config{Dir: b.TempDir()}
	rt := open(b, cfg)
	hog, neighbour := runtimetest.Workload(), runtimetest.Workload()
	for w, processes := range map[*runtime.Workload]int{&hog: 8, &neighbour: 1} {
		w.Spec.Command = []string{"sh", "-c", spin(processes)}
		if err := rt.Start(b.Context(), *w); err != nil {
			b.Fatal(err)
		}
	}
	var most, least int
	for b.Loop() {
		before, beside := ticks(b, cfg.Dir, hog.Session), ticks(b, cfg.Dir, neighbour.Session)
		eventually(b, "the hog computed for a second", func() bool {
			return ticks(b, cfg.Dir, hog.Session) > before+100
		})
		most += ticks(b, cfg.Dir, hog.Session) - before
		least += ticks(b, cfg.Dir, neighbour.Session) - beside
	}
	b.ReportMetric(float64(least)/float64(most), "of-the-hog's")
}

// ticks is how long the processes of a session have computed, in hundredths of a second.
func ticks(t testing.TB, dir string, session uuid.UUID) (sum int) {
	t.Helper()
	for pid := range processesOf(t, dir, session) {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 13 {
			continue // it has ended
		}
		user, _ := strconv.Atoi(fields[11])
		kernel, _ := strconv.Atoi(fields[12])
		sum += user + kernel
	}
	return sum
}

// TestTheNextAgentKeepsGroups hands a session over. Its group goes on to hold it, and is removed with it.
func TestTheNextAgentKeepsGroups(t *testing.T) {
	t.Parallel()
	cfg := process.Config{Dir: t.TempDir(), Outlive: time.Minute}
	cfg.Limits.Memory = 512 << 20
	killAgent(t, cfg, "word-"+uuid.NewString(), -1)
	id := onlySession(t, cfg.Dir)
	rt := open(t, cfg)
	needs(t, rt, "processes")
	folders := groupsOf(t, cfg.Dir, id)
	for _, f := range folders {
		if list, err := os.ReadFile(filepath.Join(f, "cgroup.procs")); err != nil || len(list) == 0 {
			t.Errorf("the group %s holds %q (%v)", f, list, err)
		}
	}
	if err := rt.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	gone(t, folders)
}
