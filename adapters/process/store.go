package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// store is the agent's data folder:
//
//	lock                 locked by the agent that uses the folder
//	sessions/ID/home     the session's home; owned by its user
//	            home.img    the file system of the home, where one can be made; only the session has it mounted
//	            xauthority  the cookie of its display; owned by its user
//	            desktop     the script that runs it
//	            passwd, group  the session's /etc/passwd and /etc/group
//	            rfb         the socket on which its display serves viewers; owned by the agent
//	            process     identifies its supervisor and its leader
//	            ready       exists once its display has responded
//	            ended       how it ended
type store struct {
	sessions string
	lock     *os.File
	// root is the open folder of the sessions. Paths of sockets start with its file descriptor, because such a path may
	// have at most 107 bytes and that of the data folder may be longer.
	root *os.File
	// entered is set when the sessions' users must traverse these folders, because no sandbox mounts their own folder.
	entered bool
}

// openStore makes the folder and locks it. When unconfined, it also checks that the sessions' users can reach it.
func openStore(dir string, unconfined bool) (_ *store, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &store{sessions: filepath.Join(dir, "sessions"), entered: unconfined && os.Geteuid() == 0}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if s.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := makeFolder(s.sessions, s.mode()); err != nil {
		return nil, err
	}
	if s.entered {
		if err := enterable(s.sessions); err != nil {
			return nil, err
		}
	}
	s.root, err = os.Open(s.sessions)
	return s, err
}

// lockTimeout is how long an agent waits for the folder's lock. If an earlier agent was killed while it started a
// process, that process holds the lock for a moment.
const lockTimeout = time.Second

// lockFile opens a file and locks it until it is closed.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(lockTimeout); ; <-time.After(5 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w (another agent uses this folder)", path, err), f.Close())
		}
	}
}

// agentRuns reports whether an agent has locked a file.
func agentRuns(lock string) bool {
	f, err := os.Open(lock)
	if err != nil {
		return false
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) != nil
}

// enterable fails when other users cannot traverse a folder or one above it.
func enterable(dir string) error {
	for at := dir; at != "/"; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if info.Mode()&0o001 == 0 {
			return fmt.Errorf("sessions without namespaces run as users that cannot enter %s: chmod o+x %s", at, at)
		}
	}
	return nil
}

// mode is the mode of folders that contain sessions.
func (s *store) mode() os.FileMode {
	if s.entered {
		return 0o711
	}
	return 0o700
}

// makeFolder creates a folder with exactly this mode, whatever the umask.
func makeFolder(path string, mode os.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return os.Chmod(path, mode)
}

// close unlocks the folder for the next agent.
func (s *store) close() error {
	var err error
	if s.root != nil {
		err = s.root.Close()
	}
	return errors.Join(err, s.lock.Close())
}

// folder is the folder of one session.
type folder struct {
	path string
	// short is a path of a few bytes to the same folder, for sockets.
	short string
	mode  os.FileMode
}

// folder returns the paths of a session. It creates nothing.
func (s *store) folder(session uuid.UUID) folder {
	short := "/proc/self/fd/" + strconv.Itoa(int(s.root.Fd())) + "/" + session.String()
	return folder{filepath.Join(s.sessions, session.String()), short, s.mode()}
}

func (f folder) home() string       { return filepath.Join(f.path, "home") }
func (f folder) image() string      { return filepath.Join(f.path, "home.img") }
func (f folder) xauthority() string { return filepath.Join(f.path, "xauthority") }
func (f folder) script() string     { return filepath.Join(f.path, "desktop") }
func (f folder) passwd() string     { return filepath.Join(f.path, "passwd") }
func (f folder) group() string      { return filepath.Join(f.path, "group") }

// make creates the folder of a session that runs as this user; zero is the agent's user. It fails if the folder
// exists, because two sessions must never share one.
func (f folder) make(uid int) error {
	user := uid
	if user == 0 {
		user = os.Geteuid()
	}
	cookie, err := newCookie()
	if err != nil {
		return err
	}
	if err := os.Mkdir(f.path, f.mode); err != nil {
		return err
	}
	// Mkdir applies the umask, so the modes are set again.
	if err := errors.Join(os.Chmod(f.path, f.mode), os.Mkdir(f.home(), 0o700)); err != nil {
		return err
	}
	for path, content := range map[string]string{
		f.script(): desktop,
		f.passwd(): fmt.Sprintf("user:x:%d:%d:user:%s:/bin/bash\n", user, user, insideHome),
		f.group():  fmt.Sprintf("user:x:%d:\n", user),
	} {
		if err := errors.Join(os.WriteFile(path, []byte(content), 0o644), os.Chmod(path, 0o644)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(f.xauthority(), cookie.xauthority(), 0o600); err != nil || uid == 0 {
		return err
	}
	return errors.Join(os.Chown(f.home(), uid, uid), os.Chown(f.xauthority(), uid, uid))
}

// remove removes the folder with everything that the session wrote. The session's processes must have ended.
func (f folder) remove() error {
	err := os.RemoveAll(f.path)
	if !errors.Is(err, os.ErrPermission) {
		return err
	}
	// The agent is not root, and the session removed its own rights to a folder.
	if err := f.open(); err != nil {
		return err
	}
	return os.RemoveAll(f.path)
}

// open restores the rights to every folder. It does not follow symbolic links.
func (f folder) open() error {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return err
	}
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return root.Chmod(path, 0o700)
	})
	return errors.Join(err, root.Close())
}
