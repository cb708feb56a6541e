package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the operating system's user that the server runs as.
type account struct {
	name     string
	uid, gid int
	starter  string // the user of this program, as peer authentication sees it
	switches bool   // whether the two users differ, because root starts the server as another user
}

// runAs finds the account. Only root can choose one, and root must: PostgreSQL refuses to run as root.
func runAs(name string) (account, error) {
	self, err := user.Current()
	if err != nil {
		return account{}, fmt.Errorf("look up who runs this program: %w", err)
	}
	if self.Uid != "0" {
		return account{name: self.Username, uid: os.Getuid(), gid: os.Getgid(), starter: self.Username}, nil
	}
	if name == "" {
		name = "postgres"
	}
	other, err := user.Lookup(name)
	if err != nil {
		return account{}, fmt.Errorf("PostgreSQL refuses to run as root and there is no user %s: "+
			"install Debian's postgresql, or run `useradd --system %s`: %w", name, name, err)
	}
	a := account{name: name, starter: self.Username, switches: true}
	if a.uid, err = strconv.Atoi(other.Uid); err != nil {
		return account{}, fmt.Errorf("read the uid of %s: %w", name, err)
	}
	if a.gid, err = strconv.Atoi(other.Gid); err != nil {
		return account{}, fmt.Errorf("read the gid of %s: %w", name, err)
	}
	if a.uid == 0 {
		return account{}, fmt.Errorf("PostgreSQL refuses to run as root, and %s is root", name)
	}
	return a, nil
}

// dress prepares a command to run as the account. The command inherits no environment: variables such as PGDATA or
// LC_MESSAGES would change what the server does or how its messages read.
func (a account) dress(cmd *exec.Cmd) {
	cmd.Dir = "/" // the account may be unable to enter the current folder
	// This package parses messages in English. UTC times can be compared with other logs.
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "LC_MESSAGES=C", "TZ=UTC"}
	// A group of its own keeps a terminal's Ctrl-C from it. The signal reaches it when the thread that started it ends,
	// however that came to be: quitting at once cannot wait for anything, and the log of changes makes up for it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if a.switches {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
}

// ownFolder makes a folder that only the account can enter. It corrects the owner and the mode of an existing one.
// Lchown does not follow a symbolic link, which the account could otherwise use to be given another folder.
func (a account) ownFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make a folder of %s: %w", a.name, err)
	}
	if !a.switches {
		return os.Chmod(path, 0o700)
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give a folder to %s: %w", a.name, err)
	}
	return nil
}

// mayEnter lets the account enter a folder that this program's user owns. It may not list or change the folder.
func (a account) mayEnter(dir string) error { return a.mayRead(dir, 0o700, 0o710) }

// mayRead lets the account read a file or folder that this program's user owns. Mode alone applies when both are the
// same user, mode shared when they differ; the account then gets access as a member of the group.
func (a account) mayRead(path string, alone, shared os.FileMode) error {
	if !a.switches {
		return os.Chmod(path, alone)
	}
	if err := os.Chown(path, -1, a.gid); err != nil {
		return err
	}
	return os.Chmod(path, shared)
}

// reaches checks every folder above path and names the one that the account cannot enter. PostgreSQL's own message is
// only "Permission denied".
func (a account) reaches(path string) error {
	if !a.switches {
		return nil
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("read the owner of %s", dir)
		}
		enter := os.FileMode(0o001)
		switch {
		case int(stat.Uid) == a.uid:
			enter = 0o100
		case int(stat.Gid) == a.gid:
			enter = 0o010
		}
		if info.Mode()&enter == 0 {
			return fmt.Errorf("%s cannot enter %s: choose a folder elsewhere, such as one under /var/lib", a.name, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}
