package reconciler

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// reasonStopped is why a session has failed that its agent ended as it was stopped.
const reasonStopped = "agent_stopped"

// Leave ends the workloads of an agent that is being stopped, and reports each end. Otherwise its sessions would be
// shown as running, and count, until the agent starts again. Call it after Run has returned, while the agent is still
// connected. A session that has not started is left for the agent's next process.
func (r *Reconciler) Leave(ctx context.Context) error {
	placed, err := r.up.Placements(ctx)
	if err != nil {
		return fmt.Errorf("report what ends with the agent: %w", err)
	}
	found, err := r.list(ctx)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(maxConcurrent)
	failures := make([]error, len(placed))
	for i, d := range placed {
		if found[d.Session].Phase == runtime.Running {
			g.Go(func() error { failures[i] = r.leave(ctx, d); return nil })
		}
	}
	_ = g.Wait() // the failures are kept apart: one must not hide the others
	return errors.Join(failures...)
}

// leave ends one workload and reports it.
func (r *Reconciler) leave(ctx context.Context, d link.Desired) error {
	if err := r.stop(ctx, d.Session); err != nil {
		return fmt.Errorf("session %s: %w", d.Session, err)
	}
	end := link.Report{Session: d.Session, State: link.Failed, Reason: reasonStopped, Generation: d.Generation}
	if !d.Run {
		end.State, end.Reason = link.Terminated, ""
	}
	if err := r.up.Observe(ctx, end); err != nil && !errors.Is(err, link.ErrSessionEnded) {
		return err
	}
	return nil
}
