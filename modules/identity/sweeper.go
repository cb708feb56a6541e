package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	sweepEvery = 10 * time.Minute
	sweepPage  = 100
)

// Agenda tells background work where there is something to throw away: ids and nothing else.
type Agenda interface {
	// WithExpired lists organisations that hold credentials or tickets whose time is over, at most n.
	WithExpired(ctx context.Context, n int) ([]org.ID, error)
}

// ServiceTx is what throwing away may touch.
type ServiceTx interface {
	// DeleteExpired removes the organisation's credentials and tickets whose time is over.
	DeleteExpired(ctx context.Context) error
}

// Sweeper throws away credentials and tickets whose time is over. Nobody could use them; they would only pile up.
type Sweeper struct {
	agenda    Agenda
	asService org.AsService[ServiceTx]
	log       *slog.Logger
}

// NewSweeper makes the service.
func NewSweeper(a Agenda, as org.AsService[ServiceTx], log *slog.Logger) *Sweeper {
	return &Sweeper{agenda: a, asService: as, log: log}
}

// Run sweeps until ctx is done.
func (s *Sweeper) Run(ctx context.Context) error {
	return periodic.Task{Name: "remove expired credentials", Every: sweepEvery, Once: s.Once, Log: s.log}.Run(ctx)
}

// Once removes a page's worth of organisations' expired credentials; what is left waits for the next time.
func (s *Sweeper) Once(ctx context.Context) error {
	ids, err := s.agenda.WithExpired(ctx, sweepPage)
	if err != nil {
		return fmt.Errorf("list organisations with expired credentials: %w", err)
	}
	var all error
	for _, id := range ids {
		err := s.asService(ctx, id, "remove expired credentials", func(tx ServiceTx) error { return tx.DeleteExpired(ctx) })
		if err != nil {
			all = errors.Join(all, fmt.Errorf("in organisation %s: %w", id, err))
		}
	}
	return all
}
