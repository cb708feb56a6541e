package postgres

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// endTime is far above what a stream takes to end.
const endTime = 30 * time.Second

// viewedDesk is a session whose streams are watched.
type viewedDesk struct {
	*dbtest.Org
	id sessions.ID
}

func newViewedDesk(t testing.TB) viewedDesk {
	t.Helper()
	o := database.NewOrg(t, dbtest.Spec{})
	s, _ := service(open)
	made, err := s.Create(t.Context(), as(o, o.Member), sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	return viewedDesk{o, made.ID}
}

// exec runs a statement as a role, or as the superuser.
func (v viewedDesk) exec(t *testing.T, role, sql string) {
	t.Helper()
	conn := database.Superuser(t)
	if role != "" {
		conn = database.Connect(t, role)
	}
	ids := strings.NewReplacer("{org}", quoted(v.ID.UUID), "{member}", quoted(v.Member.User.UUID),
		"{session}", quoted(v.id.UUID))
	if _, err := conn.Exec(t.Context(), ids.Replace(sql)); err != nil {
		t.Fatal(err)
	}
}

// newWatch makes what ends streams, without wakes.
func newWatch(d *DB) (*events.Feed, *sessions.AccessWatch) {
	log := slog.New(slog.DiscardHandler)
	feed := events.NewFeed(events.Config{
		Read: d.EventReads(), AsService: d.EventsAsService(), Newest: d.NewestEvents, Bus: membus.New(), Log: log,
	})
	return feed, sessions.NewAccessWatch(sessions.AccessConfig{
		Changes: func(id org.ID, concerns func(events.Entry) bool) (sessions.Changing, error) {
			return feed.Watch(id, concerns)
		},
		Access: d.SessionAccess(), Ended: d.EndedStreams, Log: log,
	})
}

func quoted(id uuid.UUID) string { return "'" + id.String() + "'" }

// TestAnEventEndsAStream ends the access of an open stream in each of the ways in which one ends, while no one checks
// all streams and no wake arrives. The streams of another organisation go on.
//
// Seen to fail with a watch whose events of the user, and of the session, are left out.
func TestAnEventEndsAStream(t *testing.T) {
	t.Parallel()
	const members = " where org_id = {org} and user_id = {member}"
	for name, c := range map[string]struct {
		role, sql string // empty: the session is terminated
		code      string
	}{
		"signing out": {"", "delete from app.credentials" + members, "signed_out"},
		"removal": {"", "select set_config('app.org_id', {org}, false); delete from app.memberships" + members,
			"signed_out"},
		"another role":    {"", "update app.memberships set role = 'viewer'" + members, "stale_token"},
		"a disabled user": {roleOperator, "select rls.disable_user('test', {member}, true)", "signed_out"},
		"a suspension":    {roleOperator, "select rls.suspend_org('test', {org}, true)", "signed_out"},
		"an earlier end": {"", "update app.credentials set ends_at = now() + interval '1 s'" + members,
			"signed_out"},
		"its session's end": {code: "session_ended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, other := newViewedDesk(t), newViewedDesk(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var running sync.WaitGroup
			defer running.Wait()
			defer cancel()
			feed, watch := newWatch(open)
			running.Go(func() { _ = feed.Run(ctx) })
			ended, goesOn := make(chan error, 1), make(chan error, 1)
			who := as(v.Org, v.Member)
			who.Open() // the stream reads meanwhile
			running.Go(func() { ended <- watch.WatchAccess(ctx, who, v.id) })
			running.Go(func() { goesOn <- watch.WatchAccess(ctx, as(other.Org, other.Member), other.id) })
			if c.sql != "" {
				v.exec(t, c.role, c.sql)
			} else if s, _ := service(open); true {
				if _, err := s.Terminate(ctx, as(v.Org, v.Admin), v.id); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case err := <-ended:
				if got := fault.Of(err).Code; got != c.code {
					t.Errorf("it ended with %v, want %s", err, c.code)
				}
			case err := <-goesOn:
				t.Errorf("another organisation's ended: %v", err)
			case <-time.After(endTime):
				t.Error("it goes on")
			}
			select {
			case err := <-goesOn:
				t.Errorf("another organisation's ended: %v", err)
			default:
			}
		})
	}
}

