package process

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// An agent that runs as root gives each session its own user id from this range, and the same group id. Debian does not
// use the range for people, services or, in /etc/subuid, containers. These users need no names and no configuration.
const (
	firstUID = 2_000_000
	uidCount = 10_000
)

// uidsInUse is the file in which the agents of a host mark the ids that they use. Byte n stands for the id firstUID +
// n, and the agent that uses the id holds a lock on the byte. The kernel releases the locks of an agent that ends.
const uidsInUse = "/run/streamspace.uids"

// uids allocates user ids.
type uids struct {
	file *os.File // nil when this process is not root: then sessions run as its own user

	mu   sync.Mutex
	used map[int]bool
}

// openUIDs opens the list. O_NOFOLLOW refuses a symbolic link that another program placed at the path.
func openUIDs() (*uids, error) {
	u := &uids{used: map[int]bool{}}
	if os.Geteuid() != 0 {
		return u, nil
	}
	f, err := os.OpenFile(uidsInUse, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	u.file = f
	return u, err
}

// claim returns an id that no other session and no process of this host uses, or zero when this process is not root.
// The lock alone is not enough: the locks of a killed agent are gone, but processes of its sessions may still run
// under their ids.
func (u *uids) claim(session uuid.UUID) (int, error) {
	if u.file == nil {
		return 0, nil
	}
	running, err := pids()
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	owners := make(map[int]bool, len(running))
	for _, pid := range running {
		owners[owner(pid)] = true
	}
	// Each session starts its search at a different place, so that an id is not reused soon.
	start := spread(session)
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range uidCount {
		uid := firstUID + (start+i)%uidCount
		if u.used[uid] || owners[uid] {
			continue
		}
		switch err := u.lock(uid, unix.F_WRLCK); {
		case err == nil:
			u.used[uid] = true
			return uid, nil
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES):
			return 0, fmt.Errorf("lock user id %d: %w", uid, err)
		}
	}
	return 0, fmt.Errorf("all user ids from %d to %d are in use", firstUID, firstUID+uidCount-1)
}

// spread hashes a session's id to a number below uidCount. Two sessions rarely share it.
func spread(session uuid.UUID) int {
	h := fnv.New32a()
	_, _ = h.Write(session[:])
	return int(h.Sum32() % uidCount)
}

// idle reports whether no agent uses an id now. An earlier agent then left the processes that still have it.
func (u *uids) idle(uid int) bool {
	if u.file == nil || uid == 0 {
		return uid == 0
	}
	if u.lock(uid, unix.F_WRLCK) != nil {
		return false
	}
	return u.lock(uid, unix.F_UNLCK) == nil
}

// release frees an id. All its processes and files must be gone.
func (u *uids) release(uid int) {
	if uid == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.used[uid] {
		delete(u.used, uid)
		_ = u.lock(uid, unix.F_UNLCK) // cannot fail for a range that is locked; were it to, the id stays unused
	}
}

// lock sets a lock that belongs to the open file and not to this process, so that two runtimes of one process also
// exclude each other.
func (u *uids) lock(uid int, kind int16) error {
	at := unix.Flock_t{Type: kind, Start: int64(uid - firstUID), Len: 1}
	return unix.FcntlFlock(u.file.Fd(), unix.F_OFD_SETLK, &at)
}

// close releases every lock. All sessions must have ended.
func (u *uids) close() error {
	if u.file == nil {
		return nil
	}
	return u.file.Close()
}
