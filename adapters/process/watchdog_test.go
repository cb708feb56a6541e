package process_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// small leaves room for a terminal and not much more.
var small = process.Limits{Memory: 256 << 20, Disk: 32 << 20}

// hogs are programs that exceed small, each with the reason for which their session ends.
var hogs = map[string]struct{ script, reason string }{
	"memory of one process": {"(head -c 320M /dev/zero; sleep 60) | tail", "memory_limit"},
	"memory of many processes": {"for i in 1 2 3 4 5 6 7 8; do (head -c 60M /dev/zero; sleep 60) | tail & done; wait",
		"memory_limit"},
	"files in memory": {"for i in $(seq 10); do head -c 30M /dev/zero >/tmp/$i; done; sleep 60", "memory_limit"},
	"large files":     {"for i in 1 2 3; do head -c 20M /dev/zero >$i; done; sleep 60", "disk_limit"},
	"many files":      {"seq 3000 | xargs touch; sleep 60", "disk_limit"},
	"a hidden file":   {"mkdir .a; cd .a; head -c 31M /dev/zero >b; cp b c; sleep 60", "disk_limit"},
}

// TestHogsEnd ends the session of each hog with a reason, and no other session.
func TestHogsEnd(t *testing.T) {
	t.Parallel()
	for name, hog := range hogs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := open(t, process.Config{Dir: t.TempDir(), Limits: small})
			neighbour, w := runtimetest.Workload(), runtimetest.Workload()
			w.Spec.Command = []string{"sh", "-c", hog.script}
			if err := rt.Start(t.Context(), neighbour); err != nil {
				t.Fatal(err)
			}
			if err := rt.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the hog ended", func() bool { return statusOf(t, rt, w).Phase == runtime.Exited })
			if s := statusOf(t, rt, w); s.Reason != hog.reason || s.Output != "" {
				t.Errorf("it ended because of %q, want %q; output: %q", s.Reason, hog.reason, s.Output)
			}
			if s := statusOf(t, rt, neighbour); s.Phase != runtime.Running {
				t.Errorf("the neighbour is %s because of %q", s.Phase, s.Reason)
			}
		})
	}
}

// TestUnconfinedHogEnds does it without a sandbox, whose /tmp is the host's.
func TestUnconfinedHogEnds(t *testing.T) {
	t.Parallel()
	cfg, w := process.Config{Dir: enterable(t), Unconfined: true, Limits: small}, runtimetest.Workload()
	rt := open(t, cfg)
	w.Spec.Command = []string{"sh", "-c", hogs["memory of one process"].script}
	if err := rt.Start(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if s := exited(t, rt); s.Reason != "memory_limit" {
		t.Errorf("it ended because of %q", s.Reason)
	}
}

// TestDiskOfAHost fills the home from several processes at once, each with one file. Where the kernel holds the limit,
// the host's disk never has more than that, and a file without a name counts as well.
func TestDiskOfAHost(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"one file":      "head -c 1G /dev/zero >hog; touch full; sleep 60",
		"many at once":  "for i in 1 2 3 4 5 6 7 8; do head -c 30M /dev/zero >$i & done; wait; sleep 60",
		"without names": "for i in 1 2 3 4; do { rm $i; head -c 30M /dev/zero; sleep 60; } >$i & done; wait",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, w := process.Config{Dir: t.TempDir(), Limits: small}, runtimetest.Workload()
			rt := open(t, cfg)
			if name != "one file" { // which a limit of the process holds everywhere
				needs(t, rt, "disk")
			}
			w.Spec.Command = []string{"sh", "-c", script}
			if err := rt.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			ends(t, rt, w, "disk_limit")
			if used := onDisk(t, filepath.Join(cfg.Dir, "sessions")); used > small.Disk+1<<20 {
				t.Errorf("it used %d bytes of the disk, and may use %d", used, small.Disk)
			}
		})
	}
}

