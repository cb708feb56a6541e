package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// TestMain lets this program be three more: the supervisor of a session, the probe that a session runs, and an agent
// that can be killed.
func TestMain(m *testing.M) {
	play := func() error {
		if err := able(); err != nil {
			return fmt.Errorf("this machine cannot run the tests of desktops: %w", err)
		}
		goleak.VerifyTestMain(m)
		return nil
	}
	if process.IsSupervisor() {
		play = process.Supervise
	} else if filepath.Base(os.Args[0]) == "probe" {
		play = probe
	} else if config := os.Getenv(agentConfig); config != "" {
		play = func() error { return agent(config) }
	}
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// able fails with the one thing that this machine lacks, which otherwise each test would report in its own way.
func able() error {
	for _, unconfined := range []bool{true, false} {
		for _, f := range process.Examine(context.Background(), process.Config{Unconfined: unconfined}) {
			if f.State == process.Failure {
				return fmt.Errorf("%s: %s; to mend it: %s", f.Check, f.Found, f.Mend)
			}
		}
		dir, err := os.MkdirTemp("", "streamspace-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := os.Chmod(dir, 0o711); err != nil {
			return err
		}
		rt, err := process.New(process.Config{Dir: dir, Unconfined: unconfined})
		if err != nil {
			return err
		}
		if err := rt.Close(); err != nil {
			return err
		}
	}
	return nil
}

func TestRuntime(t *testing.T) {
	t.Parallel()
	runtimetest.Run(t, func(t *testing.T) runtime.Runtime { return open(t, process.Config{Dir: t.TempDir()}) })
}

func TestUnconfinedRuntime(t *testing.T) {
	t.Parallel()
	runtimetest.Run(t, func(t *testing.T) runtime.Runtime {
		return open(t, process.Config{Dir: enterable(t), Unconfined: true})
	})
}

// open makes a runtime, in whose folder nothing may be left when it is closed.
func open(t testing.TB, cfg process.Config) *process.Runtime {
	t.Helper()
	rt, err := process.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if left, err := os.ReadDir(filepath.Join(cfg.Dir, "sessions")); err != nil || len(left) > 0 {
			t.Errorf("%d sessions left their folders (%v)", len(left), err)
		}
	})
	return rt
}

// enterable makes a folder that other users may enter, as sessions without a sandbox must.
func enterable(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "streamspace-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// recorded is what the agent writes down of a session's process.
type recorded struct {
	Supervisor int    `json:"supervisor"`
	PID        int    `json:"pid"`
	Started    uint64 `json:"started"`
	Boot       string `json:"boot"`
	UID        int    `json:"uid"`
	Socket     string `json:"socket"`
}

func recordOf(t testing.TB, dir string, session uuid.UUID) (r recorded) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "sessions", session.String(), "process"))
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// userOf is the user that a session runs as.
func userOf(t testing.TB, dir string, session uuid.UUID) int {
	if own := recordOf(t, dir, session).UID; own != 0 {
		return own
	}
	return os.Geteuid()
}

// homeOf is the home of a session that runs. Where it is a file system of its own, only the session's processes and its
// supervisor see it.
func homeOf(t testing.TB, dir string, session uuid.UUID) string {
	t.Helper()
	at := filepath.Join(dir, "sessions", session.String())
	home := filepath.Join(at, "home")
	if _, err := os.Stat(filepath.Join(at, "home.img")); err == nil {
		return fmt.Sprintf("/proc/%d/root%s", recordOf(t, dir, session).Supervisor, home)
	}
	return home
}

// cookieOf is the cookie of a session's display: the last field of its X authority file.
func cookieOf(t *testing.T, dir string, session uuid.UUID) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "sessions", session.String(), "xauthority"))
	if err != nil {
		t.Fatal(err)
	}
	return raw[len(raw)-16:]
}

// TestAsOrdinaryUser runs the contract once more as a user that is not root, who has other means to keep sessions
// apart.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the other tests do")
	}
	const nobody = 65534
	dir := enterable(t)
	program := copySelf(t, filepath.Join(dir, "process.test"))
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "tmp"), 0o700),
		os.Chown(filepath.Join(dir, "tmp"), nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	const tests = "TestRuntime|TestUnconfinedRuntime|TestIsolation|TestDiesWithAgent|TestLongFolder|" +
		"TestRemovesWhatIsShut|TestHogsEnd|TestUnconfinedHogEnds|TestCalls|TestNestedNamespaces|TestFlatSandbox"
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^("+tests+")$")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + filepath.Join(dir, "tmp")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// copySelf copies this program to where others can run it. Another program does it: were the copy open for writing in
// this one, a process that another test forks at that moment would hold it open too, and it could not be run.
func copySelf(t *testing.T, path string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("install", "--mode=0755", self, path).CombinedOutput(); err != nil {
		t.Fatalf("copy this program: %v: %s", err, out)
	}
	return path
}
