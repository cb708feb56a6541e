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
	// overduePage bounds what one query returns. Once continues until nothing is left.
	overduePage = 100
)

// OverdueReaper ends sessions whose end was requested and whose agent does not report it. Nothing else would end them:
// the session would count against its owner's quota for as long as its host is gone.
type OverdueReaper struct {
	due       DueSessions
	asService org.AsService[ServiceTx]
	bus       bus.Bus
	log       *slog.Logger
}

// NewOverdueReaper makes the service.
func NewOverdueReaper(d DueSessions, as org.AsService[ServiceTx], b bus.Bus, log *slog.Logger) *OverdueReaper {
	return &OverdueReaper{due: d, asService: as, bus: b, log: log}
}

// Run ends overdue sessions until ctx is done. Several processes may run it at the same time: FinishSession acts once.
func (r *OverdueReaper) Run(ctx context.Context) error {
	return periodic.Task{Name: "end overdue sessions", Every: overdueEvery, Once: r.Once, Log: r.log}.Run(ctx)
}

// Once ends all sessions that are overdue now, each in a transaction of its own organisation. If one fails, it goes on
// with the others and returns all errors. It stops when a page is not full or when nothing of a page could be ended;
// otherwise the same failing sessions would be listed forever.
func (r *OverdueReaper) Once(ctx context.Context) error {
	var all error
	for {
		due, err := r.due.Overdue(ctx, overduePage)
		if err != nil {
			return errors.Join(all, fmt.Errorf("list overdue sessions: %w", err))
		}
		ended := 0
		for _, d := range due {
			if err := r.end(ctx, d); err != nil {
				all = errors.Join(all, fmt.Errorf("end session %s: %w", d.Session, err))
				continue
			}
			ended++
		}
		if len(due) < overduePage || ended == 0 {
			return all
		}
	}
}

func (r *OverdueReaper) end(ctx context.Context, d Due) error {
	err := r.asService(ctx, d.Org, "end overdue sessions", func(tx ServiceTx) error {
		ended, err := tx.FinishSession(ctx, d.Session, reasonAgentAway)
		if err != nil || !ended {
			return err
		}
		changed := Changed{ID: d.Session, State: link.Terminated, Reason: reasonAgentAway}
		if err := events.Append(ctx, tx, changed); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "session.terminated", d.Session)
	})
	if err == nil {
		r.bus.Wake(topic(d.Session))
	}
	return err
}

// reasonAgentAway is the reason of a session that was ended without its agent. Its desktop may still run on a host that
// has lost its connection; the agent stops it when it connects again.
const reasonAgentAway = "agent_away"
