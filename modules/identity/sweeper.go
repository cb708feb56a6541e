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

// ExpiredCredentials lists where there are expired rows to delete, over all organisations: ids and nothing else.
type ExpiredCredentials interface {
	// WithExpired lists organisations that hold expired credentials or tickets, at most n.
	WithExpired(ctx context.Context, n int) ([]org.ID, error)
}

// ServiceTx is what deleting expired rows may touch.
type ServiceTx interface {
	// DeleteExpired removes the organisation's expired credentials and tickets.
	DeleteExpired(ctx context.Context) error
}

// Sweeper deletes expired credentials and tickets. They can no longer be used and would only accumulate.
type Sweeper struct {
	expired   ExpiredCredentials
	asService org.AsService[ServiceTx]
	log       *slog.Logger
}

// NewSweeper makes the service.
func NewSweeper(e ExpiredCredentials, as org.AsService[ServiceTx], log *slog.Logger) *Sweeper {
	return &Sweeper{expired: e, asService: as, log: log}
}

// Run sweeps until ctx is done.
func (s *Sweeper) Run(ctx context.Context) error {
	return periodic.Task{Name: "remove expired credentials", Every: sweepEvery, Once: s.Once, Log: s.log}.Run(ctx)
}

// Once removes a page's worth of organisations' expired credentials; what is left waits for the next time.
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
