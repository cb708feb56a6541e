package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// overdueEvery adds little to the five minutes that an agent has.
	overdueEvery = 15 * time.Second
	// leftBehindEvery adds little to the day that a session is left.
	leftBehindEvery = time.Minute
	// reapPage bounds what one query returns. Once continues until nothing is left.
	reapPage = 100
)

// Reasons for which background work requests an end, as rls.sessions_left_behind returns them.
const (
	reasonOwnerLeft    = "owner_left"
	reasonOrgSuspended = "org_suspended"
)

// Reaper ends sessions that nothing else would end. Several processes may run it at the same time: each session is
// ended once.
type Reaper struct {
	name  string
	every time.Duration
	list  func(ctx context.Context, n int) ([]Due, error)
	// end acts on one session in a transaction, and returns the state that follows; "" when there was nothing to do.
	end func(ctx context.Context, tx ServiceTx, d Due) (State, error)

	asService org.AsService[ServiceTx]
	bus       bus.Bus
	log       *slog.Logger
}

// NewOverdueReaper ends sessions whose end was requested and whose agent does not report it: such a session would count
// against its owner's quota for as long as its host is gone. Its desktop may still run there; the agent stops it when
// it connects again.
func NewOverdueReaper(d DueSessions, as org.AsService[ServiceTx], b bus.Bus, log *slog.Logger) *Reaper {
	return &Reaper{
		name: "end overdue sessions", every: overdueEvery, list: d.Overdue, end: finish, asService: as, bus: b, log: log,
	}
}

// NewLeftBehindReaper ends sessions whose owner left the organisation a day ago, or whose organisation has been
// suspended for a day. Until then an admin can take a session over, and a suspension may be a mistake.
func NewLeftBehindReaper(d DueSessions, as org.AsService[ServiceTx], b bus.Bus, log *slog.Logger) *Reaper {
	return &Reaper{
		name: "end sessions left behind", every: leftBehindEvery, list: d.LeftBehind, end: endLeftBehind,
		asService: as, bus: b, log: log,
	}
}

// Run ends sessions until ctx is done.
func (r *Reaper) Run(ctx context.Context) error {
	return periodic.Task{Name: r.name, Every: r.every, Once: r.Once, Log: r.log}.Run(ctx)
}

// Once ends all sessions that are due now, each in a transaction of its own organisation. If one fails, it goes on with
// the others and returns all errors. It stops when a page is not full or when nothing of a page could be ended;
// otherwise the same failing sessions would be listed forever.
func (r *Reaper) Once(ctx context.Context) error {
	var all error
	for {
		due, err := r.list(ctx, reapPage)
		if err != nil {
			return errors.Join(all, fmt.Errorf("list the sessions to %s: %w", r.name, err))
		}
		ended := 0
		for _, d := range due {
			if err := r.reap(ctx, d); err != nil {
				all = errors.Join(all, fmt.Errorf("end session %s: %w", d.Session, err))
				continue
			}
			ended++
		}
		if len(due) < reapPage || ended == 0 {
			return all
		}
	}
}

// reap ends one session and wakes those who wait for a change of it.
func (r *Reaper) reap(ctx context.Context, d Due) error {
	err := r.asService(ctx, d.Org, r.name, func(tx ServiceTx) error {
		state, err := r.end(ctx, tx, d)
		if err != nil || state == "" {
			return err
		}
		return events.Append(ctx, tx, Changed{ID: d.Session, State: state, Reason: d.Reason})
	})
	if err == nil {
		r.bus.Wake(topic(d.Session))
	}
	return err
}

func finish(ctx context.Context, tx ServiceTx, d Due) (State, error) {
	ended, err := tx.FinishSession(ctx, d.Session, d.Reason)
	if err != nil || !ended {
		return "", err
	}
	return link.Terminated, audit.Record(ctx, tx, "session.terminated", d.Session)
}

// endLeftBehind asks for the end, as a user would. The agent is told within a second.
func endLeftBehind(ctx context.Context, tx ServiceTx, d Due) (State, error) {
	state, ended, err := tx.EndLeftBehind(ctx, d.Session, d.Reason)
	if err != nil || !ended {
		return "", err
	}
	return state, audit.Record(ctx, tx, "session.terminate", d.Session)
}
