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

// Undertaker ends sessions whose agent stays away: nobody else will.
type Undertaker struct {
	agenda    Agenda
	asService org.AsService[ServiceTx]
	bus       bus.Bus
	log       *slog.Logger
}

// NewUndertaker makes the service.
func NewUndertaker(a Agenda, as org.AsService[ServiceTx], b bus.Bus, log *slog.Logger) *Undertaker {
	return &Undertaker{agenda: a, asService: as, bus: b, log: log}
}

// Run ends what is overdue until ctx is done.
func (u *Undertaker) Run(ctx context.Context) error {
	return periodic.Task{Name: "end overdue sessions", Every: overdueEvery, Once: u.Once, Log: u.log}.Run(ctx)
}

// Once ends everything that is overdue now. One session's error does not keep the others from ending.
func (u *Undertaker) Once(ctx context.Context) error {
	var all error
	for {
		due, err := u.agenda.Overdue(ctx, overduePage)
		if err != nil {
			return errors.Join(all, fmt.Errorf("list overdue sessions: %w", err))
		}
		ended := 0
		for _, d := range due {
			if err := u.end(ctx, d); err != nil {
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

func (u *Undertaker) end(ctx context.Context, d Due) error {
	err := u.asService(ctx, d.Org, "end overdue sessions", func(tx ServiceTx) error {
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
		u.bus.Wake(topic(d.Session))
	}
	return err
}

// reasonAgentAway is shown with a session that was ended without its agent.
const reasonAgentAway = "agent_away"
