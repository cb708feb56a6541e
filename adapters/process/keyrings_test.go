package process_test

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// rings names the keyrings that outlive the process that put a key into them.
var rings = map[string]int{
	"session": unix.KEY_SPEC_SESSION_KEYRING, "user": unix.KEY_SPEC_USER_KEYRING,
	"user session": unix.KEY_SPEC_USER_SESSION_KEYRING,
	"persistent":   0, // has no constant: it is asked for
}

// keyAttempt puts a key into the keyring that the attempt names, or looks for it there.
func keyAttempt(a attempt, keep bool) (err error) {
	const keyType, name = "user", "streamspace-test"
	ring := rings[a.Arg]
	if ring == 0 {
		ring, err = unix.KeyctlInt(unix.KEYCTL_GET_PERSISTENT, -1, unix.KEY_SPEC_PROCESS_KEYRING, 0, 0)
		if err != nil {
			return err
		}
	}
	if keep {
		_, err = unix.AddKey(keyType, name, []byte("secret"), ring)
		return err
	}
	_, err = unix.KeyctlSearch(ring, keyType, name, 0)
	return err
}

// keyAttempts does the same with each keyring.
func keyAttempts(kind string) []attempt {
	var all []attempt
	for name := range rings {
		all = append(all, attempt{Name: kind + " in the " + name + " keyring", Kind: kind, Arg: name})
	}
	return all
}

// TestKeysEndWithTheirSession looks in one session for the keys of another that ran before under the same user id, and
// of one that still runs. The sessions have no sandbox, because its filter refuses the calls anyway.
func TestKeysEndWithTheirSession(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("without root, sessions share a user and so its keyrings")
	}
	cfg := process.Config{Dir: enterable(t), Unconfined: true}
	rt := open(t, cfg)
	start := func(id uuid.UUID, todo []attempt) (uid int, got map[string]string) {
		w := runtime.Workload{Session: id, Namespace: "org-test", Spec: runtime.Spec{Command: waitForProbe()}}
		if err := rt.Start(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		return userOf(t, cfg.Dir, id), try(t, homeOf(t, cfg.Dir, id), todo)
	}
	first, second := runtimetest.Workload().Session, runtimetest.Workload().Session
	uid, got := start(first, append(keyAttempts("keep key"), keyAttempts("find key")...))
	for name, result := range got {
		if name != "" && result != worked {
			t.Skipf("this machine does not let programs %s: %s", name, result)
		}
	}
	_, got = start(second, keyAttempts("find key"))
	refused(t, got)
	if err := rt.Stop(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first session's processes were reaped", func() bool {
		all, err := filepath.Glob("/proc/[0-9]*")
		return err == nil && !slices.ContainsFunc(all, func(path string) bool {
			info, err := os.Stat(path)
			return err == nil && int(info.Sys().(*syscall.Stat_t).Uid) == uid
		})
	})
	next, got := start(first, keyAttempts("find key")) // the same session gets the same user, if it is free
	if next != uid {
		t.Fatalf("the session runs as user %d and then as %d: this test needs the same", uid, next)
	}
	refused(t, got)
}
