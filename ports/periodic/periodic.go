// Package periodic runs background work again and again, and spreads what waits to try again.
package periodic

import (
	"context"
	"log/slog"
	"time"
)

// Task is work that is done over and over. One round that fails does not keep the next from being tried.
type Task struct {
	// Name says in the log what was not done: "end overdue sessions".
	Name  string
	Every time.Duration
	// AtOnce has the first round at the beginning, and not after the first interval.
	AtOnce bool
	// Once does one round. It must end with its context.
	Once func(ctx context.Context) error
	Log  *slog.Logger
}

// Run does the task each time its interval has passed, until ctx is done. It returns nil.
func (t Task) Run(ctx context.Context) error {
	tick := time.NewTicker(t.Every)
	defer tick.Stop()
	if t.AtOnce {
		t.round(ctx)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		t.round(ctx)
	}
}

// round does one round. Its failure is logged, unless the work is to end.
func (t Task) round(ctx context.Context) {
	if err := t.Once(ctx); err != nil && ctx.Err() == nil {
		t.Log.ErrorContext(ctx, "background work was not all done", "task", t.Name, "error", err)
	}
}
