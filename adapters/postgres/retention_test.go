package postgres

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// kept is how long events stay in these tests. No test makes any that are between one and two hours old.
const kept = 90 * time.Minute

// writeOld fills the log of an organisation with events of a number of hours ago, and returns the newest number.
func writeOld(t testing.TB, super *pgx.Conn, o *dbtest.Org, n, hours int) (newest int64) {
	t.Helper()
	if err := super.QueryRow(t.Context(), `with filled as (
			insert into app.events (org_id, seq, at, type, subject_id, owner_id, audience)
			select h.org_id, h.event_seq + n, now() - make_interval(hours => $3), 'x.y', h.org_id, null, 'everyone'
			  from app.org_heads h, generate_series(1, $2::int) n where h.org_id = $1)
		update app.org_heads set event_seq = event_seq + $2 where org_id = $1 returning event_seq`,
		o.ID.UUID, n, hours).Scan(&newest); err != nil {
		t.Fatal(err)
	}
	return newest
}

// asReplica returns a superuser's connection on which no trigger fires, so that it writes numbers and times.
func asReplica(t testing.TB, d *dbtest.Database) *pgx.Conn {
	t.Helper()
	super := d.Superuser(t)
	if _, err := super.Exec(t.Context(), "set session_replication_role = replica"); err != nil {
		t.Fatal(err)
	}
	return super
}

// ageAll makes all events that there are old.
func ageAll(t testing.TB, super *pgx.Conn, o *dbtest.Org) {
	t.Helper()
	if _, err := super.Exec(t.Context(), "update app.events set at = now() - interval '3 h' where org_id = $1",
		o.ID.UUID); err != nil {
		t.Fatal(err)
	}
}

