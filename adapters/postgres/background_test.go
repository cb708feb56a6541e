package postgres

import (
	"log/slog"
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
)

// Background work is told of all organisations at once, and then enters each by itself: what it does with one scope for
// several would be done in the first alone.
func TestOverdueSessionsEndInTheirOwnOrganisations(t *testing.T) {
	t.Parallel()
	ctx, super, log := t.Context(), database.Superuser(t), slog.New(slog.DiscardHandler)
	members, _ := service(open)
	orgs := []*dbtest.Org{database.NewOrg(t, dbtest.Spec{}), database.NewOrg(t, dbtest.Spec{})}
	for _, o := range orgs {
		id := insert(t, open, o, o.Member)
		if _, err := members.Terminate(ctx, as(o, o.Member), id); err != nil {
			t.Fatal(err)
		}
		// The time is a trigger's to write.
		if _, err := super.Exec(ctx, "set session_replication_role = replica"); err != nil {
			t.Fatal(err)
		}
		if _, err := super.Exec(ctx, "update app.sessions set end_wanted_at = now() - interval '6 min' where id = $1",
			id.UUID); err != nil {
			t.Fatal(err)
		}
	}
	reaper := sessions.NewOverdueReaper(open.DueSessions(), open.SessionsAsService(), membus.New(), log)
	if err := reaper.Once(ctx); err != nil {
		t.Errorf("end what is overdue: %v", err)
	}
	for _, o := range orgs {
		state := read[string](t, super, "select state from app.sessions where org_id = $1", o.ID.UUID)
		by := read[string](t, super, "select string_agg(actor, ', ') from app.audit_log where org_id = $1 and "+
			"action = 'session.terminated'", o.ID.UUID)
		if state != "terminated" || by != "service:end overdue sessions" {
			t.Errorf("%s is %s, ended by %q", o.Slug, state, by)
		}
	}
}

// Seen to fail with the first organisation entered for each of them.
func TestExpiredCredentialsGoInTheirOwnOrganisations(t *testing.T) {
	t.Parallel()
	ctx, super, log := t.Context(), database.Superuser(t), slog.New(slog.DiscardHandler)
	orgs := []*dbtest.Org{database.NewOrg(t, dbtest.Spec{}), database.NewOrg(t, dbtest.Spec{})}
	for _, o := range orgs {
		if _, err := super.Exec(ctx, "update app.credentials set ends_at = now() - interval '1 min' where id = $1",
			o.Member.Credential.UUID); err != nil {
			t.Fatal(err)
		}
		if _, err := super.Exec(ctx, `insert into app.idempotency_keys
				(org_id, user_id, key, fingerprint, subject_id, ends_at)
			values ($1, $2, 'old', sha256(''), $1, now() - interval '1 min'), ($1, $2, 'new', sha256(''), $1, now() + '1 h')`,
			o.ID.UUID, o.Owner.User.UUID); err != nil {
			t.Fatal(err)
		}
	}
	if err := identity.NewSweeper(open.ExpiredCredentials(), open.IdentityAsService(), log).Once(ctx); err != nil {
		t.Errorf("remove what has expired: %v", err)
	}
	for _, o := range orgs {
		left := read[int](t, super, "select count(*) from app.credentials where org_id = $1", o.ID.UUID)
		if left != 3 {
			t.Errorf("%s has %d credentials, want those of its owner, admin and viewer", o.Slug, left)
		}
		keys := read[string](t, super, "select string_agg(key, ' ') from app.idempotency_keys where org_id = $1", o.ID.UUID)
		if keys != "new" {
			t.Errorf("%s has the keys %s, want the new one", o.Slug, keys)
		}
	}
}

// What a member does is in their organisation's log under their own name: none of it is done by a service in their
// stead.
func TestWhatAMemberDoesIsRecordedAsTheirs(t *testing.T) {
	t.Parallel()
	ctx, super := t.Context(), database.Superuser(t)
	o, other := database.NewOrg(t, dbtest.Spec{}), database.NewOrg(t, dbtest.Spec{})
	s, _ := service(open)
	who, foreign := as(o, o.Member), insert(t, open, other, other.Member)
	made, err := s.Create(ctx, who, sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, who, foreign); err == nil {
		t.Error("another organisation's session was shown")
	}
	if _, err := s.Terminate(ctx, who, made.ID); err != nil {
		t.Fatal(err)
	}
	const entries = "select coalesce(string_agg(action || ' by ' || actor, ', ' order by seq), '') " +
		"from app.audit_log where org_id = $1 and action like 'session.%'"
	by := " by user:" + who.User().String()
	want := "session.create" + by + ", session.refused" + by + ", session.terminate" + by
	if got := read[string](t, super, entries, o.ID.UUID); got != want {
		t.Errorf("recorded: %s\nwant: %s", got, want)
	}
	if got := read[string](t, super, entries, other.ID.UUID); got != "" {
		t.Errorf("recorded in the other organisation: %s", got)
	}
}

// Sessions end a day after their owner left, or their organisation was suspended, and not before.
func TestSessionsLeftBehindEndAfterADay(t *testing.T) {
	t.Parallel()
	ctx, super, log := t.Context(), database.Superuser(t), slog.New(slog.DiscardHandler)
	left, suspended, fresh := database.NewOrg(t, dbtest.Spec{}), database.NewOrg(t, dbtest.Spec{}),
		database.NewOrg(t, dbtest.Spec{})
	orgs := []*dbtest.Org{left, suspended, fresh}
	for _, o := range orgs {
		insert(t, open, o, o.Member)
	}
	for _, statement := range []string{
		"begin", "set local session_replication_role = replica", // the times are triggers' to write
		"delete from app.memberships where role = 'member' and org_id in ('" + left.ID.String() + "', '" +
			fresh.ID.String() + "')",
		"insert into app.departures (org_id, user_id, left_at) values ('" + left.ID.String() + "', '" +
			left.Member.User.String() + "', now() - interval '25 h'), ('" + fresh.ID.String() + "', '" +
			fresh.Member.User.String() + "', now() - interval '23 h')",
		"update app.organizations set suspended = true, suspended_at = now() - interval '25 h' where id = '" +
			suspended.ID.String() + "'",
		"commit",
	} {
		if _, err := super.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	reaper := sessions.NewLeftBehindReaper(open.DueSessions(), open.SessionsAsService(), membus.New(), log)
	for range 2 { // again changes nothing
		if err := reaper.Once(ctx); err != nil {
			t.Errorf("end what was left behind: %v", err)
		}
	}
	for i, want := range []string{"terminating owner_left 1", "terminating org_suspended 1", "pending  0"} {
		got := read[string](t, super, `select s.state || ' ' || s.reason || ' ' || (select count(*) from app.audit_log a
			where a.org_id = s.org_id and a.action = 'session.terminate' and a.actor = 'service:end sessions left behind')
			from app.sessions s where s.org_id = $1`, orgs[i].ID.UUID)
		if got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
}
