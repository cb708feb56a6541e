// Package reconciler is the agent's own program: it makes the sessions that are placed on the agent what they should
// be, and reports what they are. The control plane's side is modules/agents.
package reconciler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

const (
	// syncEvery is how long a lost nudge can go unnoticed. The control plane takes an agent for gone after 30 s, so
	// that two syncs may fail.
	syncEvery = 10 * time.Second
	// startTimeout covers an image that must be fetched first.
	startTimeout = 2 * time.Minute
	// stopTimeout is beyond any grace that a runtime gives a desktop.
	stopTimeout = 30 * time.Second
	listTimeout = 10 * time.Second
	// maxConcurrent bounds the starts under way, and on their own the stops: a host that starts everything at once starts
	// nothing soon, and a stop must not wait for slow starts.
	maxConcurrent = 8
)

// Reconciler compares what should run on this agent with what does run, and acts on the difference. It never acts on a
// command, so that a lost or repeated one is corrected at the next sync. Each session has one worker at most, which
// keeps its reports in order.
type Reconciler struct {
	rt    runtime.Runtime
	up    link.Upstream
	epoch func() int64
	log   *slog.Logger

	wake   chan struct{}
	puts   chan link.Desired
	starts *semaphore.Weighted
	stops  *semaphore.Weighted

	mu      sync.Mutex
	workers map[uuid.UUID]*worker
}

// New returns a Reconciler for the sessions in rt. epoch returns that of this agent process, once it has connected.
func New(rt runtime.Runtime, up link.Upstream, epoch func() int64, log *slog.Logger) *Reconciler {
	return &Reconciler{
		rt: rt, up: up, epoch: epoch, log: log,
		wake: make(chan struct{}, 1), puts: make(chan link.Desired),
		starts: semaphore.NewWeighted(maxConcurrent), stops: semaphore.NewWeighted(maxConcurrent),
		workers: make(map[uuid.UUID]*worker),
	}
}

// Put takes how one session should be, while Run runs. A session that should be gone has its start cancelled.
func (r *Reconciler) Put(ctx context.Context, d link.Desired) {
	select {
	case r.puts <- d:
	case <-ctx.Done(): // the next sync finds it
	}
}

// Connected makes the next sync happen now.
func (r *Reconciler) Connected(context.Context) {
	select {
	case r.wake <- struct{}{}:
	default: // it is about to happen
	}
}

// Dial connects to a session's display.
func (r *Reconciler) Dial(ctx context.Context, session uuid.UUID) (net.Conn, error) {
	return r.rt.Dial(ctx, session)
}

// Run reconciles until ctx is done; workloads keep running. It fails when a newer process of this agent has connected:
// this one must end, since two must not act on the same sessions.
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

func (r *Reconciler) keepSyncing(ctx context.Context, g *errgroup.Group) error {
	ticker := time.NewTicker(syncEvery)
	defer ticker.Stop()
	for {
		if err := r.logRetryable(ctx, "sync", r.once(ctx, g)); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-r.wake:
		case <-r.rt.Changes():
		case <-ctx.Done():
			return nil
		}
	}
}

// logRetryable logs an error that the next sync corrects, and returns one that it cannot.
func (r *Reconciler) logRetryable(ctx context.Context, what string, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.Is(err, link.ErrStaleAgent):
		return err
	case fault.IsKind(err, fault.Unavailable): // the tunnel has logged it
		r.log.Debug("put off to the next sync", "what", what, "error", err)
	default:
		r.log.Warn("put off to the next sync", "what", what, "error", err)
	}
	return nil
}

// once compares everything that is placed here with everything that runs, and dispatches what differs.
func (r *Reconciler) once(ctx context.Context, g *errgroup.Group) error {
	asked := time.Now()
	placed, err := r.up.Placements(ctx)
	if err != nil {
		return err
	}
	found, err := r.list(ctx)
	if err != nil {
		return err
	}
	listed := make(map[uuid.UUID]bool, len(placed))
	for _, d := range placed {
		listed[d.Session] = true
		status := found[d.Session]
		if do, _ := decide(r.current(d, status), status, r.epoch()); do != doNothing {
			r.dispatch(ctx, g, job{Desired: d})
		}
	}
	for session, s := range found {
		// A workload that began after the request may belong to a session that a Put brought meanwhile.
		if !listed[session] && s.Started.Before(asked) {
			r.dispatch(ctx, g, job{Desired: link.Desired{Session: session}, orphan: true})
		}
		listed[session] = true
	}
	r.forget(listed)
	return nil
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
