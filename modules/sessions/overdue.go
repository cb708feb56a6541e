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
	overdueEvery = 15 * time.Second
	overduePage  = 100
)

// OverdueReaper ends sessions whose end was requested and whose agent stays away: nothing else would end them.
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

// Run ends what is overdue until ctx is done.
func (r *OverdueReaper) Run(ctx context.Context) error {
	return periodic.Task{Name: "end overdue sessions", Every: overdueEvery, Once: r.Once, Log: r.log}.Run(ctx)
}

// Once ends everything that is overdue now. One session's error does not keep the others from ending.
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

// reasonAgentAway is shown with a session that was ended without its agent.
const reasonAgentAway = "agent_away"
