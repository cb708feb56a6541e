package reconciler

import (
	"context"
	"fmt"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// outcome is what is reported of a session.
type outcome struct {
	state  link.State
	reason string
}

// report tells the control plane, and returns whether the session goes on as far as that is concerned.
func (r *Reconciler) report(ctx context.Context, w *worker, d link.Desired, o outcome) (goesOn bool, err error) {
	said := link.Report{Session: d.Session, State: o.state, Reason: o.reason, Generation: d.Generation}
	err = r.up.Observe(ctx, said)
	if fault.Has(err, "session_ended") {
		said.State, err = link.Terminated, nil
	}
	if err != nil {
		return false, fmt.Errorf("report %s: %w", o.state, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.said = said
	return !said.State.Final(), nil
}

func (r *Reconciler) tellRunning(ctx context.Context, w *worker, d link.Desired) error {
	goesOn, err := r.report(ctx, w, d, outcome{state: link.Running})
	if err != nil || goesOn {
		return err
	}
	return r.stop(ctx, d.Session)
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
	state := link.Pending
	if w.said.Generation >= d.Generation {
		state = w.said.State
	}
	if found.Phase == "" && w.ran >= d.Generation && !state.Final() {
		state = link.Running
	}
	if progress[state] > progress[d.State] {
		d.State, d.Epoch = state, r.epoch()
	}
	return d
}
