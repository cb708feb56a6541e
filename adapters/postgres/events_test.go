package postgres

import (
	"context"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// TestAViewerSeesWhatTheDatabaseShows compares the filter in Go with the same SELECT in the member's own scope, over
// random logs. Seen to fail with each of the conditions of events.Viewer.Sees removed.
func TestAViewerSeesWhatTheDatabaseShows(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{Members: 1})
	people := []dbtest.Person{o.Owner, o.Admin, o.Member, o.Viewer, o.Members[0]}
	super := database.Superuser(t)
	if _, err := super.Exec(t.Context(), "set session_replication_role = replica"); err != nil { // to write any owner
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	seq := int64(1000)
	rapid.Check(t, func(t *rapid.T) {
		from := seq
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			seq++
			var owner *uuid.UUID
			if n := rapid.IntRange(0, len(people)).Draw(t, "owner"); n < len(people) {
				owner = &people[n].User.UUID
			}
			audience := rapid.SampledFrom([]string{"owner", "everyone", "admins", "private"}).Draw(t, "audience")
			_, err := super.Exec(ctx, `insert into app.events (org_id, seq, type, subject_id, owner_id, audience)
				values ($1, $2, 'x.y', gen_random_uuid(), $3, $4)`, o.ID.UUID, seq, owner, audience)
			if err != nil {
				t.Fatal(err)
			}
		}
		all, err := open.EventsAsService()(o.ID, "test").EventsAfter(ctx, from, 100)
		if err != nil || len(all) != int(seq-from) {
			t.Fatalf("%d events, %v", len(all), err)
		}
		for _, p := range people {
			shown, err := open.EventReads()(as(o, p)).OwnEvents(ctx, from, math.MaxInt64, 100)
			if err != nil {
				t.Fatal(err)
			}
			v := events.Viewer{User: p.User, Role: p.Role}
			seen := slices.DeleteFunc(slices.Clone(all), func(e events.Entry) bool { return !v.Sees(e) })
			if diff := cmp.Diff(seqs(shown), seqs(seen)); diff != "" {
				t.Errorf("%s (-SELECT +Sees):\n%s", p.Role, diff)
			}
			if p.Role == org.RoleAdmin || p.Role == org.RoleOwner {
				continue
			}
			// The policy itself, without the conditions of a member's own query.
			bare, err := reading(open, func(r reader) reader { return r })(as(o, p)).EventsAfter(ctx, from, math.MaxInt64, 100)
			if err != nil || len(bare) != len(shown) {
				t.Errorf("the policy shows %s %d events, their query %d (%v)", p.Role, len(bare), len(shown), err)
			}
		}
	})
}

func seqs(all []events.Entry) []int64 {
	out := []int64{}
	for _, e := range all {
		out = append(out, e.Seq)
	}
	return out
}

