// Package process runs sessions as local processes. A session is an X server that serves RFB (TigerVNC's Xvnc), a
// window manager and the template's command. bubblewrap gives each session its own namespaces, and each has its own
// user id.
//
// A session sees /usr and named files of /etc read-only, its home, and a private /tmp, /run, /proc and /dev. It has no
// network; a session that needs one runs on another runtime. The agent creates the socket of the display and passes it
// to Xvnc as an open file. Neither that socket nor its folder exists inside the session, so that no program in there
// can replace it.
//
// Each session has a supervisor, a process that starts it and ends with it. It does not end with the agent: the next
// agent finds it by what it has written down, and removes what an earlier agent left behind. Config.Outlive says how
// long a session runs on without an agent.
package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// closeTimeout is how long Close waits for the workloads that it stopped. A killed process that takes longer is stuck
// in the kernel.
const closeTimeout = 10 * time.Second

// checkTimeout is how long New waits for an empty sandbox. It takes about ten milliseconds.
const checkTimeout = 10 * time.Second

// Config says where and how sessions run.
type Config struct {
	// Dir is the agent's data folder. New creates it if it is missing. Only one agent may use it at a time.
	Dir string
	// Unconfined runs sessions without namespaces: they see this host's files, network and processes as any of its
	// users does, and, where the agent is not root, each other's. Only an installation with a single organisation may
	// set it.
	Unconfined bool
	// Outlive is how long sessions run on while no agent runs, as during an upgrade. Zero: they end with the agent,
	// however it ends.
	Outlive time.Duration
	// Limits bounds what each session uses. Its zero is no limit.
	Limits Limits
	// Reserve is how many bytes the file system of Dir keeps free. With less no session starts, and the one with the
	// largest home ends.
	Reserve int64
	// NestedNamespaces allows sessions whose template asks for that to make namespaces. It opens parts of the kernel to
	// them in which flaws were often found.
	NestedNamespaces bool
	// Log receives what has no caller to return an error to. Nil discards it.
	Log *slog.Logger
}

// Runtime is the runtime.Runtime of local processes. It may be used by several goroutines. It never holds mu while it
// waits for a process, a file or another workload, so a workload that hangs delays only its own calls. Lock order: mu,
// then the lock of uids.
type Runtime struct {
	cfg     Config
	log     *slog.Logger
	store   *store
	uids    *uids
	groups  *groups
	disks   *disks
	starter *starter
	changes chan struct{}
	flat    bool           // sandboxes of an agent that is not root allow no further user namespaces
	watches sync.WaitGroup // one for each workload that runs or is being removed, and for the watchdog
	done    chan struct{}  // closed when Close begins

	mu sync.Mutex
	// closed is true from the start of Close. Start and List then fail.
	closed bool
	// sessions holds every workload from the beginning of its start until its removal is complete, by session id.
	sessions map[uuid.UUID]*session
}

var _ runtime.Runtime = (*Runtime)(nil)

// New checks that this host can run sessions, locks the folder, and takes over or removes what an earlier agent left in
// it. The agent calls it once, before it connects to the control plane: until then there is nothing to start, and a
// failure ends the program with the reason.
func New(cfg Config) (*Runtime, error) {
	r := &Runtime{
		cfg: cfg, log: cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)),
		changes: make(chan struct{}, 1), done: make(chan struct{}), sessions: map[uuid.UUID]*session{},
	}
	r.cfg.Limits.Processes = cmp.Or(cfg.Limits.Processes, DefaultProcesses)
	if err := r.check(); err != nil {
		return nil, err
	}
	var err error
	if r.store, err = openStore(cfg.Dir, cfg.Unconfined); err != nil {
		return nil, fmt.Errorf("open the agent's folder: %w", err)
	}
	if r.uids, err = openUIDs(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the list of user ids in use: %w", err), r.store.close())
	}
	if r.groups, err = openGroups(cfg.Dir); err != nil {
		return nil, errors.Join(err, r.uids.close(), r.store.close())
	}
	r.disks = r.openDisks()
	if err := r.takeOver(); err != nil {
		return nil, errors.Join(fmt.Errorf("take over from an earlier agent: %w", err), r.uids.close(), r.store.close())
	}
	r.starter = newStarter()
	r.guard(r.done)
	return r, nil
}

