// Package reconciler is the agent's own program: it makes the sessions that are placed on the agent what they should be,
// and reports what they are. The control plane's side is modules/agents.
package reconciler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
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
	// atOnce bounds the starts under way, and on their own the stops: a host that starts everything at once starts
	// nothing soon, and a stop must not wait for slow starts.
	atOnce = 8
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

// worker is what is known of one session. The Reconciler's lock guards it.
type worker struct {
	next       *job // to settle once the present one is done
	generation int64
	busy       bool
	cancel     context.CancelFunc // ends the start under way, if there is one
	said       link.Report        // the last report that was taken
	ran        int64              // the generation that a start here has succeeded for, -1 for none
}

// job is a session to settle. An orphan is a workload that no session stands behind: it is stopped, and nobody told.
type job struct {
	link.Desired
	orphan bool
}

// New returns a Reconciler for the sessions in rt. epoch is that of this agent process, once it has
// connected.
func New(rt runtime.Runtime, up link.Upstream, epoch func() int64, log *slog.Logger) *Reconciler {
	return &Reconciler{
		rt: rt, up: up, epoch: epoch, log: log,
		wake: make(chan struct{}, 1), puts: make(chan link.Desired),
		starts: semaphore.NewWeighted(atOnce), stops: semaphore.NewWeighted(atOnce),
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

// Run settles sessions until ctx is done; workloads go on. It fails when the control plane says that a newer process
// of this agent has connected: this one has no say any more, and must end.
func (r *Reconciler) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for {
			select {
			case d := <-r.puts:
				r.hand(ctx, g, job{Desired: d})
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
		if err := r.tolerate(ctx, "sync", r.once(ctx, g)); err != nil {
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

// tolerate logs an error that the next sync makes good, and returns one that nothing here can.
func (r *Reconciler) tolerate(ctx context.Context, what string, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.Is(err, link.ErrStaleAgent):
		return err
	case fault.IsKind(err, fault.Unavailable): // the tunnel has said so already
		r.log.Debug("put off to the next sync", "what", what, "error", err)
	default:
		r.log.Warn("put off to the next sync", "what", what, "error", err)
	}
	return nil
}

// once compares everything that is placed here with everything that runs, and hands on what differs.
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
		if do, _ := decide(r.seen(d, status), status, r.epoch()); do != doNothing {
			r.hand(ctx, g, job{Desired: d})
		}
	}
	for session, s := range found {
		// One that began after the question was placed after the answer, by a Put.
		if !listed[session] && s.Started.Before(asked) {
			r.hand(ctx, g, job{Desired: link.Desired{Session: session}, orphan: true})
		}
		listed[session] = true
	}
	r.forget(listed)
	return nil
}

// hand gives a session to its worker, which is started when it has none at work. A session that should be gone does
// not wait for its start.
func (r *Reconciler) hand(ctx context.Context, g *errgroup.Group, j job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.workers[j.Session]
	if w == nil {
		w = &worker{ran: -1}
		r.workers[j.Session] = w
	}
	if !j.orphan && j.Generation < w.generation {
		return // overtaken on its way
	}
	w.next, w.generation = &j, max(w.generation, j.Generation)
	if !j.Run && w.cancel != nil {
		w.cancel()
	}
	if !w.busy {
		w.busy = true
		g.Go(func() error { return r.work(ctx, w) })
	}
}

// forget drops the workers of sessions that are over. keep has those that are placed or still have a workload.
func (r *Reconciler) forget(keep map[uuid.UUID]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for session, w := range r.workers {
		if !w.busy && !keep[session] {
			delete(r.workers, session)
		}
	}
}

// work settles one session until nothing more is wanted of it.
func (r *Reconciler) work(ctx context.Context, w *worker) error {
	for {
		r.mu.Lock()
		j := w.next
		w.next, w.busy = nil, j != nil
		r.mu.Unlock()
		if j == nil {
			return nil
		}
		err := r.settle(ctx, w, *j)
		if err != nil {
			err = fmt.Errorf("session %s: %w", j.Session, err)
		}
		if err := r.tolerate(ctx, "session", err); err != nil {
			return err
		}
	}
}

// settle looks again, since time may have passed since the job was made, and takes the one step that is due.
func (r *Reconciler) settle(ctx context.Context, w *worker, j job) error {
	if j.orphan {
		return r.stop(ctx, j.Session)
	}
	found, err := r.list(ctx)
	if err != nil {
		return err
	}
	status := found[j.Session]
	switch do, reason := decide(r.seen(j.Desired, status), status, r.epoch()); do {
	case doStart:
		return r.start(ctx, w, j.Desired)
	case doTell:
		return r.tellRunning(ctx, w, j.Desired)
	case doFail: // told before the workload goes, so that its reason is not lost when telling fails
		if _, err := r.report(ctx, w, j.Desired, outcome{stateFailed, reason}); err != nil {
			return err
		}
		return r.stop(ctx, j.Session)
	case doEnd:
		if err := r.stop(ctx, j.Session); err != nil {
			return err
		}
		_, err := r.report(ctx, w, j.Desired, outcome{state: stateTerminated})
		return err
	case doSweep:
		return r.stop(ctx, j.Session)
	}
	return nil
}

func (r *Reconciler) start(ctx context.Context, w *worker, d link.Desired) error {
	if goesOn, err := r.report(ctx, w, d, outcome{state: stateStarting}); err != nil || !goesOn {
		return err
	}
	err := r.launch(ctx, w, d)
	switch {
	case ctx.Err() != nil || r.unwanted(w):
		return nil // the agent ends, or what came meanwhile is settled next
	case err != nil:
		r.log.Error("session not started", "session", d.Session.String(), "error", err)
		_, err := r.report(ctx, w, d, outcome{stateFailed, "start_failed"})
		return err
	}
	r.mu.Lock()
	w.ran = d.Generation
	r.mu.Unlock()
	return r.tellRunning(ctx, w, d)
}

// launch starts the workload, unless the session's end is wanted before it runs.
func (r *Reconciler) launch(ctx context.Context, w *worker, d link.Desired) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.cancelBy(w, cancel)
	defer r.cancelBy(w, nil)
	if err := r.starts.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.starts.Release(1)
	ctx, done := context.WithTimeout(ctx, startTimeout)
	defer done()
	return r.rt.Start(ctx, runtime.Workload{Session: d.Session, Namespace: d.Namespace, Spec: d.Spec})
}

// cancelBy says how to end the start under way. It ends at once when the session's end came before.
func (r *Reconciler) cancelBy(w *worker, cancel context.CancelFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.cancel = cancel
	if cancel != nil && w.next != nil && !w.next.Run {
		cancel()
	}
}

func (r *Reconciler) unwanted(w *worker) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return w.next != nil && !w.next.Run
}

