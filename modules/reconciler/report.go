package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// outcome is what is reported of a session.
type outcome struct {
	state  link.State
	reason string
}

// report sends the outcome, and returns whether the session continues as far as the control plane knows.
func (r *Reconciler) report(ctx context.Context, w *worker, d link.Desired, o outcome) (continues bool, err error) {
	report := link.Report{Session: d.Session, State: o.state, Reason: o.reason, Generation: d.Generation}
	err = r.up.Observe(ctx, report)
	if errors.Is(err, link.ErrSessionEnded) {
		report.State, err = link.Terminated, nil
	}
	if err != nil {
		return false, fmt.Errorf("report %s: %w", o.state, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.reported = report
	return !report.State.Final(), nil
}

func (r *Reconciler) reportRunning(ctx context.Context, w *worker, d link.Desired) error {
	continues, err := r.report(ctx, w, d, outcome{state: link.Running})
	if err != nil || continues {
		return err
	}
	return r.stop(ctx, d.Session)
}

// current returns d with its newest state. A listing or a Put may be older than the last report. A session that ran
// here and is gone must not be started again, even if the report that it ran was lost.
func (r *Reconciler) current(d link.Desired, found runtime.Status) link.Desired {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.workers[d.Session]
	if w == nil {
		return d
	}
	state := link.Pending
	if w.reported.Generation >= d.Generation {
		state = w.reported.State
	}
	if found.Phase == "" && w.ran >= d.Generation && !state.Final() {
		state = link.Running
	}
	if progress[state] > progress[d.State] {
		d.State, d.Epoch = state, r.epoch()
	}
	return d
}
