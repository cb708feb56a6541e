package process

import (
	"errors"
	"fmt"
	"os"
	goruntime "runtime"

	"golang.org/x/sys/unix"
)

// joinNewKeyring gives the calling thread, and the processes that it starts, a new and empty session keyring. The
// kernel frees a keyring with its keys when the last process that has joined it ends.
func joinNewKeyring() error {
	_, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
	return unlessNoKeyrings(err)
}

// unlessNoKeyrings drops the errors of a kernel without keyrings, and of a container whose filter refuses them. Such a
// filter binds sessions as well.
func unlessNoKeyrings(err error) error {
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// clearKeyrings removes the keys that earlier processes of a user left in the keyrings that belong to the user and not
// to a process. The kernel keeps those after the user's last process has ended. Only root can call it.
func clearKeyrings(uid int) error {
	done := make(chan error)
	go func() { done <- onThreadOfItsOwn(func() error { return clearAs(uid) }) }()
	if err := <-done; err != nil {
		return fmt.Errorf("clear the keyrings of user %d: %w", uid, err)
	}
	return nil
}

// onThreadOfItsOwn calls fn on a thread that ends with the calling goroutine, so that fn may change the thread's user.
// The program's first thread never ends, and its user is the user of the whole program to others. So fn never runs on
// that one.
func onThreadOfItsOwn(fn func() error) error {
	goruntime.LockOSThread()
	if unix.Gettid() != os.Getpid() {
		return fn() // the thread stays locked, so that it ends with the goroutine
	}
	defer goruntime.UnlockOSThread()
	done := make(chan error)
	go func() { done <- onThreadOfItsOwn(fn) }() // on another thread, because this one is locked and waits
	return <-done
}

// clearAs makes the calling thread one of the user, for good, because only such a thread reaches the user's keyrings,
// and clears them. The system calls are raw: those of the standard library change all threads.
func clearAs(uid int) error {
	if err := joinNewKeyring(); err != nil {
		return err
	}
	id := uintptr(uid)
	for _, call := range []uintptr{unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
		if _, _, errno := unix.RawSyscall(call, id, id, id); errno != 0 {
			return errno
		}
	}
	for _, ring := range []int{unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_USER_SESSION_KEYRING} {
		if err := clearKeyring(ring); err != nil {
			return err
		}
	}
	// This links the user's persistent keyring into the thread's new session keyring, which gives the right to clear it.
	ring, err := unix.KeyctlInt(unix.KEYCTL_GET_PERSISTENT, -1, unix.KEY_SPEC_SESSION_KEYRING, 0, 0)
	if err != nil {
		return unlessNoKeyrings(err) // a kernel may have all keyrings but these
	}
	return clearKeyring(ring)
}

// clearKeyring fails with EACCES if a session has taken from its own user the rights to the keyring. Nobody can then
// use what is in it, and nobody can remove it.
func clearKeyring(ring int) error {
	_, err := unix.KeyctlInt(unix.KEYCTL_CLEAR, ring, 0, 0, 0)
	return unlessNoKeyrings(err)
}
