package postgres

import (
	"context"
	"sync"
	"testing"
	"time"
)

const (
	benchOrgs    = 50
	benchStreams = 500
	// benchTime has two of the checks of all streams.
	benchTime = time.Minute
)

// BenchmarkOpenStreams counts what open streams ask of the database while nothing happens, beside streams that each ask
// every second whether they may go on.
func BenchmarkOpenStreams(b *testing.B) {
	var desks []viewedDesk
	for range benchOrgs {
		desks = append(desks, newViewedDesk(b))
	}
	b.Run("events", func(b *testing.B) {
		feed, watch := newWatch(open)
		countAsks(b, desks, func(ctx context.Context, v viewedDesk) {
			if err := watch.WatchAccess(ctx, as(v.Org, v.Member), v.id); err != nil {
				b.Error(err)
			}
		}, feed.Run, watch.Run)
	})
	b.Run("each second", func(b *testing.B) {
		countAsks(b, desks, func(ctx context.Context, v viewedDesk) {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				_, err := open.SessionAccess()(as(v.Org, v.Member)).SessionAccess(ctx, v.id)
				if err != nil && ctx.Err() == nil {
					b.Error(err)
				}
			}
		})
	})
}

// countAsks has all streams open for a while.
func countAsks(
	b *testing.B, desks []viewedDesk, stream func(context.Context, viewedDesk), background ...func(context.Context) error,
) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	for _, run := range background {
		running.Go(func() { _ = run(ctx) })
	}
	for i := range benchStreams {
		running.Go(func() { stream(ctx, desks[i%len(desks)]) })
	}
	time.Sleep(3 * time.Second) // each has asked at its begin
	before := asks()
	time.Sleep(benchTime)
	b.ReportMetric(float64(asks()-before)/benchTime.Seconds(), "asks/s")
	cancel()
	running.Wait()
}

// asks is how often a connection was taken for a statement.
func asks() (n int64) {
	for _, s := range open.Stats() {
		n += s.AcquireCount()
	}
	return n
}
