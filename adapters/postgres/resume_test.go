package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/adapters/pgbus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// resumeTime is how long histories are played. One takes a second or two, most of it the waits for lost wakes.
	resumeTime = 8 * time.Second
	// resumeWorkers is how many are played at once.
	resumeWorkers = 6
	// late is when an event has not come: a second after a lost wake, and what a busy machine adds.
	late = 8 * time.Second
)

// TestResumingOnReplicasLosesNothing plays random histories on two replicas and a real database: members' programs
// disconnect and go on at either replica, replicas are killed, wakes and notifications are lost, events are removed
// from the old end, and an older database is restored. Each program ends with exactly what it may see since it last had
// to list, in order and once, and has to list only if its history is gone.
//
// Seen to fail with a filter that lets everything through, without the check of the history's beginning after a page of
// it was read, without the end of the history at the number where a program has to list, and with retention that
// removes one event more.
func TestResumingOnReplicasLosesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	hooks := &hooks{}
	pair := make([]*DB, 2)
	for i := range pair {
		var err error
		pair[i], err = Open(t.Context(), Config{
			URL: d.URL(), Committed: func(id org.ID) { hooks.committed(i, id) },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pair[i].Close)
	}
	until := time.Now().Add(resumeTime)
	var played atomic.Int64
	var all sync.WaitGroup
	for range resumeWorkers {
		all.Go(func() {
			super := d.Superuser(t)
			if _, err := super.Exec(context.WithoutCancel(t.Context()), "set session_replication_role = replica"); err != nil {
				t.Error(err)
				return
			}
			rapid.Check(t, func(rt *rapid.T) {
				if time.Now().After(until) {
					return
				}
				w := newLogWorld(t, d, pair, super)
				hooks.worlds.Store(w.org.ID, w)
				defer hooks.worlds.Delete(w.org.ID)
				defer w.close()
				w.play(rt)
				played.Add(1)
			})
		})
	}
	all.Wait()
	t.Logf("%d histories", played.Load())
}

// hooks passes commits on to the replicas of the organisation's history.
type hooks struct{ worlds sync.Map }

func (h *hooks) committed(replica int, id org.ID) {
	if w, ok := h.worlds.Load(id); ok {
		w := w.(*logWorld)
		if b := w.replicas[replica].bus.Load(); b != nil && !w.lost.Load() {
			b.Wake(events.Topic(id))
		}
	}
}

// serving is one replica of a history.
type serving struct {
	db   *DB
	bus  atomic.Pointer[pgbus.Bus]
	feed *events.Feed
	stop func()
}

func (r *serving) start() {
	log := slog.New(slog.DiscardHandler)
	b := pgbus.New(pgbus.Config{Local: membus.New(), Connect: r.db.Listen, Log: log})
	r.bus.Store(b)
	r.feed = events.NewFeed(events.Config{
		Read: r.db.EventReads(), AsService: r.db.EventsAsService(), Newest: r.db.NewestEvents, Bus: b, Log: log,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = b.Run(ctx) })
	running.Go(func() { _ = r.feed.Run(ctx) })
	r.stop = func() { cancel(); running.Wait(); r.bus.Store(nil) }
}

// logged is an event as the model keeps it.
type logged struct {
	seq      int64
	owner    org.UserID
	everyone bool
}

// follower is a member's program.
type follower struct {
	who      dbtest.Person
	s        *events.Subscription // nil: it is not connected
	at       int
	last     int64   // the number up to which it has everything
	since    int64   // the number at which it listed
	got      []int64 // what it was told after that
	mayReset bool    // something that it has not seen is gone
}

// logWorld is one organisation, its log as it should be, two replicas and three programs that follow.
type logWorld struct {
	org       *dbtest.Org
	super     *pgx.Conn
	replicas  [2]*serving
	lost      atomic.Bool // commits wake no one
	log       []logged
	oldest    int64
	restored  time.Time // when an older database was
	followers []*follower
	desks     map[org.UserID]sessions.ID
}

