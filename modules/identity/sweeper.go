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
	// sweepEvery is not urgent: expired rows are refused everywhere, and only take space.
	sweepEvery = 10 * time.Minute
	// sweepPage bounds the organisations of one round. The rest waits for the next round.
	sweepPage = 100
)

// ExpiredCredentials finds organisations with expired rows. It returns only their ids, because it looks at all of them.
type ExpiredCredentials interface {
	// WithExpired lists organisations that have expired credentials or tickets, those that have expired invitations, and
	// those that have idempotency keys that have ended: at most n of each.
	WithExpired(ctx context.Context, n int) ([]org.ID, error)
}

// ServiceTx is everything that the Sweeper may write in one organisation.
type ServiceTx interface {
	// DeleteExpired removes the organisation's expired credentials, tickets, grants, invitations and idempotency keys.
	DeleteExpired(ctx context.Context) error
}

// Sweeper deletes expired credentials and tickets, which cannot be used any more and would accumulate. Several
// processes may run it at the same time.
type Sweeper struct {
	expired   ExpiredCredentials
	asService org.AsService[ServiceTx]
	log       *slog.Logger
}

// NewSweeper makes the service.
func NewSweeper(e ExpiredCredentials, as org.AsService[ServiceTx], log *slog.Logger) *Sweeper {
	return &Sweeper{expired: e, asService: as, log: log}
}

// Run sweeps every ten minutes until ctx is done.
func (s *Sweeper) Run(ctx context.Context) error {
	return periodic.Task{Name: "remove expired credentials", Every: sweepEvery, Once: s.Once, Log: s.log}.Run(ctx)
}

// Once deletes the expired rows of at most sweepPage organisations, each in a transaction of its own. If one fails, it
// goes on with the others and returns all errors.
func (s *Sweeper) Once(ctx context.Context) error {
	ids, err := s.expired.WithExpired(ctx, sweepPage)
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
