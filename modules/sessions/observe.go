package sessions

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// reasonRestored is why a session has failed that an older database wanted to start once more.
const reasonRestored = "database_restored"

// Observer applies the reports of agents to sessions. It is safe for concurrent use: the row's lock orders reports on
// the same session.
type Observer struct {
	inReport InReport
	bus      bus.Bus
}

// NewObserver makes the service.
func NewObserver(in InReport, b bus.Bus) *Observer { return &Observer{inReport: in, bus: b} }

// Observe applies a report. A report can be repeated: the second one changes nothing. It returns
//   - ErrEnded for a session that has ended,
//   - a Conflict fault "stale_agent" for a session that is not placed on this process of the agent,
//   - an Invalid fault for an unknown state or a reason that is too long,
//   - a Conflict fault "bad_transition" for a state that cannot follow the current one.
func (o *Observer) Observe(ctx context.Context, a link.Agent, r link.Report) error {
	id := ID{r.Session}
	saw := Observed{State: r.State, Reason: r.Reason, Detail: r.Detail, Generation: r.Generation, HostFault: r.HostFault}
	if !known(saw.State) || len(r.Reason) > link.MaxReason || len(r.Detail) > link.MaxDetail || !storable(r.Detail) {
		return errInvalidReport
	}
	var late bool
	err := o.inReport(ctx, a, id, func(tx ReportTx) error {
		was, err := tx.ReportedSession(ctx)
		if err != nil {
			return err
		}
		if saw, late, err = startedBefore(ctx, tx, was, saw); err != nil {
			return err
		}
		return apply(ctx, tx, was, saw)
	})
	if err == nil {
		o.bus.Wake(topic(id))
	}
	if err == nil && saw.State.Final() { // a slot is free, or the session waits for another host
		o.bus.Wake(link.PlacementTopic)
	}
	if err == nil && late {
		return ErrEnded
	}
	return err
}

// startedBefore fails the start of a session that an older database has brought back: it may have run and ended since,
// or run on another host. One that runs on the host that reports is never reported as starting.
func startedBefore(ctx context.Context, tx ReportTx, was Session, saw Observed) (Observed, bool, error) {
	if saw.State != link.Starting || was.EndWanted || was.State.Final() {
		return saw, false, nil
	}
	late, err := tx.PredatesRestore(ctx)
	if err != nil || !late {
		return saw, false, err
	}
	saw.State, saw.Reason = link.Failed, reasonRestored
	return saw, true, nil
}

// apply writes the observed state and, if it is new, its event. Only ends get an audit entry: the other states follow
// from the member's own request, which has one.
func apply(ctx context.Context, tx ReportTx, was Session, saw Observed) error {
	if was.EndWanted {
		saw.State, saw.Reason, saw.Detail = whileEnding(saw.State), whyEnding(was.Reason), ""
	}
	switch {
	case was.State.Final():
		return ErrEnded
	case saw.State == was.State:
		return tx.SetObserved(ctx, was.ID, saw) // the agent's epoch and the generation may be new
	case !CanFollow(was.State, saw.State):
		return errTransition.With("state", was.State)
	case saw.State == link.Failed && saw.HostFault && (was.State == link.Pending || was.State == link.Starting):
		moved, err := tx.StartElsewhere(ctx)
		if err != nil {
			return err
		}
		if moved {
			again := Changed{ID: was.ID, State: link.Pending, Reason: saw.Reason, WaitsFor: WaitsForHost}
			return events.Append(ctx, tx, again)
		}
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

// storable reports whether PostgreSQL can store a text. It has no room for the character zero.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// whyEnding is the reason to write for a session whose end was requested: that of background work, or none.
func whyEnding(was string) string {
	if was == reasonOwnerLeft || was == reasonOrgSuspended {
		return was
	}
	return ""
}

// whileEnding is the state to write for a session whose end was requested. Until its workload is gone it is
// terminating, even if the agent still reports running. After that it is terminated: a member who asked for the end
// must not read that the session failed.
func whileEnding(saw State) State {
	if saw.Final() {
		return link.Terminated
	}
	return link.Terminating
}
