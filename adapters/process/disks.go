package process

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// makeFileSystem is the program that makes the file system of a home.
const makeFileSystem = "mkfs.ext4"

var (
	errNoDisk   = fault.New(fault.Unavailable, "no_disk_space", "The host has no disk space left for another desktop.")
	errHostFull = fault.New(fault.Unavailable, "host_disk_full",
		"The host's disk was full, and this desktop had many files.")
)

// disks gives the home of each session a file system of its own, in a file that grows to the session's limit.
// Whatever a session does with its files, the kernel then refuses what exceeds the limit.
type disks struct {
	dir     string // the agent's data folder
	reserve int64  // in bytes, what the file system of the folder keeps free
	why     error  // why no homes can have file systems; nil if they can
	// warned: the log says that others have filled the disk. Only the watchdog uses it.
	warned bool
}

// openDisks finds out whether this agent can make file systems.
func openDisks(ctx context.Context, dir string, reserve int64) *disks {
	return &disks{dir: dir, reserve: reserve, why: tryDisk(ctx, filepath.Join(dir, "check"))}
}

// tryDisk makes a small file system and mounts it where no other program sees it. It removes the folder, which must not
// contain anything else.
func tryDisk(ctx context.Context, at string) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("only root may mount file systems")
	}
	f := folder{path: at}
	if err := errors.Join(os.RemoveAll(at), os.MkdirAll(f.home(), 0o700)); err != nil { // what a killed agent left
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(at)) }()
	const smallest = 1 << 20
	if err := f.makeImage(ctx, smallest, 0); err != nil {
		return err
	}
	done := make(chan error)
	go func() { done <- onThreadOfItsOwn(func() error { return tryMount(ctx, f) }) }()
	return <-done
}

// tryMount mounts an image for the calling thread alone, and changes that thread for good.
func tryMount(ctx context.Context, f folder) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make a mount namespace: %w", err)
	}
	return f.mountHome(ctx)
}

// of makes the file system of a session's home, with the size of its limit. It reports false where none can be made, or
// the session has no limit: the home is then a folder, which the watchdog measures. It fails with errNoDisk if less
// than the reserve is free.
func (d *disks) of(ctx context.Context, s *session) (bool, error) {
	free, err := d.free()
	if err != nil {
		return false, err
	}
	if free < d.reserve {
		return false, errNoDisk.Because(fmt.Errorf("%d MiB are free, and %d are the reserve", free>>20, d.reserve>>20))
	}
	if d.why != nil || s.limits.Disk == 0 {
		return false, nil
	}
	return true, s.folder.makeImage(ctx, s.limits.Disk, s.uid)
}

// free is how many bytes ordinary users could write to the file system of the folder.
func (d *disks) free() (int64, error) {
	var info unix.Statfs_t
	if err := unix.Statfs(d.dir, &info); err != nil {
		return 0, fmt.Errorf("look at the disk of %s: %w", d.dir, err)
	}
	return int64(info.Bavail) * info.Bsize, nil
}

// makeImage makes a file with a file system of that size in bytes. Its root belongs to the user. The file takes only
// the space of what is written.
func (f folder) makeImage(ctx context.Context, size int64, uid int) error {
	file, err := os.OpenFile(f.image(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Truncate(size), file.Close()); err != nil {
		return err
	}
	id := strconv.Itoa(uid)
	cmd := exec.CommandContext(ctx, makeFileSystem, "-q", "-F",
		"-b", "4096", "-i", strconv.Itoa(bytesPerFile), // the same for every size
		"-m", "0", // root needs no part of it
		// A file system that ends with its session needs no journal, and does not grow.
		"-O", "^has_journal,^resize_inode", "-E", "lazy_itable_init=1,root_owner="+id+":"+id, f.image())
	if err := runToEnd(cmd); err != nil {
		return fmt.Errorf("make a file system: %w", err)
	}
	return nil
}

// mountHome mounts the image on the home for the calling process, which must have a mount namespace of its own. When
// the last process of that namespace has ended, the kernel unmounts it, so that nobody has to.
func (f folder) mountHome(ctx context.Context) error {
	// What the host mounts and unmounts later is seen here as well, but not the other way round.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("leave the mounts of the host alone: %w", err)
	}
	// discard: the file gives back the space of files that the session removes.
	cmd := exec.CommandContext(ctx, "mount", "--no-mtab", "--types", "ext4",
		"--options", "loop,nosuid,nodev,noatime,discard", f.image(), f.home())
	if err := runToEnd(cmd); err != nil {
		return fmt.Errorf("mount the home: %w", err)
	}
	return errors.Join(os.Chmod(f.home(), 0o700), os.Remove(filepath.Join(f.home(), "lost+found")))
}

// nearlyFull is how much of a home's file system can be left, in bytes, when the kernel refuses a program to write:
// ext4 takes room for up to 2 MiB of a large write at once, or refuses all of it.
const nearlyFull = 2 << 20

// full reports whether a session has filled the file system of its home.
func (s *session) full() bool {
	// The supervisor is in the mount namespace that has it.
	at := fmt.Sprintf("/proc/%d/root%s", s.processes.supervisor, s.folder.home())
	var info unix.Statfs_t
	if unix.Statfs(at, &info) != nil {
		return false // it has ended
	}
	return int64(info.Bavail)*info.Bsize < nearlyFull || info.Ffree == 0
}

// keepReserve ends the session whose home is largest while the host's disk has less than its reserve, if that frees
// what is missing. Where others have filled the disk, the end of a desktop would not help, and the log says so once.
func (r *Runtime) keepReserve() {
	free, err := r.disks.free()
	missing := r.disks.reserve - free
	if err != nil || missing <= 0 {
		r.disks.warned = false
		return
	}
	if r.isFreeing() {
		return
	}
	var largest *session
	var most int64
	for _, s := range r.running() {
		if size := s.onDisk(); size > most {
			largest, most = s, size
		}
	}
	switch {
	case most >= missing:
		r.exceed(largest, errHostFull, most, most-missing)
	case !r.disks.warned:
		r.disks.warned = true
		r.log.Warn("this host's disk is nearly full, and no session could change that: none starts any more",
			"free_bytes", free, "reserve_bytes", r.disks.reserve, "largest_home_bytes", most)
	}
}

// isFreeing reports whether a session was ended for the reserve and still has its files.
func (r *Runtime) isFreeing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sessions {
		if s.exceeded == errHostFull {
			return true
		}
	}
	return false
}

// onDisk is how many bytes of the host's disk the home takes.
func (s *session) onDisk() int64 {
	if !s.mounted {
		bytes, _ := s.folder.used(Limits{Disk: math.MaxInt64})
		return bytes
	}
	var info unix.Stat_t
	if unix.Stat(s.folder.image(), &info) != nil {
		return 0 // it has ended
	}
	return info.Blocks * blockSize
}
