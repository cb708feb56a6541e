package process_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/process"
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

// TestOneFileIsBounded fills the disk with one file, which the kernel ends before the watchdog looks.
func TestOneFileIsBounded(t *testing.T) {
	t.Parallel()
	cfg, w := process.Config{Dir: t.TempDir(), Limits: small}, runtimetest.Workload()
	rt := open(t, cfg)
	w.Spec.Command = []string{"sh", "-c", "head -c 1G /dev/zero >hog; touch full; sleep 60"}
	if err := rt.Start(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	hog := filepath.Join(homeOf(cfg.Dir, w.Session), "hog")
	eventually(t, "the hog ended", func() bool { return statusOf(t, rt, w).Phase == runtime.Exited })
	if info, err := os.Stat(hog); err != nil || info.Size() > small.Disk {
		t.Errorf("it wrote more than %d bytes (%v)", small.Disk, err)
	}
}

// statusOf is what a runtime says of a session.
func statusOf(t *testing.T, rt *process.Runtime, w runtime.Workload) runtime.Status {
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