func ownDB(t testing.TB) (*dbtest.Database, *DB) {
	t.Helper()
	d := dbtest.Own(t)
	db, err := Open(t.Context(), Config{URL: d.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return d, db
}

// countedSweep notes how many events each transaction of a sweep has removed.
type countedSweep struct {
	events.SweeperTx
	removed *[]int
}

func (c countedSweep) RemoveOldEvents(ctx context.Context, kept time.Duration) (int, error) {
	n, err := c.SweeperTx.RemoveOldEvents(ctx, kept)
	*c.removed = append(*c.removed, n)
	return n, err
}

// Seen to fail with one batch for each organisation, with a function that keeps to no organisation, with one that
// removes the newest event, and with one that removes what is old behind what is not.
func TestOldEventsGoInBatches(t *testing.T) {
	t.Parallel()
	d, db := ownDB(t)
	super := asReplica(t, d)
	full, behind, idle, young := d.NewOrg(t, dbtest.Spec{}), d.NewOrg(t, dbtest.Spec{}), d.NewOrg(t, dbtest.Spec{}),
		d.NewOrg(t, dbtest.Spec{})
	for _, o := range []*dbtest.Org{full, behind, idle} {
		ageAll(t, super, o)
	}
	first := writeOld(t, super, full, 2500, 2) // with those of its making
	writeOld(t, super, full, 7, 0)
	before := writeOld(t, super, behind, 3, 1)
	writeOld(t, super, behind, 5, 2) // a clock was set back
	last := writeOld(t, super, idle, 4, 48)
	others := rowsOf(t, super, planted{Org: young})
	writeOthers := rowsOf(t, super, planted{Org: full})

	batches := map[org.ID][]int{}
	as := func(ctx context.Context, id org.ID, service string, fn func(events.SweeperTx) error) error {
		return db.EventSweeps()(ctx, id, service, func(tx events.SweeperTx) error {
			removed := batches[id]
			err := fn(countedSweep{tx, &removed})
			batches[id] = removed
			return err
		})
	}
	if err := events.NewSweeper(db.OldEvents, as, kept, slog.New(slog.DiscardHandler)).Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	rest := int(first) - 2000
	want := map[org.ID][]int{full.ID: {1000, 1000, rest}, behind.ID: {int(before) - 3}, idle.ID: {int(last) - 1}}
	if diff := cmp.Diff(want, batches); diff != "" {
		t.Errorf("removed in each transaction (-want +got):\n%s", diff)
	}
	for o, want := range map[*dbtest.Org]events.Bounds{
		full: {Oldest: first + 1, Newest: first + 7}, behind: {Oldest: before - 2, Newest: before + 5},
		idle: {Oldest: last, Newest: last},
	} {
		if got, err := db.EventsAsService()(o.ID, "test").EventBounds(t.Context()); got != want || err != nil {
			t.Errorf("the log is %+v, want %+v (%v)", got, want, err)
		}
		rows := read[int64](t, super, "select count(*) from app.events where org_id = $1", o.ID.UUID)
		if rows != want.Newest-want.Oldest+1 {
			t.Errorf("%d events from %d to %d", rows, want.Oldest, want.Newest)
		}
	}
	if diff := cmp.Diff(others, rowsOf(t, super, planted{Org: young})); diff != "" {
		t.Errorf("another organisation's rows have changed (-before +after):\n%s", diff)
	}
	after := rowsOf(t, super, planted{Org: full}) // no event and no entry says that events were removed
	delete(after, "events")
	delete(writeOthers, "events")
	if diff := cmp.Diff(writeOthers, after); diff != "" {
		t.Errorf("other rows of the organisation have changed (-before +after):\n%s", diff)
	}
}

// TestSweepersTakeTurns has several replicas sweep at once, while events are written. Seen to fail with a function that
// removes one event more.
func TestSweepersTakeTurns(t *testing.T) {
	t.Parallel()
	d, db := ownDB(t)
	super, o := asReplica(t, d), d.NewOrg(t, dbtest.Spec{})
	ageAll(t, super, o)
	begin := writeOld(t, super, o, 4200, 2)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s := events.NewSweeper(db.OldEvents, db.EventSweeps(), kept, slog.New(slog.DiscardHandler))
			if err := s.Once(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	writeIn(t, db, o, 20)
	all.Wait()
	left := read[[]int64](t, super, "select array_agg(seq order by seq) from app.events where org_id = $1", o.ID.UUID)
	var want []int64
	for seq := begin + 1; seq <= begin+20; seq++ {
		want = append(want, seq)
	}
	// They may have come before the first new event: then the newest old one is still there.
	if left = slices.DeleteFunc(left, func(n int64) bool { return n == begin }); !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

// What a session did is part of the log: its history begins where the log does.
func TestTheHistoryOfASessionReachesBackAsFarAsTheLog(t *testing.T) {
	t.Parallel()
	d, db := ownDB(t)
	super, o := asReplica(t, d), d.NewOrg(t, dbtest.Spec{})
	s, _ := service(db)
	made, err := s.Create(t.Context(), as(o, o.Member), sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	id := made.ID
	ageAll(t, super, o)
	if _, err := s.Terminate(t.Context(), as(o, o.Member), id); err != nil {
		t.Fatal(err)
	}
	history := func() (types []string) {
		t.Helper()
		return read[[]string](t, super, `select array_agg(type order by seq) from app.events
			where org_id = $1 and subject_id = $2`, o.ID.UUID, id.UUID)
	}
	audited := read[int](t, super, "select count(*) from app.audit_log where org_id = $1", o.ID.UUID)
	whole := history()
	sweeper := events.NewSweeper(db.OldEvents, db.EventSweeps(), kept, slog.New(slog.DiscardHandler))
	if err := sweeper.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := history(); len(whole) < 2 || len(got) != 1 || got[0] != whole[len(whole)-1] {
		t.Errorf("of %v there is %v, want the last", whole, got)
	}
	if n := read[int](t, super, "select count(*) from app.audit_log where org_id = $1", o.ID.UUID); n != audited {
		t.Errorf("of %d entries of the audit log there are %d", audited, n)
	}
	if got, err := s.Get(t.Context(), as(o, o.Member), id); err != nil || got.ID != id {
		t.Errorf("the session: %v", err)
	}
}

// TestASweepReadsABatch counts what is read of the table, which has 100,000 events, most of them of one organisation.
// Seen to fail with a sort of the whole log, and with a list that looks for the oldest event by its time.
func TestASweepReadsABatch(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	super, o := asReplica(t, d), d.NewOrg(t, dbtest.Spec{})
	ageAll(t, super, o)
	writeOld(t, super, o, 60_000, 2)
	for _, sql := range []string{
		`insert into app.org_heads (org_id, event_seq)
			select lpad(k::text, 32, '0')::uuid, 1000 from generate_series(1, 40) k`,
		`insert into app.events (org_id, seq, type, subject_id)
			select lpad(k::text, 32, '0')::uuid, n, 'x.y', gen_random_uuid()
			  from generate_series(1000, 1, -1) n, generate_series(1, 40) k`,
		"vacuum analyze app.events", "vacuum analyze app.org_heads",
	} {
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	zero := org.ID{}.String()
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		for call, most := range map[string]int64{
			"rls.remove_old_events(7200)":                         2100,
			"rls.orgs_with_old_events(7200, '" + zero + "', 100)": 100,
		} {
			tx, err := super.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			set := "select set_config('plan_cache_mode', $1, true), set_config('app.org_id', $2, true)"
			if _, err := tx.Exec(t.Context(), set, mode, o.ID.String()); err != nil {
				t.Fatal(err)
			}
			wholeBefore, before := readRows(t, tx)
			var found string
			err = tx.QueryRow(t.Context(), "select "+call+"::text").Scan(&found)
			if err != nil || found != "1000" && found != o.ID.String() {
				t.Fatalf("%s found %s, %v", call, found, err)
			}
			whole, after := readRows(t, tx)
			if n := after - before; whole != wholeBefore || n == 0 || n > most {
				t.Errorf("%s, %s: %d rows are read, want %d at most; %d times the whole table", call, mode, n, most,
					whole-wholeBefore)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// readRows is how many rows of the log this connection has read, and how often it has read the whole table.
func readRows(t *testing.T, tx pgx.Tx) (whole, rows int64) {
	t.Helper()
	err := tx.QueryRow(t.Context(), `select seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0)
		from pg_stat_xact_all_tables where relid = 'app.events'::regclass`).Scan(&whole, &rows)
	if err != nil {
		t.Fatal(err)
	}
	return whole, rows
}
