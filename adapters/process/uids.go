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
// n, and whoever uses the id holds a lock on the byte: the agent and the session's supervisor, which share an open
// file. The kernel releases the lock when both have ended.
const uidsInUse = "/run/streamspace.uids"

// uids allocates user ids.
type uids struct {
	list *os.File // nil when this process is not root: then sessions run as its own user

	mu sync.Mutex
	// used has the open file of each id that is locked by it. It is nil for a session that another agent has started: its
	// supervisor has it.
	used map[int]*os.File
}

// openUIDs opens the list. O_NOFOLLOW refuses a symbolic link that another program placed at the path.
func openUIDs() (*uids, error) {
	u := &uids{used: map[int]*os.File{}}
	if os.Geteuid() != 0 {
		return u, nil
	}
	var err error
	u.list, err = openList()
	return u, err
}

func openList() (*os.File, error) {
	return os.OpenFile(uidsInUse, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
}

// claim returns an id that no other session and no process of this host uses, or zero when this process is not root.
// The lock alone is not enough: the locks of a killed agent are gone, but processes of its sessions may still run
// under their ids.
func (u *uids) claim(session uuid.UUID) (int, error) {
	if u.list == nil {
		return 0, nil
	}
	file, err := openList() // of its own, because the lock belongs to the open file
	if err != nil {
		return 0, err
	}
	uid, err := u.claimBy(file, session)
	if err != nil {
		return 0, errors.Join(err, file.Close())
	}
	return uid, nil
}

func (u *uids) claimBy(file *os.File, session uuid.UUID) (int, error) {
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
	var unclear error
	for i := range uidCount {
		uid := firstUID + (start+i)%uidCount
		if _, used := u.used[uid]; used || owners[uid] {
			continue
		}
		switch err := lock(file, uid, unix.F_WRLCK); {
		case err == nil:
			// An id whose keyrings stay locked or full is kept, and no session gets it.
			if unclear = clearKeyrings(uid); unclear == nil {
				u.used[uid] = file
				return uid, nil
			}
			u.used[uid] = nil
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES):
			return 0, fmt.Errorf("lock user id %d: %w", uid, err)
		}
	}
	return 0, errors.Join(fmt.Errorf("all user ids from %d to %d are in use", firstUID, firstUID+uidCount-1), unclear)
}

// spread hashes a session's id to a number below uidCount. Two sessions rarely share it.
func spread(session uuid.UUID) int {
	h := fnv.New32a()
	_, _ = h.Write(session[:])
	return int(h.Sum32() % uidCount)
}

// idle reports whether no agent uses an id now. An earlier agent then left the processes that still have it.
func (u *uids) idle(uid int) bool {
	if u.list == nil || uid == 0 {
		return uid == 0
	}
	if lock(u.list, uid, unix.F_WRLCK) != nil {
		return false
	}
	return lock(u.list, uid, unix.F_UNLCK) == nil
}

// take notes that a session which another agent has started uses an id.
func (u *uids) take(uid int) {
	if uid == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.used[uid] = nil
}

// file is the open file that has locked an id, for the session's supervisor; nil for the agent's own user.
func (u *uids) file(uid int) *os.File {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.used[uid]
}

// release frees an id. All its processes and files must be gone.
func (u *uids) release(uid int) {
	if uid == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if file := u.used[uid]; file != nil {
		_ = file.Close() // which releases the lock, because the supervisor has ended
	}
	delete(u.used, uid)
}

// lock sets a lock that belongs to the open file and not to this process, so that two runtimes of one process also
// exclude each other.
func lock(file *os.File, uid int, kind int16) error {
	at := unix.Flock_t{Type: kind, Start: int64(uid - firstUID), Len: 1}
	return unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &at)
}

// close releases every lock that no supervisor has.
func (u *uids) close() error {
	if u.list == nil {
		return nil
	}
	err := u.list.Close()
	for _, file := range u.used {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}
