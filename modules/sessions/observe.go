package sessions

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// Observer records what agents report.
type Observer struct {
	inReport InReport
	bus      bus.Bus
}

// NewObserver makes the service.
func NewObserver(in InReport, b bus.Bus) *Observer { return &Observer{inReport: in, bus: b} }

// Observe records a report. One that says nothing new changes nothing. It returns ErrEnded for a session that has
// ended, a Conflict fault "stale_agent" for one that is not placed on this process of the agent, and an Invalid or
// Conflict fault for a state that is unknown or cannot follow.
func (o *Observer) Observe(ctx context.Context, a link.Agent, r link.Report) error {
	id, saw := ID{r.Session}, Observed{State: r.State, Reason: r.Reason, Generation: r.Generation}
	if !known(saw.State) || len(r.Reason) > link.MaxReason {
		return errInvalidReport
	}
	err := o.inReport(ctx, a, id, func(tx ReportTx) error {
		was, err := tx.ReportedSession(ctx)
		if err != nil {
			return err
		}
		return record(ctx, tx, was, saw)
	})
	if err == nil {
		o.bus.Wake(topic(id))
	}
	return err
}

func record(ctx context.Context, tx ReportTx, was Session, saw Observed) error {
	if was.EndWanted {
		saw.State, saw.Reason = wanted(saw.State), ""
	}
	switch {
	case was.State.Final():
		return ErrEnded
	case saw.State == was.State:
		return tx.SetObserved(ctx, was.ID, saw) // the epoch and the generation may be new
	case !CanFollow(was.State, saw.State):
		return errTransition.With("state", was.State)
	}
	if err := tx.SetObserved(ctx, was.ID, saw); err != nil {
		return err
	}
	if saw.State.Final() {
		if err := audit.Record(ctx, tx, "session."+string(saw.State), was.ID); err != nil {
			return err
		}
	}
	return events.Append(ctx, tx, Changed{ID: was.ID, State: saw.State, Reason: saw.Reason})
}

// wanted is what a report means for a session whose end is wanted: it is on its way there until its workload is gone,
// and then it has ended as it should, whatever ended it.
func wanted(saw State) State {
	if saw.Final() {
		return link.Terminated
	}
	return link.Terminating
}
