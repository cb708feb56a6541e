package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

func report(t *testing.T, o filled) *pgx.Conn {
	t.Helper()
	conn := database.Connect(t, "streamspace_agent")
	run(t, conn, "begin")
	run(t, conn, "select rls.enter_report($1, $2, $3)", o.Agent, o.AgentEpoch, o.Session)
	return conn
}

// Seen to fail with reported_session of sessions gone (both sessions of the organisation were written), with
// about_reported_session of events and of the audit log gone, and with `grant update on app.sessions to
// streamspace_agent`.
func TestAnAgentsReportReachesItsSessionAndNothingElse(t *testing.T) {
	t.Parallel()
	o, other := fill(t, database, database.NewOrg(t, dbtest.Spec{})), fill(t, database, database.NewOrg(t, dbtest.Spec{}))
	super := database.Superuser(t)
	before := foreign(t, super, other.Org)

	conn := report(t, o)
	for _, a := range []struct {
		want, sql string
		args      []any
	}{
		{"ok 1", "select * from app.sessions", nil},
		{"ok 1", "update app.sessions set state = 'starting'", nil},
		{"ok 0", "update app.sessions set state = 'failed' where id = $1", []any{o.AdminsSession}},
		{"ok 0", "update app.sessions set state = 'failed' where id = $1", []any{other.Session}},
		{"42501", "update app.sessions set owner_id = id", nil},
		{"42501", "update app.sessions set desired = 'terminated'", nil},
		{"42501", "update app.sessions set observed_epoch = 99", nil},
		{"42501", "update app.sessions set agent_id = null", nil},
		{"42501", "delete from app.sessions", nil},
		{"42501", "insert into app.sessions (id, owner_id) values ($1, $1)", []any{id()}},
		{"ok 1", "insert into app.events (type, subject_id) values ('session.starting', $1)", []any{o.Session}},
		{"42501", "insert into app.events (type, subject_id) values ('session.starting', $1)", []any{o.AdminsSession}},
		{"42501", "insert into app.events (type, subject_id) values ('session.starting', $1)", []any{other.Session}},
		{"42501", "insert into app.events (type, subject_id, audience) values ('x', $1, 'everyone')", []any{o.Session}},
		{"ok 1", "insert into app.audit_log (action, subject) values ('session.failed', $1)", []any{o.Session.String()}},
		{"42501", "insert into app.audit_log (action, subject) values ('session.failed', $1)",
			[]any{o.AdminsSession.String()}},
		{"42501", "select * from app.events", nil},
		{"42501", "select * from app.audit_log", nil},
		{"42501", "select * from app.memberships", nil},
		{"42501", "select * from app.organizations", nil},
		{"42501", "select * from app.credentials", nil},
		{"42501", "select * from app.templates", nil},
		{"42501", "select * from app.quota_usage", nil},
		{"SS003", "select rls.enter_report($1, $2, $3)", []any{o.Agent, o.AgentEpoch, o.AdminsSession}},
	} {
		if got := try(t, conn, a.sql, a.args...); got != a.want {
			t.Errorf("wanted %s, got %s: %s", a.want, got, a.sql)
		}
	}
	run(t, conn, "update app.sessions set state = 'failed', reason = 'crashed'")
	run(t, conn, "insert into app.events (type, subject_id) values ('session.failed', $1)", o.Session)
	run(t, conn, "insert into app.audit_log (action, subject) values ('session.failed', $1)", o.Session.String())
	run(t, conn, "commit")

	count := func(what string, want int64, sql string, args ...any) {
		t.Helper()
		if got := one[int64](t, super, sql, args...); got != want {
			t.Errorf("%s: %d, wanted %d", what, got, want)
		}
	}
	count("sessions that ended", 1, "select count(*) from app.sessions where org_id = $1 and state = 'failed' and "+
		"ended_at is not null", o.ID.UUID)
	count("the event is the owner's", 1, `select count(*) from app.events
		where org_id = $1 and type = 'session.failed' and owner_id = $2`, o.ID.UUID, o.Member.User.UUID)
	count("the entry is the agent's", 1, `select count(*) from app.audit_log
		where org_id = $1 and action = 'session.failed' and actor = 'agent:' || $2::text`, o.ID.UUID, o.Agent.String())
	count("the quota came back once", 1, "select used from app.quota_usage where org_id = $1 and holder_id = org_id",
		o.ID.UUID)
	count("and the owner's", 0, "select used from app.quota_usage where org_id = $1 and holder_id = $2", o.ID.UUID,
		o.Member.User.UUID)
	if diff := cmp.Diff(before, foreign(t, super, other.Org)); diff != "" {
		t.Errorf("the other organisation changed (-before +after):\n%s", diff)
	}
}

