package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// port is a part of the socket's file name; nothing listens on it.
const port = "5432"

// socketMax is the longest path of a Unix socket in bytes. The kernel's field (sun_path) has 108, of which the last is
// zero.
const socketMax = 107

// places are the files of one cluster. When root starts it, root owns the folder around them, and the server's group
// may enter it but not write to it. Otherwise the server's user could place a symbolic link there and make root write
// to another file.
type places struct {
	data, socket          string // folders of the server's user alone
	hba, ident, lock, log string // files of the user who starts it; the server reads the first two
}

// settle makes the folders. It finds the errors for which the server itself has only an obscure message.
func settle(config Config, account account) (places, error) {
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return places{}, fmt.Errorf("resolve %s: %w", config.Dir, err)
	}
	p := places{
		data:   filepath.Join(dir, "data"),
		socket: filepath.Join(dir, "socket"),
		hba:    filepath.Join(dir, "pg_hba.conf"),
		ident:  filepath.Join(dir, "pg_ident.conf"),
		lock:   filepath.Join(dir, "lock"),
		log:    filepath.Join(dir, "server.log"),
	}
	if config.SocketDir != "" {
		if p.socket, err = filepath.Abs(config.SocketDir); err != nil {
			return places{}, fmt.Errorf("resolve %s: %w", config.SocketDir, err)
		}
	}
	if file := filepath.Join(p.socket, ".s.PGSQL."+port); len(file) > socketMax {
		return places{}, fmt.Errorf("the path of its socket, %s, has %d bytes and may have %d: choose a shorter folder",
			file, len(file), socketMax)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o711); err != nil { // the server's user passes through
		return places{}, fmt.Errorf("make its folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return places{}, fmt.Errorf("make its folder: %w", err)
	}
	if err := account.mayEnter(dir); err != nil {
		return places{}, fmt.Errorf("open its folder to %s: %w", account.name, err)
	}
	if err := account.ownFolder(p.socket); err != nil {
		return places{}, err
	}
	return p, errors.Join(account.reaches(dir), account.reaches(p.socket))
}

// hold locks the folder. The kernel releases the lock when the program ends, however it ends. The lock keeps two
// programs from making the same cluster at once; the server's own lock exists only later.
func hold(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open its lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(ErrRunning, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file, err), f.Close())
	}
	return f, nil
}

// initialise makes the cluster's data if there is none. It makes them under another name and renames them at the end,
// so that the data of an interrupted initdb are never used.
func initialise(ctx context.Context, binaries Binaries, account account, c *Cluster) error {
	_, err := os.Lstat(c.places.data)
	if !errors.Is(err, fs.ErrNotExist) {
		return err // nil: it was made before
	}
	fresh := c.places.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove what an interrupted initdb left: %w", err)
	}
	if err := account.ownFolder(fresh); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // it takes about 0.8 s, and more where a slow disk must sync
	defer cancel()
	args := []string{
		"--pgdata", fresh, "--username", Superuser, "--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums",
		"--auth-local", "peer", "--auth-host", "reject", "--no-instructions",
	}
	if c.remove != "" {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(binaries.Dir, "initdb"), args...)
	account.dress(cmd)
	runtime.LockOSThread() // it dies with the thread that started it, as the server does
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run initdb: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(fresh, c.places.data); err != nil {
		return fmt.Errorf("put the new data in its place: %w", err)
	}
	return nil
}
