package process_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// outliving are agents whose sessions outlive them, with and without namespaces.
func outliving(t *testing.T, outlive time.Duration, test func(*testing.T, process.Config)) {
	t.Parallel()
	for name, unconfined := range map[string]bool{"confined": false, "unconfined": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, process.Config{Dir: enterable(t), Unconfined: unconfined, Outlive: outlive})
		})
	}
}

// TestTakesOver kills an agent whose session runs, and has one leave it. The next agent has the session, as it was.
func TestTakesOver(t *testing.T) {
	outliving(t, time.Minute, func(t *testing.T, cfg process.Config) {
		killAgent(t, cfg, "word-"+uuid.NewString(), -1)
		id := onlySession(t, cfg.Dir)
		display := displayOf(t, cfg.Dir, id)
		for _, end := range []string{"killed", "stopped"} {
			rt, err := process.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			greets(t, rt, id)
			all, err := rt.List(t.Context())
			if err != nil || len(all) != 1 || all[0].Session != id || all[0].Phase != runtime.Running ||
				all[0].Namespace != runtimetest.Workload().Namespace {
				t.Errorf("after an agent that was %s the next one lists %v (%v)", end, all, err)
			}
			if err := rt.Leave(); err != nil {
				t.Errorf("leave: %v", err)
			}
		}
		if now := displayOf(t, cfg.Dir, id); now != display {
			t.Errorf("the display is process %d, and was %d", now, display)
		}
		inside := processesOf(t, cfg.Dir, id)
		rt := open(t, cfg)
		if err := rt.Stop(t.Context(), id); err != nil {
			t.Errorf("stop: %v", err)
		}
		isNobody(t, inside)
	})
}

// greets fails when a session's display does not respond.
func greets(t *testing.T, rt *process.Runtime, id uuid.UUID) {
	t.Helper()
	conn, err := rt.Dial(t.Context(), id)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	defer conn.Close()
	var greeting [4]byte
	if _, err := io.ReadFull(conn, greeting[:]); err != nil || string(greeting[:]) != "RFB " {
		t.Errorf("the display says %q (%v)", greeting, err)
	}
}

// TestLearnsOfAnEnd has sessions end while no agent runs: one by itself, one whose supervisor is killed too.
func TestLearnsOfAnEnd(t *testing.T) {
	outliving(t, time.Minute, func(t *testing.T, cfg process.Config) {
		killAgent(t, cfg, "word-"+uuid.NewString(), -1)
		id := onlySession(t, cfg.Dir)
		if err := syscall.Kill(displayOf(t, cfg.Dir, id), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the end was written down", func() bool {
			_, err := os.Stat(filepath.Join(cfg.Dir, "sessions", id.String(), "ended"))
			return err == nil
		})
		rt := open(t, cfg)
		if s := learns(t, rt); s.Reason != "display_ended" {
			t.Errorf("the next agent gives the reason %q", s.Reason)
		}
		if err := rt.Stop(t.Context(), id); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// learns waits until an agent knows that its only session has ended. A supervisor may be about to end.
func learns(t *testing.T, rt *process.Runtime) (ended runtime.Status) {
	t.Helper()
	eventually(t, "the agent knew of the end", func() bool {
		all, err := rt.List(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("it lists %v (%v)", all, err)
		}
		ended = all[0]
		return ended.Phase == runtime.Exited
	})
	return ended
}

// TestLeavesNobodyToTheKernel has an agent come before the kernel has killed a supervisor that ends with its agent.
// Here only its record says that it does, so that it is certain to be there still.
func TestLeavesNobodyToTheKernel(t *testing.T) {
	outliving(t, time.Minute, func(t *testing.T, cfg process.Config) {
		kill := runAgent(t, cfg, "word-"+uuid.NewString(), -1)
		id := onlySession(t, cfg.Dir)
		inside := processesOf(t, cfg.Dir, id)
		kill()
		file := filepath.Join(cfg.Dir, "sessions", id.String(), "process")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ends := bytes.Replace(raw, []byte(`"outlives":true`), []byte(`"outlives":false`), 1)
		if bytes.Equal(raw, ends) {
			t.Fatalf("the record does not say that the session outlives its agent: %s", raw)
		}
		if err := os.WriteFile(file, ends, 0o600); err != nil {
			t.Fatal(err)
		}
		nextRemoves(t, cfg, inside)
	})
}

// TestRemovesWhatLostItsSupervisor kills agent and supervisor.
func TestRemovesWhatLostItsSupervisor(t *testing.T) {
	outliving(t, time.Minute, func(t *testing.T, cfg process.Config) {
		kill := runAgent(t, cfg, "word-"+uuid.NewString(), -1)
		id := onlySession(t, cfg.Dir)
		inside := processesOf(t, cfg.Dir, id)
		kill()
		supervisor := recordOf(t, cfg.Dir, id).Supervisor
		if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the supervisor ended", func() bool { return !runs(supervisor) })
		nextRemoves(t, cfg, inside)
	})
}

// nextRemoves runs the next agent, which removes the session with these processes.
func nextRemoves(t *testing.T, cfg process.Config, inside map[int]string) {
	t.Helper()
	rt := open(t, cfg)
	if all, err := rt.List(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("the next agent lists %v (%v)", all, err)
	}
	isNobody(t, inside)
}

// TestASupervisorIsKilled kills the supervisor of a session under its agent.
func TestASupervisorIsKilled(t *testing.T) {
	outliving(t, time.Minute, func(t *testing.T, cfg process.Config) {
		rt := open(t, cfg)
		w := runtimetest.Workload()
		if err := rt.Start(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		inside := processesOf(t, cfg.Dir, w.Session)
		if err := syscall.Kill(recordOf(t, cfg.Dir, w.Session).Supervisor, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if s := exited(t, rt); s.Reason != "desktop_killed" {
			t.Errorf("the reason is %q", s.Reason)
		}
		isNobody(t, inside)
		if err := rt.Stop(t.Context(), w.Session); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// TestEndsWithoutAnAgent has no agent come back.
func TestEndsWithoutAnAgent(t *testing.T) {
	outliving(t, time.Second, func(t *testing.T, cfg process.Config) {
		kill := runAgent(t, cfg, "word-"+uuid.NewString(), -1)
		id := onlySession(t, cfg.Dir)
		inside := processesOf(t, cfg.Dir, id)
		kill()
		eventually(t, "nothing ran any more", func() bool {
			for pid := range inside {
				if runs(pid) {
					return false
				}
			}
			return true
		})
		rt := open(t, cfg)
		if s := learns(t, rt); s.Reason != "desktop_killed" {
			t.Errorf("the next agent gives the reason %q", s.Reason)
		}
		if err := rt.Stop(t.Context(), id); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// TestDiesHalfStarted kills agents at different moments of a start. What they began does not run on.
func TestDiesHalfStarted(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 5, 10, 20, 30, 40, 50, 60, 80, 100} { // milliseconds
		cfg, word := process.Config{Dir: t.TempDir(), Outlive: time.Minute}, "word-"+uuid.NewString()
		killAgent(t, cfg, word, after*time.Millisecond)
		rt, err := process.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		all, err := rt.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all { // it had started
			if err := rt.Stop(context.Background(), s.Session); err != nil {
				t.Errorf("stop: %v", err)
			}
		}
		eventually(t, fmt.Sprintf("nothing ran any more (%d ms)", after), func() bool {
			return seeAttempt(attempt{Arg: word}) != nil
		})
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(filepath.Join(cfg.Dir, "sessions")); err != nil || len(left) > 0 {
			t.Errorf("%d folders are left (%v)", len(left), err)
		}
	}
}