func newLogWorld(t *testing.T, d *dbtest.Database, pair []*DB, super *pgx.Conn) *logWorld {
	t.Helper()
	w := &logWorld{org: d.NewOrg(t, dbtest.Spec{Members: 1}), super: super, oldest: 1, desks: map[org.UserID]sessions.ID{}}
	for i, db := range pair {
		w.replicas[i] = &serving{db: db}
		w.replicas[i].start()
	}
	s, _ := service(pair[0])
	for _, p := range []dbtest.Person{w.org.Member, w.org.Members[0], w.org.Admin} {
		made, err := s.Create(context.Background(), as(w.org, p), sessions.Create{Template: "desk"})
		if err != nil {
			t.Fatal(err)
		}
		w.desks[p.User] = made.ID
		w.followers = append(w.followers, &follower{who: p})
	}
	rows, err := super.Query(context.Background(), `select seq, owner_id, audience = 'everyone' from app.events
		where org_id = $1 order by seq`, w.org.ID.UUID)
	if err != nil {
		t.Fatal(err)
	}
	w.log, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l logged, err error) {
		return l, row.Scan(&l.seq, &l.owner.UUID, &l.everyone)
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *logWorld) close() {
	for _, f := range w.followers {
		f.leave()
	}
	for _, r := range w.replicas {
		r.stop()
	}
}

func (w *logWorld) newest() int64 { return w.log[len(w.log)-1].seq }

// entitled lists the log's numbers above since that a member may see.
func (w *logWorld) entitled(p dbtest.Person, since int64) (all []int64) {
	for _, e := range w.log {
		if e.seq > since && (p.Role == org.RoleAdmin || e.everyone || e.owner == p.User) {
			all = append(all, e.seq)
		}
	}
	return all
}

// play does random steps, and then compares what each program has.
func (w *logWorld) play(t *rapid.T) {
	for range rapid.IntRange(4, 24).Draw(t, "steps") {
		f := w.followers[rapid.IntRange(0, len(w.followers)-1).Draw(t, "program")]
		replica := rapid.IntRange(0, 1).Draw(t, "replica")
		switch rapid.IntRange(0, 16).Draw(t, "step") {
		default:
			w.write(t, replica, f.who, rapid.IntRange(1, 4).Draw(t, "events"))
		case 6, 7, 8, 9:
			w.connect(t, f, replica)
		case 10, 11:
			w.connect(t, f, replica)
			w.catchUp(t, f)
		case 12:
			f.leave()
		case 13:
			w.kill(replica)
		case 14:
			w.lost.Store(!w.lost.Load())
			w.deafen(t)
		case 15:
			at := rapid.Int64Range(w.oldest, w.newest()).Draw(t, "at")
			if !w.restored.IsZero() || rapid.Bool().Draw(t, "retention") {
				w.retain(t, replica, at)
				continue
			}
			w.restore(t, at) // once: it takes more than a second
		case 16: // the oldest event is the next one of a program that is away
			w.connect(t, f, replica)
			w.catchUp(t, f)
			f.leave()
			w.write(t, replica, f.who, 3)
			w.retain(t, replica, f.last+1)
		}
	}
	for _, f := range w.followers {
		w.connect(t, f, 0)
		w.catchUp(t, f)
		if diff := cmp.Diff(w.entitled(f.who, f.since), f.got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("what %s has since %d (-want +got):\n%s", f.who.Role, f.since, diff)
		}
	}
}

