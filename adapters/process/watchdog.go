package process

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// Limits bounds what each session uses of its host. Zero: no limit, but for Processes.
type Limits struct {
	// Memory is in bytes, of all processes and of /tmp and /dev/shm together.
	Memory int64
	// Disk is in bytes, of the files in the home.
	Disk int64
	// CPU is in thousandths of a processor. It needs a control group.
	CPU int64
	// Processes is of processes and threads. Zero: DefaultProcesses. It needs a control group, or an agent that is root.
	Processes int64
}

// DefaultProcesses is how many processes and threads a session may have. A browser with many tabs has several hundred.
const DefaultProcesses = 4096

// of are the limits of a session. What its template leaves open is this host's; what it states may be no more.
func (l Limits) of(spec runtime.Spec) (Limits, error) {
	for _, one := range []struct {
		host  *int64
		wants int
		unit  int64
		name  string
	}{
		{&l.Memory, spec.Memory, 1 << 20, "MiB of memory"}, {&l.Disk, spec.Disk, 1 << 20, "MiB of disk space"},
		{&l.CPU, spec.CPU, 1, "thousandths of a processor"}, {&l.Processes, spec.Processes, 1, "processes"},
	} {
		switch wanted := int64(one.wants) * one.unit; {
		case wanted <= 0:
		case *one.host > 0 && wanted > *one.host:
			return l, errAboveHost.Saying("The template asks for %d %s, and this host gives a session %d.",
				one.wants, one.name, *one.host/one.unit)
		default:
			*one.host = wanted
		}
	}
	return l, nil
}

// bytesPerFile is how many bytes of its disk space a home must have for each file, as on a new ext4. An empty file has
// no bytes to count.
const bytesPerFile = 16 << 10

// files is how many files a home may have.
func (l Limits) files() int64 { return l.Disk / bytesPerFile }

var (
	errMemoryLimit = fault.New(fault.Invalid, "memory_limit", "The desktop used more memory than it may.")
	errNesting     = fault.New(fault.Unavailable, "namespaces_refused",
		"The template asks for namespaces of its own, which this host does not allow.")
	errAboveHost = fault.New(fault.Unavailable, "above_host_limit",
		"The template asks for more than this host gives a session.")
	errDiskLimit = fault.New(fault.Invalid, "disk_limit", "The desktop wrote more files than it may.")
)

// look is how often the watchdog measures. A program fills memory at some gigabytes a second; the limits of single
// processes bound what it gets until then.
const look = time.Second

// guard ends sessions that exceed a limit, until done is closed. Memory and disk have a goroutine each, because a home
// can take long to measure.
func (r *Runtime) guard(done <-chan struct{}) {
	r.watches.Go(func() { every(done, r.guardMemory) })
	var due map[*session]time.Time
	r.watches.Go(func() { every(done, func() { due = r.guardDisk(due); r.keepReserve() }) })
}

func every(done <-chan struct{}, once func()) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			once()
		}
	}
}

// running lists the sessions whose display responds.
func (r *Runtime) running() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*session
	for _, s := range r.sessions {
		if s.status.Phase == runtime.Running && s.ending == nil && s.exceeded == nil {
			all = append(all, s)
		}
	}
	return all
}

// exceed ends a session because of a limit. watch then reports the reason.
func (r *Runtime) exceed(s *session, limit *fault.Fault, used, most int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.ending != nil || s.status.Phase != runtime.Running {
		return
	}
	s.exceeded = limit
	r.log.Warn("a session exceeded a limit", "session_id", s.status.Session.String(), "reason", limit.Code,
		"used_bytes", used, "limit_bytes", most)
	s.processes.kill()
}

// guardDisk ends sessions that have filled the file system of their home, and measures the homes that have none. One
// that took long is measured less often, so that a home with many files does not occupy the disk: at most a tenth of
// the time. due is when each is measured next; so is what it returns.
func (r *Runtime) guardDisk(due map[*session]time.Time) map[*session]time.Time {
	sessions := r.running()
	next := make(map[*session]time.Time, len(sessions))
	for _, s := range sessions {
		if s.mounted {
			if s.full() {
				r.exceed(s, errDiskLimit, s.limits.Disk, s.limits.Disk)
			}
			continue
		}
		began := time.Now()
		if began.Before(due[s]) {
			next[s] = due[s]
			continue
		}
		if s.limits.Disk == 0 {
			continue
		}
		bytes, files := s.folder.used(s.limits)
		if bytes > s.limits.Disk || files > s.limits.files() {
			r.exceed(s, errDiskLimit, bytes, s.limits.Disk)
		}
		next[s] = began.Add(10 * time.Since(began))
	}
	return next
}

// blockSize is the unit of st_blocks in bytes, on every file system.
const blockSize = 512

// used measures a home until it exceeds a limit. Files that disappear meanwhile, and folders that a session has closed
// to the agent's own user, count nothing. It does not follow symbolic links.
func (f folder) used(l Limits) (bytes, files int64) {
	root, err := os.OpenRoot(f.home())
	if err != nil {
		return 0, 0
	}
	defer func() { _ = root.Close() }()
	linked := map[uint64]bool{} // files with several names count once
	_ = fs.WalkDir(root.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		at := info.Sys().(*syscall.Stat_t)
		if at.Nlink > 1 && !d.IsDir() {
			if linked[at.Ino] {
				return nil
			}
			linked[at.Ino] = true
		}
		bytes, files = bytes+at.Blocks*blockSize, files+1
		if bytes > l.Disk || files > l.files() {
			return fs.SkipAll
		}
		return nil
	})
	return bytes, files
}

// ended is why the session's processes are gone.
func (s *session) ended() *fault.Fault {
	why := reason(s.processes.end.Status)
	switch {
	case errors.Is(why, errEndedByUser):
		return why
	case s.exceeded != nil:
		return s.exceeded
	case s.group.exhausted():
		return errMemoryLimit
	}
	return why
}