func TestTheBoundsOfALog(t *testing.T) {
	t.Parallel()
	o, other := database.NewOrg(t, dbtest.Spec{}), database.NewOrg(t, dbtest.Spec{})
	ctx, super, in := t.Context(), database.Superuser(t), open.EventsAsService()
	bounds := func() events.Bounds {
		t.Helper()
		b, err := in(o.ID, "test").EventBounds(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	begin := bounds().Newest
	write(t, o, 3)
	write(t, other, 1)
	if b := bounds(); b.Newest != begin+3 {
		t.Errorf("after three events from %d: %+v", begin, b)
	}
	_, err := super.Exec(ctx, "delete from app.events where org_id = $1 and seq <= $2", o.ID.UUID, begin+1)
	if err != nil {
		t.Fatal(err)
	}
	if b := bounds(); b != (events.Bounds{Oldest: begin + 2, Newest: begin + 3}) {
		t.Errorf("without the first: %+v", b)
	}
	if _, err := super.Exec(ctx, "delete from app.events where org_id = $1", o.ID.UUID); err != nil {
		t.Fatal(err)
	}
	if b := bounds(); b != (events.Bounds{Oldest: begin + 4, Newest: begin + 3}) {
		t.Errorf("without any: %+v", b)
	}
	newest, err := open.NewestEvents(ctx, []org.ID{o.ID, {UUID: uuid.New()}})
	if diff := cmp.Diff(map[org.ID]int64{o.ID: begin + 3}, newest); diff != "" || err != nil {
		t.Errorf("the newest (-want +got):\n%s%v", diff, err)
	}
}

// write appends events of sessions that no one has.
func write(t *testing.T, o *dbtest.Org, n int) {
	t.Helper()
	writeIn(t, open, o, n)
}

func writeIn(t *testing.T, db *DB, o *dbtest.Org, n int) {
	t.Helper()
	err := inOrg(db)(t.Context(), as(o, o.Admin), func(tx *memberTx) error {
		for i := range n {
			e := sessions.Updated{ID: sessions.ID{UUID: uuid.New()}, Name: strconv.Itoa(i)}
			if err := events.Append(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOnlyWhatWasWrittenWakes counts the calls of Committed.
func TestOnlyWhatWasWrittenWakes(t *testing.T) {
	t.Parallel()
	woken := make(chan org.ID, 16)
	d, err := Open(t.Context(), Config{URL: database.URL(), Connections: 4, Committed: func(id org.ID) { woken <- id }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	o := database.NewOrg(t, dbtest.Spec{})
	s, observer := service(d)
	made, err := s.Create(t.Context(), as(o, o.Member), sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(after string, want bool) {
		t.Helper()
		select {
		case id := <-woken:
			if !want || id != o.ID {
				t.Errorf("after %s %s was woken", after, id)
			}
		default:
			if want {
				t.Errorf("after %s no one was woken", after)
			}
		}
	}
	expect("a session was made", true)
	if _, err := s.Get(t.Context(), as(o, o.Member), made.ID); err != nil {
		t.Fatal(err)
	}
	expect("a read", false)
	if err := observer.Observe(t.Context(), link.Agent{ID: o.Agent, Epoch: o.AgentEpoch},
		link.Report{Session: made.ID.UUID, State: link.Running, Generation: 1}); err != nil {
		t.Fatal(err)
	}
	expect("a report", true)
	err = scoped(d, func(t *memberTx) *memberTx { return t })(t.Context(), as(o, o.Member), func(tx *memberTx) error {
		if err := audit.Record(t.Context(), tx, "x", made.ID); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil {
		t.Error("a transaction that failed was committed")
	}
	expect("a transaction that failed", false)
}

// A member is removed between the two statements of a look at their access. Seen to fail with the missing row as an
// error of its own, which closed the stream as if the server were broken.
func TestAnAccessThatEndsDuringALook(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{})
	super := database.Superuser(t)
	err := inOrg(small(t, 1))(t.Context(), as(o, o.Member), func(tx *memberTx) error {
		if _, err := super.Exec(t.Context(), "delete from app.credentials where org_id = $1 and user_id = $2",
			o.ID.UUID, o.Member.User.UUID); err != nil {
			return err
		}
		_, err := eventReader{reader{Queries: tx.Queries}}.Access(t.Context())
		return err
	})
	if fault.Of(err).Code != identity.ErrSignedOut.Code {
		t.Errorf("the look ends with %v", err)
	}
}

// TestTheEventsOfAnAccess looks at what is written when sign-ins and keys end or change, and when expired ones are
// removed.
func TestTheEventsOfAnAccess(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{Members: 2})
	super, ctx := database.Superuser(t), t.Context()
	begin := time.Now()
	do := func(sql string, args ...any) {
		t.Helper()
		if _, err := super.Exec(ctx, sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	written := func() string {
		t.Helper()
		return read[string](t, super, `select coalesce(string_agg(
				e.type || ' ' || coalesce(u.name, '') || ' ' || e.audience, ', ' order by e.type, u.name), '')
			from app.events e left join app.users u on u.id = e.owner_id where e.org_id = $1 and e.at > $2`, o.ID.UUID, begin)
	}
	next := func(want string) {
		t.Helper()
		if got := written(); got != want {
			t.Errorf("written: %q, want %q", got, want)
		}
		begin = read[time.Time](t, super, "select clock_timestamp()")
	}
	do("select set_config('app.org_id', $1::uuid::text, false)", o.ID.UUID) // a departure is noted inside
	next("")
	do("update app.credentials set used_at = now() where org_id = $1", o.ID.UUID)
	next("")
	do("update app.memberships set role = 'viewer' where org_id = $1 and user_id = $2", o.ID.UUID, o.Member.User.UUID)
	next("member.updated member everyone, sign_in.changed member owner")
	do("update app.users set disabled = true where id = $1", o.Member.User.UUID)
	next("sign_in.changed member owner")
	do("delete from app.memberships where org_id = $1 and user_id = $2", o.ID.UUID, o.Member.User.UUID)
	next("member.removed member everyone, sign_in.ended member owner")
	do("update app.organizations set suspended = true where id = $1", o.ID.UUID)
	next("sign_in.changed admin owner, sign_in.changed member owner, sign_in.changed member owner, " +
		"sign_in.changed owner owner, sign_in.changed viewer owner")
	do("update app.credentials set name = 'ci', scopes = '{session.read}' where org_id = $1 and user_id = $2",
		o.ID.UUID, o.Viewer.User.UUID)
	next("")
	do("delete from app.credentials where org_id = $1 and user_id = $2", o.ID.UUID, o.Viewer.User.UUID)
	next("key.ended viewer owner")
	do("update app.credentials set ends_at = now() - interval '1 s' where org_id = $1 and user_id = $2",
		o.ID.UUID, o.Admin.User.UUID)
	next("sign_in.changed admin owner")
	do("delete from app.credentials where org_id = $1 and user_id = $2", o.ID.UUID, o.Admin.User.UUID)
	next("")
}