// Unheld lists the limits that the kernel does not hold on this host: of cpu, disk, memory and processes.
func (r *Runtime) Unheld() []string {
	all := r.groups.unheld()
	if r.disks.why != nil {
		all = append(all, holdDisk)
	}
	slices.Sort(all)
	return all
}

func (r *Runtime) openDisks() *disks {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout) //nolint:forbidigo // the program starts
	defer cancel()
	return openDisks(ctx, r.cfg.Dir, r.cfg.Reserve)
}

// check fails when a program is missing or the kernel provides no namespaces.
func (r *Runtime) check() error {
	if err := installed(r.cfg.Unconfined); err != nil {
		return err
	}
	if r.cfg.Unconfined {
		return checkSockets()
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout) //nolint:forbidigo // the program starts
	defer cancel()
	var err error
	r.flat, err = confinable(ctx)
	return err
}

// List returns every workload, oldest first, with those that New took over.
func (r *Runtime) List(context.Context) ([]runtime.Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	all := make([]runtime.Status, 0, len(r.sessions))
	for _, s := range r.sessions {
		all = append(all, s.status)
	}
	slices.SortFunc(all, func(a, b runtime.Status) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Session.String(), b.Session.String()))
	})
	return all, nil
}

// Changes delivers a value after a workload ended on its own. The reader then calls List. One value may stand for
// several changes, so it names no workload.
func (r *Runtime) Changes() <-chan struct{} { return r.changes }

// changed wakes the reader of Changes. A value that was not received yet stands for this change too.
func (r *Runtime) changed() {
	select {
	case r.changes <- struct{}{}:
	default:
	}
}

// Close stops every workload, in parallel, and unlocks the folder. It waits at most closeTimeout, and returns what
// could not be stopped. A second call does nothing. Processes that may not outlive the agent die with it even if Close
// is never called.
func (r *Runtime) Close() error { return r.close(func(*session) bool { return false }) }

// Leave is Close for an agent that another one follows: workloads that may outlive it run on, and what has ended stays
// to be reported.
func (r *Runtime) Leave() error {
	return r.close(func(s *session) bool {
		return r.cfg.Outlive > 0 && s.status.Phase != runtime.Starting && s.ending == nil
	})
}

// close closes the runtime. It stops the workloads of which leave says no.
func (r *Runtime) close(leave func(*session) bool) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	// From here on no workload is added, so the list below is complete.
	r.closed = true
	close(r.done)
	ids := make([]uuid.UUID, 0, len(r.sessions))
	var left []*supervised
	for id, s := range r.sessions {
		if leave(s) {
			left = append(left, s.processes)
		} else {
			ids = append(ids, id)
		}
	}
	r.mu.Unlock()
	for _, p := range left {
		p.leave()
	}

	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout) //nolint:forbidigo // the program ends
	defer cancel()
	stopped := make(chan error, len(ids))
	for _, id := range ids {
		go func() { stopped <- r.Stop(ctx, id) }()
	}
	var errs []error
	for range ids {
		errs = append(errs, <-stopped)
	}
	if err := errors.Join(errs...); err != nil {
		return err // the folder stays claimed: something in it still runs, and ends with this process
	}
	r.watches.Wait()
	r.starter.close()
	r.groups.own = nil
	return errors.Join(r.clearGroups(), r.uids.close(), r.store.close())
}

// errClosed wraps os.ErrClosed, so that a caller recognises it without importing this package.
var errClosed = fmt.Errorf("the runtime is closed: %w", os.ErrClosed)
