package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/streamspace-dev/streamspace/ports/org"
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
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.Once(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "expired credentials were not all removed", "error", err)
		}
	}
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
