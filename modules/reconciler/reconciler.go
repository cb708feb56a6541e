// Package reconciler is the logic of an agent: it starts and stops the sessions that are placed on the agent, and
// reports their states. app/agent runs one Reconciler in each process; adapters/tunnel passes it the messages of the
// control plane. The control plane's side is in modules/agents and modules/sessions.
//
// # How it works
//
// Every ten seconds, and whenever something may have changed, it asks the control plane for all its placements, lists
// the workloads of the runtime, and compares the two (once, decide). For each session that differs, a worker takes the
// one step that is due (work, reconcile). It never executes a command: a message of the control plane only says how a
// session should be. So a lost, repeated or reordered message is corrected at the next sync.
//
// # Guarantees
//
//   - A session has at most one worker, so that its steps and its reports are in order.
//   - A session that has run, and whose workload is gone, is not started again by the same process, even if the report
//     that it ran was lost: the member's work is gone, and a new desktop must not hide that.
//   - A workload without a session is stopped, when two complete listings in a row lack it. One could be wrong. The
//     control plane is asked first: after a restore of an older database it keeps those that it does not know.
//   - An error is logged and corrected by the next sync. Only link.ErrStaleAgent ends Run: a newer process of this
//     agent has connected, and two must not act on the same sessions.
//
// At most 8 sessions start at the same time, and 8 stop. A start may take two minutes, a stop 30 seconds.
package reconciler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

const (
	// syncEvery is how long a lost nudge can remain unnoticed. The control plane places no sessions on an agent that has
	// not been heard of for 30 s, so that two syncs may fail.
	syncEvery = 10 * time.Second
	// startTimeout leaves time for a runtime that must fetch an image first. A local desktop starts in 60 ms.
	startTimeout = 2 * time.Minute
	// stopTimeout is longer than any time that a runtime gives a desktop to end.
	stopTimeout = 30 * time.Second
	// retryAfter is how soon what has failed is tried again. While the control plane is away, all agents ask it so often.
	retryAfter = time.Second
	// listTimeout keeps a runtime that hangs from blocking the syncs for ever.
	listTimeout = 10 * time.Second
	// maxConcurrent bounds the starts, and separately the stops. A host that starts a hundred desktops at once has none of
	// them ready soon. Stops have their own limit, because a stop must not wait for slow starts.
	maxConcurrent = 8
)

// Reconciler compares what should run on this agent with what runs, and acts on the difference. Make one with New, and
// call Run once. Put, Connected and Dial may be called from any goroutine.
type Reconciler struct {
	rt    runtime.Runtime
	up    link.Upstream
	epoch func() int64
	log   *slog.Logger

	wake   chan struct{}     // asks for a sync now; its buffer of one merges several requests
	failed chan struct{}     // a worker's report has failed; its buffer of one merges several
	puts   chan link.Desired // unbuffered: Put waits until Run has it
	starts *semaphore.Weighted
	stops  *semaphore.Weighted

	mu      sync.Mutex // guards workers and the fields of each
	workers map[uuid.UUID]*worker

	unlisted map[uuid.UUID]bool // the workloads that the last complete listing lacked; keepSyncing alone uses it
	told     bool               // the control plane knows of unlisted workloads; keepSyncing alone uses it
	anew     atomic.Bool        // there is a new connection, and the next listing may be of an older database
}

// New returns a Reconciler for the sessions in rt. epoch returns the epoch of this process; it is called only after the
// agent has connected.
func New(rt runtime.Runtime, up link.Upstream, epoch func() int64, log *slog.Logger) *Reconciler {
	return &Reconciler{
		rt: rt, up: up, epoch: epoch, log: log,
		wake: make(chan struct{}, 1), failed: make(chan struct{}, 1), puts: make(chan link.Desired),
		starts: semaphore.NewWeighted(maxConcurrent), stops: semaphore.NewWeighted(maxConcurrent),
		workers: make(map[uuid.UUID]*worker),
	}
}

// Put tells the Reconciler how one session should be. If the session should end, a start that is in progress is
// cancelled. It blocks until Run has received it or ctx is done.
func (r *Reconciler) Put(ctx context.Context, d link.Desired) {
	select {
	case r.puts <- d:
	case <-ctx.Done(): // it is told again, or the next sync finds the change
	}
}

