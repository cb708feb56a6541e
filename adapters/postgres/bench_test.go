package postgres

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/org"
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

// BenchmarkSweep removes 100,000 old events of one organisation, among as many of others that stay, and lists 10,000
// organisations of which none has old events.
func BenchmarkSweep(b *testing.B) {
	const old, batch, orgs = 100_000, 1000, 10_000
	d, db := ownDB(b)
	super, o := asReplica(b, d), d.NewOrg(b, dbtest.Spec{})
	ageAll(b, super, o)
	for _, sql := range []string{
		`insert into app.org_heads (org_id, event_seq)
			select lpad(k::text, 32, '0')::uuid, 10 from generate_series(1, 10000) k`,
		`insert into app.events (org_id, seq, type, subject_id)
			select lpad(k::text, 32, '0')::uuid, n, 'x.y', gen_random_uuid()
			  from generate_series(1, 10) n, generate_series(1, 10000) k`,
		"vacuum analyze app.events", "vacuum analyze app.org_heads",
	} {
		if _, err := super.Exec(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
	}
	sweeper := events.NewSweeper(db.OldEvents, db.EventSweeps(), kept, slog.New(slog.DiscardHandler))
	b.Run("remove", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			writeOld(b, super, o, old, 2)
			b.StartTimer()
			if err := sweeper.Once(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/(old/batch), "ms/batch")
	})
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if ids, err := db.OldEvents(b.Context(), kept, org.ID{}, orgs); err != nil || len(ids) > 0 {
				b.Fatal(ids, err)
			}
		}
	})
}

// asks is how often a connection was taken for a statement.
func asks() (n int64) {
	for _, s := range open.Stats() {
		n += s.AcquireCount()
	}
	return n
}
