// Package process runs sessions as local processes: each is an X server that speaks RFB (TigerVNC's Xvnc), a window
// manager and the template's command, in namespaces of its own made by bubblewrap, under a user id of its own.
//
// A session sees /usr and named files of /etc read-only, its home, and a private /tmp, /run, /proc and /dev. It has
// no network: what must talk to the world runs on another runtime. Its display is reached through a socket that the
// agent made and handed to Xvnc as an open file; neither that socket nor its folder exists inside the session, so
// that nothing in there can put another one in its place.
//
// Sessions die with the agent, however that ends. What an agent left behind is removed when the next one starts.
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

// closeTimeout is how long Close waits for the workloads it ended. A killed process that lasts longer hangs in the kernel.
const closeTimeout = 10 * time.Second

// checkTimeout is how long New waits for a sandbox in which nothing runs. It takes some ten milliseconds.
const checkTimeout = 10 * time.Second

// Config says where and how sessions run.
type Config struct {
	// Dir is the agent's own data folder. It is made when it is missing, and belongs to one agent at a time.
	Dir string
	// Unconfined runs sessions without namespaces: they see this host's files, network and processes as any of its users
	// does, and, where the agent is not root, each other's. Only an installation with a single organisation may set it.
	Unconfined bool
	// Log takes what no caller can be told. Nil discards it.
	Log *slog.Logger
}

// Runtime is the runtime.Runtime of local processes.
type Runtime struct {
	cfg     Config
	log     *slog.Logger
	store   *store
	uids    *uids
	starter *starter
	changes chan struct{}
	watches sync.WaitGroup // one for each workload that runs or ends

	mu       sync.Mutex
	closed   bool
	sessions map[uuid.UUID]*session
}

var _ runtime.Runtime = (*Runtime)(nil)

// New checks that this host can run sessions, claims the folder and removes what an earlier agent left in it.
func New(cfg Config) (*Runtime, error) {
	r := &Runtime{
		cfg: cfg, log: cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)),
		changes: make(chan struct{}, 1), sessions: map[uuid.UUID]*session{},
	}
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
	if err := r.clearLeftovers(); err != nil {
		return nil, errors.Join(fmt.Errorf("clear what an earlier agent left: %w", err), r.uids.close(), r.store.close())
	}
	if cfg.Unconfined {
		r.log.Warn("sessions run without namespaces: they see this host as any of its users does")
	}
	r.starter = newStarter()
	return r, nil
}

// check tells whether the programs are there and whether the kernel gives the namespaces.
func (r *Runtime) check() error {
	if err := installed(r.cfg.Unconfined); err != nil || r.cfg.Unconfined {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout) //nolint:forbidigo // the program starts
	defer cancel()
	return Confinable(ctx)
}

// List returns every workload, the oldest first. None is an earlier agent's: New has removed those.
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

// Changes delivers a value after a workload ended on its own.
func (r *Runtime) Changes() <-chan struct{} { return r.changes }

// changed wakes the reader of Changes. One value that has not been taken yet stands for this change too.
func (r *Runtime) changed() {
	select {
	case r.changes <- struct{}{}:
	default:
	}
}

// Close ends every workload, all at once, and gives the folder back. A second call does nothing.
func (r *Runtime) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	ids := make([]uuid.UUID, 0, len(r.sessions))
	for id := range r.sessions {
		ids = append(ids, id)
	}
	r.mu.Unlock()

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
	return errors.Join(r.uids.close(), r.store.close())
}

var errClosed = fmt.Errorf("the runtime is closed: %w", os.ErrClosed)
