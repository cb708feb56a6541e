package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// worker has the state of one session on this agent. It outlives its goroutine, which runs only while there are jobs.
// The Reconciler's mutex guards all fields.
type worker struct {
	next       *job               // the job after the current one; a newer job replaces it
	generation int64              // the highest one that a job had
	busy       bool               // its goroutine runs
	cancel     context.CancelFunc // cancels the start in progress; nil: none is
	reported   link.Report        // the last report that the control plane accepted
	ran        int64              // the last generation that started successfully here; -1: none
}

// job is a session to reconcile. An orphan is a workload without a session; it is stopped, and nothing is reported.
type job struct {
	link.Desired
	orphan bool
}

// dispatch gives a job to its session's worker, and starts the worker if it is idle. It never blocks. If the session
// should end, it cancels a start in progress: a member who closes a desktop that hangs while it starts must not wait
// for two minutes.
func (r *Reconciler) dispatch(ctx context.Context, g *errgroup.Group, j job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.workers[j.Session]
	if w == nil {
		w = &worker{ran: -1}
		r.workers[j.Session] = w
	}
	if !j.orphan && j.Generation < w.generation {
		return // a newer job has arrived before this one
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

// forget removes the workers of sessions that are over. keep has the sessions that are placed or still have a workload.
func (r *Reconciler) forget(keep map[uuid.UUID]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for session, w := range r.workers {
		if !w.busy && !keep[session] {
			delete(r.workers, session)
		}
	}
}

// work runs the jobs of one session until none is left. It takes the next job and clears busy under one lock, so that a
// job that arrives at this moment is either seen here or starts a new goroutine.
func (r *Reconciler) work(ctx context.Context, w *worker) error {
	for {
		r.mu.Lock()
		j := w.next
		w.next, w.busy = nil, j != nil
		r.mu.Unlock()
		if j == nil {
			return nil
		}
		err := r.reconcile(ctx, w, *j)
		if err != nil {
			err = fmt.Errorf("session %s: %w", j.Session, err)
			if soon(err) {
				select {
				case r.failed <- struct{}{}:
				default: // a sync is already due
				}
			}
		}
		if err := r.logRetryable(ctx, "session", err); err != nil {
			return err
		}
	}
}

// reconcile takes the step that is due for a session. It lists the workloads again, because the job may have waited.
func (r *Reconciler) reconcile(ctx context.Context, w *worker, j job) error {
	if j.orphan {
		return r.stop(ctx, j.Session)
	}
	found, err := r.list(ctx)
	if err != nil {
		return err
	}
	status := found[j.Session]
	switch do, reason := decide(r.current(j.Desired, status), status, r.epoch()); do {
	case doStart:
		return r.start(ctx, w, j.Desired)
	case doReport:
		return r.reportRunning(ctx, w, j.Desired)
	case doFail, doClose: // the report comes first: if it fails, the workload still has the reason for the next try
		why := outcome{state: link.Failed, reason: reason, detail: status.Output}
		if do == doClose {
			why = outcome{state: link.Terminated, reason: reason}
		}
		if _, err := r.report(ctx, w, j.Desired, why); err != nil {
			return err
		}
		return r.stop(ctx, j.Session)
	case doEnd: // the stop comes first: terminated means that nothing is left
		if err := r.stop(ctx, j.Session); err != nil {
			return err
		}
		_, err := r.report(ctx, w, j.Desired, outcome{state: link.Terminated})
		return err
	case doRemove:
		return r.stop(ctx, j.Session)
	}
	return nil
}

// start reports starting, starts the workload and reports running. A failed start is reported as failed and not tried
// again here: a template that cannot start would fail for ever, and the member can launch it again. The report says
// whether the host is the cause. The control plane then tries another one.
func (r *Reconciler) start(ctx context.Context, w *worker, d link.Desired) error {
	if continues, err := r.report(ctx, w, d, outcome{state: link.Starting}); err != nil || !continues {
		return err
	}
	err := r.launch(ctx, w, d)
	switch {
	case ctx.Err() != nil || r.endRequested(w):
		return nil // the agent stops, or the next job ends the session and reports it
	case err != nil:
		r.log.Error("session not started", "session", d.Session.String(), "error", err)
		_, err := r.report(ctx, w, d, whyNotStarted(err))
		return err
	}
	r.mu.Lock()
	w.ran = d.Generation
	r.mu.Unlock()
	return r.reportRunning(ctx, w, d)
}

// whyNotStarted says what a failed start means. What the workload itself causes would fail on every host.
func whyNotStarted(err error) outcome {
	own := fault.IsKind(err, fault.Invalid) || fault.IsKind(err, fault.Conflict)
	out := outcome{state: link.Failed, reason: "start_failed", hostFault: !own}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		out.reason = reasonCode(f.Code)
	}
	if failed, ok := errors.AsType[*runtime.StartError](err); ok {
		out.detail = failed.Output
	}
	return out
}

// launch starts the workload, unless the session's end is requested first. Waiting for a slot can be cancelled as well.
// The timeout begins only with the slot.
func (r *Reconciler) launch(ctx context.Context, w *worker, d link.Desired) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.setCancel(w, cancel)
	defer r.setCancel(w, nil)
	if err := r.starts.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.starts.Release(1)
	ctx, done := context.WithTimeout(ctx, startTimeout)
	defer done()
	return r.rt.Start(ctx, runtime.Workload{Session: d.Session, Namespace: d.Namespace, Spec: d.Spec})
}

// setCancel stores the function that cancels the start in progress. It calls it at once if the end was requested in the
// meantime, after dispatch had found nothing to cancel.
func (r *Reconciler) setCancel(w *worker, cancel context.CancelFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.cancel = cancel
	if cancel != nil && w.next != nil && !w.next.Run {
		cancel()
	}
}

// endRequested reports whether the next job ends the session.
func (r *Reconciler) endRequested(w *worker) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return w.next != nil && !w.next.Run
}

// stop removes the workload. It can be repeated: stopping what does not run is no error.
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
