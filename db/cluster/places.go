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

// socketMax is how long the path of a Unix socket may be, in bytes: sun_path has 108 and ends in a zero.
const socketMax = 107

// places are the files of one cluster. When root starts it, the folder around them belongs to root and the server's
// group, which may only enter it: root then never writes into a folder where the server's user could lay a link in its
// way.
type places struct {
	data, socket          string // folders of the server's user alone
	hba, ident, lock, log string // files of the user who starts it; the server reads the first two
}

// settle makes the folders and finds out what would only show as an obscure message of the server's.
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

// hold takes the folder's lock, which goes with the program however it ends. It keeps two programs from making the same
// cluster at once; the server's own lock comes later.
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

// initialise makes the cluster's data if there is none. It does so under another name first, so that a half-made
// cluster is never taken for one.
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
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // 0.8 s here; a slow disk that syncs takes its time
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