// onDisk is how many bytes of the disk a folder takes.
func onDisk(t *testing.T, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var info unix.Stat_t
		if err == nil {
			err = unix.Lstat(path, &info)
		}
		sum += info.Blocks * 512
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestTheNextAgentHoldsTheDisk hands a session over. Its home stays as large as it was, and the next agent notices when
// it is full.
func TestTheNextAgentHoldsTheDisk(t *testing.T) {
	outliving(t, time.Minute, func(t *testing.T, cfg process.Config) {
		cfg.Limits = small
		killAgent(t, cfg, "word-"+uuid.NewString(), -1)
		id := onlySession(t, cfg.Dir)
		rt := open(t, cfg)
		needs(t, rt, "disk")
		home := homeOf(t, cfg.Dir, id)
		eventually(t, "the session ended", func() bool {
			if err := fill(home, small.Disk+1); err == nil {
				t.Fatal("more than the limit is written")
			}
			all, err := rt.List(t.Context())
			return err == nil && len(all) == 1 && all[0].Phase == runtime.Exited && all[0].Reason == "disk_limit"
		})
	})
}

// fill adds so many bytes to a file in a home. When that fails, the home is full. Programs of the session may give back
// some of it a moment later.
func fill(home string, bytes int64) error {
	file, err := os.OpenFile(filepath.Join(home, "hog"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err // it has ended
	}
	_, err = file.Write(make([]byte, bytes))
	return errors.Join(err, file.Close())
}

// TestReserve looks at a host whose disk has less than its reserve, which here is more than any disk has. The end of a
// desktop would not help.
func TestReserve(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]process.Limits{"with limits": small, "without": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, word := process.Config{Dir: t.TempDir(), Limits: limits, Outlive: time.Minute}, "word-"+uuid.NewString()
			killAgent(t, cfg, word, -1)
			said := &listener{word: "nearly full"}
			cfg.Reserve, cfg.Log = 1<<60, slog.New(slog.NewTextHandler(said, nil))
			rt := open(t, cfg)
			eventually(t, "the log said that no session could change that", said.heard.Load)
			if err := rt.Start(t.Context(), runtimetest.Workload()); fault.Of(err).Code != "no_disk_space" {
				t.Errorf("a session starts: %v", err)
			}
			all, err := rt.List(t.Context())
			if err != nil || len(all) != 1 || all[0].Phase != runtime.Running {
				t.Errorf("there are %v (%v)", all, err)
			}
		})
	}
}

// listener waits for a word in a log.
type listener struct {
	word  string
	heard atomic.Bool
}

func (l *listener) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(l.word)) {
		l.heard.Store(true)
	}
	return len(line), nil
}

// TestTheHostDoesNotSeeHomes looks at the mounts of an agent, which are those of its host.
func TestTheHostDoesNotSeeHomes(t *testing.T) {
	outliving(t, time.Minute, func(t *testing.T, cfg process.Config) {
		cfg.Limits = small
		runAgent(t, cfg, "word-"+uuid.NewString(), -1)
		supervisor := recordOf(t, cfg.Dir, onlySession(t, cfg.Dir)).Supervisor
		if os.Geteuid() == 0 && !mounted(cfg.Dir) {
			t.Fatal("no file system is mounted")
		}
		if list, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", parentOf(t, supervisor))); err != nil ||
			bytes.Contains(list, []byte(cfg.Dir)) {
			t.Errorf("the host sees it (%v):\n%s", err, list)
		}
	})
}

// TestReserveEndsTheLargest has sessions on a disk of their own that together write more than its reserve leaves. One
// ends, and the others stay while it still has its files.
func TestReserveEndsTheLargest(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root mounts a disk")
	}
	for name, limits := range map[string]process.Limits{"with limits": {Disk: 1 << 30}, "without": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := unix.Mount("disk", dir, "tmpfs", 0, "size=450M"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
			rt := open(t, process.Config{Dir: dir, Limits: limits, Reserve: 190 << 20})
			start := func(disk int, command string) runtime.Workload {
				w := runtimetest.Workload()
				w.Spec.Disk, w.Spec.Command = disk, []string{"sh", "-c", command + "; sleep 600"}
				if err := rt.Start(t.Context(), w); err != nil {
					t.Fatal(err)
				}
				return w
			}
			looks := []runtime.Workload{start(32, ":"), start(32, ":")}
			little := start(0, "head -c 120M /dev/zero >file; sync file")
			much := start(0, "head -c 180M /dev/zero >file; sync file")
			ends(t, rt, much, "host_disk_full")
			// These two end at two further looks of the watchdog.
			for _, w := range looks {
				home := homeOf(t, dir, w.Session)
				eventually(t, "the session ended", func() bool {
					_ = fill(home, 32<<20)
					return statusOf(t, rt, w).Phase == runtime.Exited
				})
			}
			if s := statusOf(t, rt, little); s.Phase != runtime.Running {
				t.Errorf("the other is %s because of %q", s.Phase, s.Reason)
			}
		})
	}
}

// ends waits until a session has ended, and fails when that has another reason.
func ends(t *testing.T, rt *process.Runtime, w runtime.Workload, reason string) {
	t.Helper()
	eventually(t, "the session ended", func() bool { return statusOf(t, rt, w).Phase == runtime.Exited })
	if s := statusOf(t, rt, w); s.Reason != reason {
		t.Errorf("it ended because of %q, want %q", s.Reason, reason)
	}
}

// statusOf is what a runtime says of a session.
func statusOf(t testing.TB, rt *process.Runtime, w runtime.Workload) runtime.Status {
	t.Helper()
	all, err := rt.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Session == w.Session {
			return s
		}
	}
	t.Fatalf("session %s is not listed", w.Session)
	return runtime.Status{}
}