// TestEndedStreamsAreThoseWithoutAccess compares the one statement for all streams with what each stream is told in its
// own scope, after each of many changes. Seen to fail with each of the statement's conditions removed.
func TestEndedStreamsAreThoseWithoutAccess(t *testing.T) {
	t.Parallel()
	v, other := newViewedDesk(t), newViewedDesk(t)
	var all []sessions.Stream
	for _, p := range []dbtest.Person{v.Owner, v.Admin, v.Member, v.Viewer} {
		for _, role := range []org.Role{org.RoleOwner, org.RoleAdmin, org.RoleMember, org.RoleViewer} {
			for _, id := range []sessions.ID{v.id, other.id, {UUID: uuid.New()}} {
				all = append(all,
					sessions.Stream{Who: org.Member(v.ID, p.User, role, p.Credential), Session: id},
					sessions.Stream{Who: org.Member(v.ID, v.Member.User, role, p.Credential), Session: id},
					sessions.Stream{Who: org.Member(other.ID, p.User, role, p.Credential), Session: id},
					sessions.Stream{Who: org.Member(v.ID, p.User, role, other.Member.Credential), Session: id})
			}
		}
	}
	all = append(all, sessions.Stream{Who: as(other.Org, other.Member), Session: other.id})
	var before []int
	compare := func(after string) {
		t.Helper()
		got, err := open.EndedStreams(t.Context(), all)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if diff := cmp.Diff(v.endedInScope(t, all), got); diff != "" {
			t.Errorf("after %q (-each in its scope +all at once):\n%s", after, diff)
		}
		if len(got) == len(all) || slices.Equal(got, before) {
			t.Errorf("after %q %d of %d streams have ended, as before: this compares nothing", after, len(got), len(all))
		}
		before = got
	}
	compare("nothing")
	const untriggered = "set session_replication_role = replica; update app.sessions"
	for _, change := range []string{
		"update app.memberships set role = 'viewer' where org_id = {org} and user_id = {member}",
		"update app.memberships set role = 'member' where org_id = {org} and user_id = {member}",
		"update app.credentials set ends_at = now() where org_id = {org} and user_id = {member}",
		"update app.credentials set ends_at = now() + interval '1 h' where org_id = {org} and user_id = {member}",
		"update app.users set disabled = true where id = {member}",
		"update app.users set disabled = false where id = {member}",
		"update app.organizations set suspended = true where id = {org}",
		"update app.organizations set suspended = false where id = {org}",
		untriggered + " set state = 'failed', ended_at = now() where id = {session}",
		untriggered + " set state = 'running', ended_at = null where id = {session}",
		"update app.sessions set desired = 'terminated' where id = {session}",
		untriggered + " set desired = 'running' where id = {session}",
		untriggered + " set owner_id = gen_random_uuid() where id = {session}",
		"delete from app.credentials where org_id = {org} and user_id <> {member}",
	} {
		v.exec(t, "", change)
		compare(change)
	}
}

// endedInScope asks for each stream by itself.
func (v viewedDesk) endedInScope(t *testing.T, all []sessions.Stream) (ended []int) {
	t.Helper()
	for i, s := range all {
		access, err := open.SessionAccess()(s.Who).SessionAccess(t.Context(), s.Session)
		switch kind := fault.Of(err).Kind; {
		case err == nil && !access.Ended:
		case err == nil, kind == fault.Unauthenticated, kind == fault.NotFound:
			ended = append(ended, i)
		default:
			t.Fatal(err)
		}
	}
	return ended
}
