package events

import (
	"context"
	"log/slog"
	"time"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// sweepEvery is not urgent: what is a little older than promised only takes space.
	sweepEvery = 10 * time.Minute
	// sweepOrgs bounds what one query returns. Once continues until no organisation is left.
	sweepOrgs = 100
	// sweepBatch is how many events the database removes in one transaction at most.
	sweepBatch = 1000
)

// OldEvents lists organisations whose oldest event is older than kept: at most n with ids above after, in order. It
// returns only their ids, because it looks at all of them. An organisation that has just one event is not listed.
type OldEvents func(ctx context.Context, kept time.Duration, after org.ID, n int) ([]org.ID, error)

// SweeperTx is everything that the Sweeper may write in one organisation.
type SweeperTx interface {
	// RemoveOldEvents removes the organisation's oldest events, up to the first that is younger than kept, and returns
	// how many: at most sweepBatch. The newest event stays, and so do those of the last hour, whatever kept is.
	RemoveOldEvents(ctx context.Context, kept time.Duration) (int, error)
}

// Sweeper removes old events from the beginning of each log. What is left has no gap, so that a subscriber whose last
// event is older than the log is told to list again. Several processes may run it at the same time.
type Sweeper struct {
	old       OldEvents
	asService org.AsService[SweeperTx]
	kept      time.Duration
	log       *slog.Logger
}

// NewSweeper makes the service. kept is the age up to which events stay.
func NewSweeper(old OldEvents, as org.AsService[SweeperTx], kept time.Duration, log *slog.Logger) *Sweeper {
	return &Sweeper{old: old, asService: as, kept: kept, log: log}
}

// Run sweeps at once and then every ten minutes, until ctx is done.
func (s *Sweeper) Run(ctx context.Context) error {
	return periodic.Task{Name: "remove old events", Every: sweepEvery, AtOnce: true, Once: s.Once, Log: s.log}.Run(ctx)
}

// Once removes the old events of all organisations, a batch in each transaction. If one organisation fails, it goes on
// with the others and returns all errors.
func (s *Sweeper) Once(ctx context.Context) error {
	list := func(ctx context.Context, after org.ID, n int) ([]org.ID, error) { return s.old(ctx, s.kept, after, n) }
	return org.Each(ctx, list, sweepOrgs, s.sweep)
}

// sweep removes the old events of one organisation.
func (s *Sweeper) sweep(ctx context.Context, id org.ID) error {
	for {
		var removed int
		err := s.asService(ctx, id, "remove old events", func(tx SweeperTx) (err error) {
			removed, err = tx.RemoveOldEvents(ctx, s.kept)
			return err
		})
		if err != nil || removed < sweepBatch {
			return err
		}
	}
}
