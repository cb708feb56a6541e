package process_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// attempt is something that a session must not be able to do.
type attempt struct {
	Name string
	Kind string // a key of attempts
	Arg  string
	// Cookie is shown to a display, or identifies a folder of this host.
	Cookie []byte
}

// attempts does each kind. Nil means that it worked.
var attempts = map[string]func(attempt) error{
	"connect": func(a attempt) error { return closed(net.Dial("unix", a.Arg)) },
	"tcp":     func(a attempt) error { return closed(net.DialTimeout("tcp", a.Arg, time.Second)) },
	"read":    readAttempt,
	"write": func(a attempt) error {
		path := filepath.Join(a.Arg, "streamspace-probe-"+strconv.Itoa(os.Getpid()))
		return errors.Join(os.WriteFile(path, nil, 0o600), os.Remove(path))
	},
	"signal": func(a attempt) error { return unix.Kill(number(a.Arg), 0) },
	"trace": func(a attempt) error {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := unix.PtraceAttach(number(a.Arg)); err != nil {
			return err
		}
		_, err := unix.Wait4(number(a.Arg), nil, unix.WALL, nil)
		return errors.Join(err, unix.PtraceDetach(number(a.Arg)))
	},
	"open": func(a attempt) error {
		f, err := os.OpenFile(a.Arg, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	},
	"fork": forkAttempt,
	"see":  seeAttempt,
	"be root": func(attempt) error {
		if uid := os.Geteuid(); uid != 0 {
			return fmt.Errorf("it is user %d", uid)
		}
		return nil
	},
	"network": func(attempt) error {
		all, err := net.Interfaces()
		if err == nil && (len(all) == 0 || len(all) == 1 && all[0].Name == "lo") {
			return errors.New("there is no network")
		}
		return err
	},
	"display": displayAttempt,
	"call":    func(a attempt) error { return calls[a.Arg]() },
	"identify": func(a attempt) error {
		at, err := inode(a.Arg)
		if err == nil && at != string(a.Cookie) {
			err = fmt.Errorf("it is %s, not the host's", at)
		}
		return err
	},
	"keep key": func(a attempt) error { return keyAttempt(a, true) },
	"find key": func(a attempt) error { return keyAttempt(a, false) },
}

func number(s string) int { n, _ := strconv.Atoi(s); return n }

func closed(c net.Conn, err error) error {
	if err != nil {
		return err
	}
	return c.Close()
}

func readAttempt(a attempt) error {
	info, err := os.Stat(a.Arg)
	if err == nil && info.IsDir() {
		_, err = os.ReadDir(a.Arg)
		return err
	}
	_, err = os.ReadFile(a.Arg)
	return err
}

// inode identifies a file or folder of this machine.
func inode(path string) (string, error) {
	var s unix.Stat_t
	err := unix.Stat(path, &s)
	return fmt.Sprintf("%d:%d", s.Dev, s.Ino), err
}

// seeAttempt looks for a process by a word of its command.
func seeAttempt(a attempt) error {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if raw, err := os.ReadFile(f); err == nil && bytes.Contains(raw, []byte(a.Arg)) {
			return nil
		}
	}
	return fmt.Errorf("none of %d processes", len(files))
}

// displayAttempt opens an X display, showing a cookie. A display that takes it can be read: windows, keys and all.
func displayAttempt(a attempt) error {
	conn, err := net.Dial("unix", a.Arg)
	if err != nil {
		return err
	}
	defer conn.Close()
	const protocol = "MIT-MAGIC-COOKIE-1"
	hello := []byte{'l', 0, 11, 0, 0, 0, byte(len(protocol)), 0, byte(len(a.Cookie)), 0, 0, 0}
	hello = append(append(hello, protocol...), 0, 0) // padded to four bytes
	if _, err := conn.Write(append(hello, a.Cookie...)); err != nil {
		return err
	}
	var answer [8]byte
	if _, err := conn.Read(answer[:]); err != nil {
		return err
	}
	if answer[0] != 1 {
		return errors.New("the display refuses")
	}
	return nil
}

// probe is what this program does inside a session: it makes the attempts of attempts.json and writes results.json.
func probe() error {
	raw, err := os.ReadFile("attempts.json")
	if err != nil {
		return err
	}
	var todo []attempt
	if err := json.Unmarshal(raw, &todo); err != nil {
		return err
	}
	results := map[string]string{"": identity()}
	for _, a := range todo {
		if err := attempts[a.Kind](a); err != nil {
			results[a.Name] = err.Error()
		} else {
			results[a.Name] = worked
		}
	}
	if raw, err = json.Marshal(results); err != nil {
		return err
	}
	return errors.Join(os.WriteFile("results.new", raw, 0o644), os.Rename("results.new", "results.json"))
}

const worked = "it worked"

// identity is who the probe is, in the words of id.
func identity() string {
	out, err := exec.Command("id").CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}

// waitForProbe is the command of a session that runs the probe as soon as the test has put it into its home.
func waitForProbe() []string {
	return []string{"sh", "-c", "until [ -x probe ]; do sleep 0.02; done; ./probe; exec sleep 600"}
}

// try makes attempts in a session that was started with waitForProbe, and returns what came of each.
func try(t *testing.T, home string, todo []attempt) map[string]string {
	t.Helper()
	giveProbe(t, home, todo)
	return results(t, home)
}

// tryOutside makes attempts as this test's own user, without a session.
func tryOutside(t *testing.T, todo []attempt) map[string]string {
	t.Helper()
	dir := t.TempDir()
	giveProbe(t, dir, todo)
	cmd := exec.Command("./probe")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("probe: %v: %s", err, out)
	}
	return results(t, dir)
}

// giveProbe puts the probe, which is this very program, and what it is to do into a folder.
func giveProbe(t *testing.T, dir string, todo []attempt) {
	t.Helper()
	raw, err := json.Marshal(todo)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		os.WriteFile(in("attempts.json"), raw, 0o644),
		os.Rename(copySelf(t, in("probe.new")), in("probe")),
	); err != nil {
		t.Fatal(err)
	}
}

func results(t *testing.T, dir string) map[string]string {
	t.Helper()
	var got map[string]string
	eventually(t, "the probe wrote its results", func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, "results.json"))
		return err == nil && json.Unmarshal(raw, &got) == nil
	})
	return got
}

// eventually polls what another program does, for at most two minutes: an emulated machine is slow.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("it never came that %s", what)
}

// sleeper starts a process of this host that does nothing.
func sleeper(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", append([]string{"600"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}