func (r *Reconciler) tellRunning(ctx context.Context, w *worker, d link.Desired) error {
	goesOn, err := r.report(ctx, w, d, outcome{state: stateRunning})
	if err != nil || goesOn {
		return err
	}
	return r.stop(ctx, d.Session)
}

// outcome is what is reported of a session.
type outcome struct{ state, reason string }

// report tells the control plane, and returns whether the session goes on as far as that is concerned.
func (r *Reconciler) report(ctx context.Context, w *worker, d link.Desired, o outcome) (goesOn bool, err error) {
	said := link.Report{Session: d.Session, State: o.state, Reason: o.reason, Generation: d.Generation}
	err = r.up.Observe(ctx, said)
	if errors.Is(err, link.ErrSessionEnded) {
		said.State, err = stateTerminated, nil
	}
	if err != nil {
		return false, fmt.Errorf("report %s: %w", o.state, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.said = said
	return !over(said.State), nil
}

func (r *Reconciler) stop(ctx context.Context, session uuid.UUID) error {
	if err := r.stops.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.stops.Release(1)
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := r.rt.Stop(ctx, session); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
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

// seen returns d with its state as it stands. A listing, and even more a Put, may be older than what was reported
// since; and what ran here and is gone must not start anew, even if nobody was told that it ran.
func (r *Reconciler) seen(d link.Desired, found runtime.Status) link.Desired {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.workers[d.Session]
	if w == nil {
		return d
	}
	state := statePending
	if w.said.Generation >= d.Generation {
		state = w.said.State
	}
	if found.Phase == "" && w.ran >= d.Generation && !over(state) {
		state = stateRunning
	}
	if progress[state] > progress[d.State] {
		d.State, d.Epoch = state, r.epoch()
	}
	return d
}

// The states of a session that an agent tells apart, by their names.
const (
	statePending    = "pending"
	stateStarting   = "starting"
	stateRunning    = "running"
	stateFailed     = "failed"
	stateTerminated = "terminated"
)

// progress orders the states that one generation of a session goes through here.
var progress = map[string]int{statePending: 0, stateStarting: 1, stateRunning: 2, stateFailed: 3, stateTerminated: 3}

func over(state string) bool { return state == stateFailed || state == stateTerminated }

// action is the one step that is due for a session.
type action int

const (
	doNothing action = iota // it is as it should be
	doStart                 // report starting, make it run, report running
	doTell                  // it runs, and the control plane does not know
	doFail                  // report failed, for the reason given, and remove what is left
	doEnd                   // remove it and report terminated
	doSweep                 // remove what is left; the control plane knows that it has ended
)

// decide compares how a session should be, and was last seen, with its workload, zero when there is none. The reason
// goes with doFail.
func decide(d link.Desired, found runtime.Status, epoch int64) (do action, reason string) {
	none := found.Phase == ""
	switch {
	case over(d.State) && none:
		return doNothing, ""
	case over(d.State):
		return doSweep, ""
	case !d.Run:
		return doEnd, ""
	case none && d.State == stateRunning && d.Epoch < epoch:
		return doFail, "agent_restarted" // a desktop dies with its agent
	case none && d.State == stateRunning:
		return doFail, "desktop_gone"
	case none && (d.State == statePending || d.State == stateStarting):
		return doStart, ""
	case none || d.State == stateRunning && found.Phase != runtime.Exited:
		return doNothing, ""
	case found.Phase == runtime.Exited:
		return doFail, reasonCode(found.Reason)
	case found.Phase == runtime.Starting:
		return doStart, "" // begun by another process of the agent: starting it again waits for it
	default:
		return doTell, ""
	}
}

// longestReason is that of link.Report, in bytes.
const longestReason = 64

// reasonCode makes a report's reason of a runtime's few words: lower_snake, and never empty.
func reasonCode(words string) string {
	parts := strings.FieldsFunc(strings.ToLower(words), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	reason := strings.Join(parts, "_")
	if reason == "" {
		return "desktop_gone"
	}
	return strings.TrimRight(reason[:min(len(reason), longestReason)], "_")
}