// write has a member change their desktop through one replica.
func (w *logWorld) write(t *rapid.T, replica int, p dbtest.Person, n int) {
	err := inOrg(w.replicas[replica].db)(context.Background(), as(w.org, p), func(tx *memberTx) error {
		for i := range n {
			e := sessions.Updated{ID: w.desks[p.User], Name: strconv.Itoa(i)}
			if err := events.Append(context.Background(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		w.log = append(w.log, logged{seq: w.newest() + 1, owner: p.User})
	}
}

// kill ends a replica and everything that was connected to it, and starts another one.
func (w *logWorld) kill(replica int) {
	for _, f := range w.followers {
		if f.at == replica {
			f.leave()
		}
	}
	w.replicas[replica].stop()
	w.replicas[replica].start()
}

// deafen breaks the connections on which replicas listen, so that notifications are lost.
func (w *logWorld) deafen(t *rapid.T) {
	w.exec(t, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'streamspace listen'`)
}

// retain makes the events before the number old, and has a replica remove them.
func (w *logWorld) retain(t *rapid.T, replica int, from int64) {
	w.exec(t, "update app.events set at = now() - interval '3 h' where org_id = $1 and seq < $2", w.org.ID.UUID, from)
	db := w.replicas[replica].db
	sweeper := events.NewSweeper(db.OldEvents, db.EventSweeps(), kept, slog.New(slog.DiscardHandler))
	if err := sweeper.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.oldest = from
	for _, f := range w.followers {
		f.mayReset = f.mayReset || f.last < from-1
	}
}

// restore makes the database an older one, as it was after the number. No one writes until the replicas have looked at
// it: that is within a second, and a restore takes longer.
func (w *logWorld) restore(t *rapid.T, newest int64) {
	w.exec(t, "delete from app.events where org_id = $1 and seq > $2", w.org.ID.UUID, newest)
	w.exec(t, "update app.org_heads set event_seq = $2 where org_id = $1", w.org.ID.UUID, newest)
	for w.newest() > newest {
		w.log = w.log[:len(w.log)-1]
	}
	w.restored = time.Now()
	time.Sleep(1500 * time.Millisecond)
	for i, f := range w.followers {
		f.mayReset = true
		w.connect(t, f, i%2)
		w.catchUp(t, f)
		if f.last > newest {
			t.Fatalf("a program is at %d of a log that ends at %d", f.last, newest)
		}
	}
}

func (w *logWorld) exec(t *rapid.T, sql string, args ...any) {
	if _, err := w.super.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// connect goes on at a replica, unless the program is connected.
func (w *logWorld) connect(t *rapid.T, f *follower, replica int) {
	if f.s != nil {
		return
	}
	var err error
	f.at = replica
	q := events.Query{Who: as(w.org, f.who), After: &f.last}
	f.s, err = w.replicas[replica].feed.Subscribe(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
}

// leave disconnects at once, whatever was not read.
func (f *follower) leave() {
	if f.s != nil {
		f.s.Close()
		f.s = nil
	}
}

// catchUp reads until the program has everything that it may see.
func (w *logWorld) catchUp(t *rapid.T, f *follower) {
	ctx, cancel := context.WithTimeout(context.Background(), late)
	defer cancel()
	for {
		if err := f.read(ctx); err != nil {
			t.Fatalf("%s has everything up to %d of %d: %v", f.who.Role, f.last, w.newest(), err)
		}
		if len(w.entitled(f.who, f.last)) > 0 || f.last > w.newest() {
			continue
		}
		// A replica may not have noticed yet what is gone.
		if f.last >= w.oldest-1 && time.Since(w.restored) > late {
			f.mayReset = false
		}
		return
	}
}

// read reads one message.
func (f *follower) read(ctx context.Context) error {
	m, err := f.s.Next(ctx)
	switch {
	case err != nil:
		return err
	case m.Type == events.ResetType && !f.mayReset:
		return fmt.Errorf("it must list again at %d, though nothing is gone that it has not seen", m.Seq)
	case m.Type == events.ResetType:
		f.since, f.last, f.got = m.Seq, m.Seq, nil
		return nil
	case m.Type != events.HeartbeatType:
		f.got = append(f.got, m.Seq)
	}
	f.last = max(f.last, f.s.Sent())
	return nil
}