// What an older process of an agent says is refused once a newer one has reported. Seen to fail with the comparison of
// epochs gone from enter_report, and, for the report that had entered before, with the one in keep_session gone.
func TestAnOlderStartOfAnAgentIsRefused(t *testing.T) {
	t.Parallel()
	o := fill(t, database, database.NewOrg(t, dbtest.Spec{}))
	old := report(t, o)
	hash := o.AgentSecret.Hash()
	agent := database.Connect(t, "streamspace_agent")
	o.AgentEpoch = one[int64](t, agent, "select rls.connect_agent($1, $2, 0, false)", o.Agent, hash[:])

	newer := report(t, o)
	run(t, newer, "update app.sessions set state = 'running', observed_generation = 1")
	run(t, newer, "commit")
	if _, err := old.Exec(t.Context(), "update app.sessions set state = 'failed'"); stateOf(err) != "SS004" {
		t.Errorf("a report of an older start that had entered before: %v", err)
	}
	o.AgentEpoch--
	if _, err := agent.Exec(t.Context(), "select rls.enter_report($1, $2, $3)", o.Agent, o.AgentEpoch,
		o.Session); stateOf(err) != "SS004" {
		t.Errorf("an older start enters: %v", err)
	}
}

// Seen to fail with the first condition of keep_session gone, and with the lines on what was never placed gone.
func TestAnEndIsAnEnd(t *testing.T) {
	t.Parallel()
	o := fill(t, database, database.NewOrg(t, dbtest.Spec{}))
	member := enter(t, database, o.Org, o.Member)
	run(t, member, "update app.sessions set desired = 'terminated'")
	run(t, member, "commit")

	conn := report(t, o)
	run(t, conn, "update app.sessions set state = 'running'")
	if got := one[string](t, conn, "select state from app.sessions"); got != "terminating" {
		t.Errorf("while the end is wanted a report of running makes it %s", got)
	}
	run(t, conn, "update app.sessions set state = 'terminated'")
	for state, want := range map[string]string{"running": "SS006", "failed": "SS006", "terminated": "ok 1"} {
		if got := try(t, conn, "update app.sessions set state = '"+state+"', reason = 'late'"); got != want {
			t.Errorf("%s after the end: %s", state, got)
		}
	}
	run(t, conn, "commit")

	member = enter(t, database, o.Org, o.Member)
	run(t, member, `insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec)
		values ($1, rls.current_user_id(), 'x', $2, 'desk', 'Desk', '{}')`, id(), o.Template)
	got := one[string](t, member, "update app.sessions set desired = 'terminated' where agent_id is null returning state")
	if got != "terminated" {
		t.Errorf("what was never placed is %s when its end is wanted", got)
	}
	if used := one[int64](t, member, "select used from app.quota_usage where holder_id = "+
		"rls.current_user_id()"); used != 0 {
		t.Errorf("it still holds %d of the quota", used)
	}
}

// Seen to fail with the second branch of admit_session gone.
func TestAnOrgWithoutANamespaceStartsNoSession(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{NoNamespace: true})
	conn := enter(t, database, o, o.Member)
	_, err := conn.Exec(t.Context(), `insert into app.sessions (id, owner_id, name, template_id, template_name,
		template_title, spec)
		values ($1, rls.current_user_id(), 'x', $2, 'desk', 'Desk', '{}')`, id(), o.Template)
	if stateOf(err) != "SS011" {
		t.Errorf("wanted SS011, got %v", err)
	}
}

// Seen to fail with the third branch of connect_agent gone.
func TestAnAgentWithoutNamespacesServesOneOrganisation(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	o := d.NewOrg(t, dbtest.Spec{})
	hash, conn := o.AgentSecret.Hash(), d.Connect(t, "streamspace_agent")
	const connect = "select rls.connect_agent($1, $2, $3, true)"
	if _, err := conn.Exec(t.Context(), connect, o.Agent, hash[:], o.AgentEpoch); err != nil {
		t.Errorf("in an installation with one organisation: %v", err)
	}
	d.NewOrg(t, dbtest.Spec{})
	if _, err := conn.Exec(t.Context(), connect, o.Agent, hash[:], o.AgentEpoch); stateOf(err) != "SS012" {
		t.Errorf("in one with two: %v", err)
	}
}

// A ticket opens one stream once, and ends with its time and with its credential. Seen to fail with `ends_at > now()`
// gone from consume_ticket, with its delete turned into a select, and with the cascade of tickets_follow_credential
// gone.
func TestATicketIsUsedOnce(t *testing.T) {
	t.Parallel()
	o := fill(t, database, database.NewOrg(t, dbtest.Spec{}))
	login, super := database.Connect(t, "streamspace_login"), database.Superuser(t)
	const consume = "select session::text from rls.consume_ticket(sha256($1))"
	ticket := func() []byte {
		k := id()
		conn := enter(t, database, o.Org, o.Member)
		run(t, conn, "insert into app.tickets (id, session_id, secret_hash) values ($1, $2, sha256($3))", k, o.Session, k[:])
		run(t, conn, "commit")
		return k[:]
	}
	good, late := ticket(), ticket()
	run(t, super, "update app.tickets set ends_at = now() where secret_hash = sha256($1)", late)
	for _, c := range []struct {
		name string
		key  []byte
		want int
	}{{"a good one", good, 1}, {"again", good, 0}, {"a late one", late, 0}, {"a guess", []byte("guess"), 0}} {
		if got := all[string](t, login, consume, c.key); len(got) != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	orphan := ticket()
	conn := enter(t, database, o.Org, o.Member)
	run(t, conn, "delete from app.credentials where id = rls.current_credential_id()")
	run(t, conn, "commit")
	if got := all[string](t, login, consume, orphan); len(got) != 0 {
		t.Errorf("after its credential: %v", got)
	}
}