// Connected is called when the agent has connected. It makes the next sync happen at once, and never blocks.
func (r *Reconciler) Connected(context.Context) {
	r.anew.Store(true)
	select {
	case r.wake <- struct{}{}:
	default: // a sync is already requested
	}
}

// Dial connects to a session's display, for a stream. It fails if the session does not run here.
func (r *Reconciler) Dial(ctx context.Context, session uuid.UUID) (net.Conn, error) {
	return r.rt.Dial(ctx, session)
}

// Run reconciles until ctx is done, and waits for its workers. It stops no workload: the runtime's Close does. It
// returns link.ErrStaleAgent when a newer process of this agent has connected; the program must end then.
func (r *Reconciler) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for {
			select {
			case d := <-r.puts:
				r.dispatch(ctx, g, job{Desired: d})
			case <-ctx.Done():
				return nil
			}
		}
	})
	g.Go(func() error { return r.keepSyncing(ctx, g) })
	return g.Wait()
}

// keepSyncing syncs at intervals, after a connection, and when the runtime says that a workload has changed by itself.
// After a failure, its own or a worker's, it syncs again soon.
func (r *Reconciler) keepSyncing(ctx context.Context, g *errgroup.Group) error {
	ticker := time.NewTicker(syncEvery)
	defer ticker.Stop()
	for {
		failure := r.once(ctx, g)
		if err := r.logRetryable(ctx, "sync", failure); err != nil {
			return err
		}
		var again <-chan time.Time
		if soon(failure) {
			again = time.After(retryAfter)
		}
		select {
		case <-again:
		case <-ticker.C:
		case <-r.failed:
			select { // not at once: what has failed would fail again
			case <-time.After(retryAfter):
			case <-ctx.Done():
			}
		case <-r.wake:
		case <-r.rt.Changes():
		case <-ctx.Done():
			return nil
		}
	}
}

// soon reports whether something failed because the control plane or its database is away, and may work a moment later.
func soon(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && (f.Kind == fault.Unavailable || f.Kind == fault.Internal)
}

// logRetryable logs an error that the next sync corrects, and returns any other. A connection that is down is logged at
// debug level only, because the tunnel has logged it already.
func (r *Reconciler) logRetryable(ctx context.Context, what string, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.Is(err, link.ErrStaleAgent):
		return err
	case fault.IsKind(err, fault.Unavailable):
		r.log.Debug("put off to the next sync", "what", what, "error", err)
	default:
		r.log.Warn("put off to the next sync", "what", what, "error", err)
	}
	return nil
}

// once does one sync: it compares everything that is placed here with everything that runs, and dispatches what
// differs.
func (r *Reconciler) once(ctx context.Context, g *errgroup.Group) error {
	asked, anew := time.Now(), r.anew.Swap(false)
	placed, err := r.up.Placements(ctx)
	if err != nil {
		r.anew.CompareAndSwap(false, anew)
		return err
	}
	if anew {
		r.follow(placed)
	}
	found, err := r.list(ctx)
	if err != nil {
		return err
	}
	listed, unlisted := make(map[uuid.UUID]bool, len(placed)), make(map[uuid.UUID]bool)
	for _, d := range placed {
		listed[d.Session] = true
		status := found[d.Session]
		if do, _ := decide(r.current(d, status), status, r.epoch()); do != doNothing {
			r.dispatch(ctx, g, job{Desired: d})
		}
	}
	var unknown []link.Unknown
	for session, s := range found {
		// A workload that started after the request may belong to a session that a Put has announced since. It is not an
		// orphan.
		if !listed[session] && s.Started.Before(asked) {
			unlisted[session] = true
			if r.unlisted[session] {
				unknown = append(unknown, link.Unknown{Session: session, Namespace: s.Namespace, Started: s.Started})
			}
		}
		listed[session] = true
	}
	r.unlisted = unlisted
	r.forget(listed)
	return r.ask(ctx, g, unknown)
}

func (r *Reconciler) list(ctx context.Context) (map[uuid.UUID]runtime.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	all, err := r.rt.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workloads: %w", err)
	}
	found := make(map[uuid.UUID]runtime.Status, len(all))
	for _, s := range all {
		found[s.Session] = s
	}
	return found, nil
}
