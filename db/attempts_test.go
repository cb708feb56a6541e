package db_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// attempt is a statement and what has to become of it: an SQLSTATE, or "ok N" for N rows.
type attempt struct{ want, sql string }

// stage is two organisations with rows, and the words by which the attempts name them.
type stage struct {
	acme, globex filled
	words        *strings.Replacer
}

func newStage(t *testing.T) stage {
	t.Helper()
	s := stage{
		acme:   fill(t, database, database.NewOrg(t, dbtest.Spec{PerOrg: 4, PerUser: 2, Members: 1})),
		globex: fill(t, database, database.NewOrg(t, dbtest.Spec{})),
	}
	quoted := func(id uuid.UUID) string { return "'" + id.String() + "'" }
	bytes := func(b []byte) string { return fmt.Sprintf(`'\x%x'::bytea`, b) }
	secrets, member := s.acme.AgentSecret.Hash(), s.acme.Member.Secret.Hash()
	s.words = strings.NewReplacer(
		"{acme}", quoted(s.acme.ID.UUID), "{globex}", quoted(s.globex.ID.UUID),
		"{owner}", quoted(s.acme.Owner.User.UUID), "{member}", quoted(s.acme.Member.User.UUID),
		"{other}", quoted(s.acme.Members[0].User.UUID), "{viewer}", quoted(s.acme.Viewer.User.UUID),
		"{stranger}", quoted(s.globex.Member.User.UUID), "{stranger_email}", "'"+s.globex.Member.Email+"'",
		"{session}", quoted(s.acme.Session), "{admins_session}", quoted(s.acme.AdminsSession),
		"{foreign_session}", quoted(s.globex.Session), "{nothing}", quoted(id()),
		"{template}", quoted(s.acme.Template), "{foreign_template}", quoted(s.globex.Template),
		"{agent}", quoted(s.acme.Agent), "{foreign_agent}", quoted(s.globex.Agent), "{agent_secret}", bytes(secrets[:]),
		"{member_secret}", bytes(member[:]), "{ticket}", fmt.Sprintf(`sha256('\x%x')`, s.acme.Ticket[:]),
		"{session_columns}", "(id, owner_id, name, template_id, template_name, template_title, spec, agent_id)",
		"{copy}", quoted(s.acme.Template)+", 'desk', 'Desk', '{}'",
	)
	return s
}

// all tries each attempt in a transaction that role has begun.
func (s stage) all(t *testing.T, conn *pgx.Conn, attempts []attempt) {
	t.Helper()
	for _, a := range attempts {
		if got := try(t, conn, s.words.Replace(a.sql)); got != a.want {
			t.Errorf("wanted %s, got %s: %s", a.want, got, s.words.Replace(a.sql))
		}
	}
}

// as begins a transaction of a role that has entered nothing.
func (s stage) as(t *testing.T, role string) *pgx.Conn {
	t.Helper()
	conn := database.Connect(t, role)
	run(t, conn, "begin")
	return conn
}

// What each role can do, and what it is refused. Seen to fail with each of these gone: the restrictive policies of
// memberships, credentials, sessions (own_or_admin), tickets, quota_usage, events and the audit log; co_members and
// serves_us; the floor; the first branch of admit_session, the first of keep_session, both refusals of follow_quota,
// the one of keep_an_owner, the three of connect_agent, that of rls.scope, and the epoch in enter_report.
func TestAttempts(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	super := database.Superuser(t)
	run(t, super, "analyze")
	person := func(o filled, p dbtest.Person) func(*testing.T) *pgx.Conn {
		return func(t *testing.T) *pgx.Conn { return enter(t, database, o.Org, p) }
	}
	role := func(name string) func(*testing.T) *pgx.Conn {
		return func(t *testing.T) *pgx.Conn { return s.as(t, name) }
	}
	for _, c := range []struct {
		name     string
		as       func(*testing.T) *pgx.Conn
		attempts []attempt
	}{
		{"nobody", role("streamspace_app"), nobody},
		{"member", person(s.acme, s.acme.Member), member},
		{"viewer", person(s.acme, s.acme.Viewer), viewer},
		{"admin", person(s.acme, s.acme.Admin), admin},
		{"owner", person(s.acme, s.acme.Owner), owner},
		{"login", role("streamspace_login"), login},
		{"agent", role("streamspace_agent"), agent},
		{"operator", role("streamspace_operator"), operator},
		{"system", role("streamspace_system"), system},
	} {
		t.Run(c.name, func(t *testing.T) { s.all(t, c.as(t), c.attempts) })
	}
	t.Run("owner of the other org", func(t *testing.T) {
		s.all(t, enter(t, database, s.globex.Org, s.globex.Owner), foreigner)
	})
	t.Run("without a row of the quota", func(t *testing.T) {
		conn := database.Superuser(t)
		run(t, conn, "begin")
		run(t, conn, "delete from app.quota_usage where holder_id = $1", s.acme.Members[0].User.UUID)
		run(t, conn, "set local role streamspace_app")
		p := s.acme.Members[0]
		run(t, conn, entering(s.acme.Org, p, "member"))
		s.all(t, conn, []attempt{{"SS009", newSession("rls.current_user_id()", "null")}})
	})
}

// newSession is the insert of one session, of an owner and on an agent.
func newSession(owner, agent string) string {
	return "insert into app.sessions {session_columns} values (gen_random_uuid(), " + owner + ", 'x', {copy}, " +
		"" + agent + ")"
}

// nobody has the app role and has entered nothing.
var nobody = []attempt{
	{"42501", "select * from app.sessions"},
	{"42501", "select * from app.memberships"},
	{"42501", "select * from app.users"},
	{"42501", "select id, name from app.users"},
	{"42501", "select id, name from app.agents"},
	{"42501", "select * from app.organizations"},
	{"42501", "select id from app.credentials"},
	{"42501", "select * from app.events"},
	{"42501", "select * from app.templates"},
	{"42501", "select * from app.quota_usage"},
	{"42501", "delete from app.credentials"},
	{"42501", "update app.sessions set name = 'x'"},
	{"42501", newSession("{member}", "null")},
	{"42501", "insert into app.audit_log (action, subject) values ('x', 'y')"},
	{"42501", "select rls.scope({globex})"},
	{"42501", "select rls.enter_service({globex}, 'x')"},
	{"42501", "select rls.enter_operator({globex}, 'x')"},
	{"42501", "select rls.create_org('x', {nothing}, 'x', 'x', null, {member}, 1, 1)"},
	{"42501", "select rls.add_member('x', {globex}, {member}, 'owner')"},
	{"42501", "select * from rls.user_by_email({stranger_email})"},
	{"42501", "select * from rls.memberships_of({member})"},
	{"42501", "select rls.session_is_foreign({session})"},
	{"42501", "select rls.template_is_foreign({template})"},
	{"42501", "select * from rls.count_sessions()"},
}

// member is one of acme with a session, a ticket, an event and an audit entry; the admin has a session beside it.
var member = []attempt{
	// credentials
	{"ok 1", "select id from app.credentials"},
	{"42501", "select secret_hash from app.credentials"},
	{"42501", "select * from app.credentials"},
	{"ok 0", "delete from app.credentials where user_id <> rls.current_user_id()"},
	{"ok 1", "delete from app.credentials"},
	{"42501", "update app.credentials set role = 'owner'"},
	{"42501", "insert into app.credentials (id, user_id, role, secret_hash, ends_at) values ({nothing}, {member}, " +
		"'owner', 'x', 'infinity')"},
	// what is shown of people, agents and the organisation
	{"ok 1", "select from app.organizations"},
	{"ok 5", "select email from app.users"},
	{"ok 5", "select from app.memberships"},
	{"ok 0", "select email from app.users where id = {stranger}"},
	{"ok 1", "select name from app.agents"},
	{"ok 0", "select name from app.agents where id = {foreign_agent}"},
	{"42501", "select password_hash from app.users"},
	{"42501", "select secret_hash from app.agents"},
	{"42501", "update app.organizations set namespace = 'x'"},
	{"42501", "update app.users set name = 'x'"},
	{"42501", "update app.agents set seen_at = now()"},
	{"42501", "insert into app.agent_orgs (agent_id) values ({foreign_agent})"},
	// sessions
	{"ok 1", "select from app.sessions"},
	{"ok 0", "select from app.sessions where id = {admins_session}"},
	{"ok 0", "select from app.sessions where id = {foreign_session}"},
	{"ok 0", "select from app.sessions where id = {admins_session} for update"},
	{"ok 0", "update app.sessions set name = 'x' where id in ({admins_session}, {foreign_session})"},
	{"ok 1", newSession("rls.current_user_id()", "{agent}")},
	{"42501", newSession("{owner}", "{agent}")},
	{"42501", newSession("{other}", "{agent}")},
	{"23503", newSession("rls.current_user_id()", "{foreign_agent}")},
	{"23503", newSession("rls.current_user_id()", "{nothing}")},
	{"23505", "insert into app.sessions {session_columns} values ({foreign_session}, {member}, 'x', {copy}, null)"},
	{"42501", "insert into app.sessions (org_id, id, owner_id, name, template_id, template_name, template_title, " +
		"spec) values ({globex}, {nothing}, {member}, 'x', {copy})"},
	{"42501", "insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec, state) " +
		"values ({nothing}, {member}, 'x', {copy}, 'running')"},
	{"42501", "insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec, " +
		"created_at) values ({nothing}, {member}, 'x', {copy}, now())"},
	{"23514", "update app.sessions set name = ''"},
	{"23514", "update app.sessions set name = repeat('x', 81)"},
	{"42501", "update app.sessions set org_id = org_id"},
	{"42501", "update app.sessions set owner_id = owner_id"},
	{"42501", "update app.sessions set agent_id = null"},
	{"42501", "update app.sessions set generation = 9"},
	{"42501", "update app.sessions set state = 'terminated'"},
	{"42501", "delete from app.sessions"},
	{"ok 1", "with u as (update app.sessions set desired = 'terminated' returning state) select from u where state = " +
		"'terminating'"},
	{"ok 1", "with u as (update app.sessions set desired = 'terminated' returning generation) select from u where " +
		"generation = 2"},
	{"SS006", "do $$ begin update app.sessions set desired = 'terminated'; update app.sessions set desired = " +
		"'running'; end $$"},
	{"42501", "truncate app.sessions"},
	// quota: one of two is used
	{"ok 2", "select from app.quota_usage"},
	{"ok 1", "select from app.quota_usage where used = 1"},
	{"SS005", "insert into app.sessions {session_columns} select gen_random_uuid(), {member}, 'x', {copy}, null from " +
		"generate_series(1, 2)"},
	{"42501", "update app.quota_limits set per_org = 1000"},
	{"42501", "update app.quota_usage set used = 0"},
	{"42501", "delete from app.quota_usage"},
	// templates
	{"ok 1", "select from app.templates"},
	{"ok 0", "select from app.templates where id = {foreign_template}"},
	{"42501", "insert into app.templates (id, name, title, spec) values ({nothing}, 'x', 'x', '{}')"},
	{"42501", "update app.templates set title = 'x'"},
	{"42501", "delete from app.templates"},
	{"42501", "insert into app.public_templates (id, revision, name, title, spec) values ({nothing}, 1, 'x', 'x', '{}')"},
	{"42501", "update app.public_templates set spec = '{}'"},
	{"42501", "delete from app.public_templates"},
	{"42501", "select rls.publish_template({nothing}, 'x', 'x', '', '{}')"},
	// whose is it?
	{"ok 1", "select where rls.session_is_foreign({foreign_session}) and not rls.session_is_foreign({session})"},
	{"ok 1", "select where not rls.session_is_foreign({nothing}) and not rls.session_is_foreign({admins_session})"},
	{"ok 1", "select where rls.template_is_foreign({foreign_template}) and not rls.template_is_foreign({template})"},
	// tickets
	{"ok 1", "insert into app.tickets (id, session_id, secret_hash) values ({nothing}, {session}, 't')"},
	{"42501", "insert into app.tickets (id, session_id, secret_hash) values ({nothing}, {admins_session}, 't')"},
	{"42501", "insert into app.tickets (id, session_id, secret_hash) values ({nothing}, {foreign_session}, 't')"},
	{"42501", "insert into app.tickets (id, session_id, secret_hash, ends_at) values ({nothing}, {session}, 't', " +
		"'infinity')"},
	{"42501", "insert into app.tickets (id, session_id, secret_hash, credential_id) values ({nothing}, {session}, " +
		"'t', {nothing})"},
	{"42501", "select id from app.tickets"},
	{"42501", "delete from app.tickets"},
	{"42501", "select rls.consume_ticket({ticket})"},
	// events
	{"ok 2", "select from app.events"},
	{"ok 1", "insert into app.events (type, subject_id) values ('x', {session})"},
	{"ok 1", "insert into app.events (type, subject_id) values ('x', {nothing})"},
	{"42501", "insert into app.events (type, subject_id) values ('x', {admins_session})"},
	{"42501", "insert into app.events (type, subject_id, audience) values ('x', {session}, 'everyone')"},
	{"42501", "insert into app.events (type, subject_id, owner_id) values ('x', {session}, null)"},
	{"42501", "insert into app.events (type, subject_id, seq) values ('x', {session}, 1)"},
	{"23514", "insert into app.events (type, subject_id, data) values ('x', {session}, to_jsonb(repeat('x', 9000)))"},
	{"42501", "update app.events set data = '{}'"},
	{"42501", "delete from app.events"},
	// audit
	{"ok 2", "select from app.audit_log"}, // the sign-in and the session
	{"ok 1", "insert into app.audit_log (action, subject) values ('x', 'y')"},
	{"42501", "insert into app.audit_log (seq, action, subject) values (1, 'x', 'y')"},
	{"42501", "insert into app.audit_log (actor, action, subject) values ('user:x', 'x', 'y')"},
	{"42501", "update app.audit_log set action = 'x'"},
	{"42501", "delete from app.audit_log"},
	{"42501", "update app.org_heads set event_seq = 0"},
	{"42501", "select * from app.org_heads"},
	// members
	{"42501", "insert into app.memberships (user_id, role) values ({stranger}, 'owner')"},
	{"ok 0", "update app.memberships set role = 'owner'"},
	{"ok 0", "delete from app.memberships"},
	{"42501", "update app.memberships set user_id = {stranger}"},
}

// viewer has no session, and changes nothing but its own sign-in and the record of what it was refused.
var viewer = []attempt{
	{"ok 0", "select from app.sessions"},
	{"ok 0", "update app.sessions set name = 'x'"},
	{"SS007", newSession("rls.current_user_id()", "{agent}")},
	{"42501", newSession("{member}", "{agent}")},
	{"ok 1", "select from app.events"}, // what is for everyone
	{"ok 1", "select from app.audit_log"},
	{"ok 1", "select from app.templates"},
	{"42501", "insert into app.events (type, subject_id) values ('x', {nothing})"},
	{"42501", "insert into app.tickets (id, session_id, secret_hash) values ({nothing}, {session}, 't')"},
	{"42501", "insert into app.audit_log (action, subject) values ('session.create', 'x')"},
	{"ok 1", "insert into app.audit_log (action, subject) values ('session.refused', 'x')"},
	{"ok 1", "insert into app.audit_log (action, subject) values ('credential.sign_out', 'x')"},
	{"ok 1", "delete from app.credentials"},
	{"ok 0", "update app.memberships set role = 'owner'"},
	{"ok 0", "delete from app.memberships"},
}

// admin reaches everything of the organisation, but owners, and nobody's name.
var admin = []attempt{
	{"ok 2", "select from app.sessions"},
	{"ok 3", "select from app.events"},
	{"ok 6", "select from app.quota_usage"},
	{"ok 2", "update app.sessions set name = 'x'"},
	{"ok 2", "update app.sessions set desired = 'terminated'"},
	{"ok 1", "update app.memberships set role = 'member' where role = 'viewer'"},
	{"42501", "update app.memberships set role = 'owner' where role = 'member'"},
	{"ok 0", "update app.memberships set role = 'member' where role = 'owner'"},
	{"ok 0", "delete from app.memberships where role = 'owner'"},
	{"ok 4", "delete from app.memberships"},
	{"42501", "insert into app.memberships (user_id, role) values ({stranger}, 'member')"},
	{"ok 4", "select id from app.credentials"},
	{"ok 3", "delete from app.credentials where user_id <> rls.current_user_id()"},
	{"ok 1", "insert into app.events (type, subject_id, audience) values ('x', {nothing}, 'everyone')"},
	{"ok 1", "insert into app.tickets (id, session_id, secret_hash) values ({nothing}, {session}, 't')"},
	{"42501", "insert into app.tickets (id, session_id, secret_hash) values ({nothing}, {foreign_session}, 't')"},
	{"ok 1", newSession("{other}", "{agent}")},
	{"SS007", newSession("{viewer}", "{agent}")},
	{"SS007", newSession("{stranger}", "{agent}")},
	{"SS007", newSession("{nothing}", "{agent}")},
	{"42501", "insert into app.templates (id, name, title, spec) values ({nothing}, 'x', 'x', '{}')"}, // not yet
	{"42501", "update app.organizations set suspended = false"},
	{"42501", "delete from app.audit_log"},
}

// owner is the only one of acme: it stays.
var owner = []attempt{
	{"ok 5", "select id from app.credentials"},
	{"ok 1", "update app.memberships set role = 'owner' where role = 'admin'"},
	{"SS008", "update app.memberships set role = 'member' where role = 'owner'"},
	{"SS008", "update app.memberships set role = 'member'"},
	{"SS008", "delete from app.memberships where role = 'owner'"},
	{"SS008", "delete from app.memberships"},
	{"ok 1", "do $$ begin update app.memberships set role = 'owner' where role = 'admin'; delete from app.memberships " +
		"where user_id = {owner}; end $$; select"},
	{"SS005", "insert into app.sessions {session_columns} select gen_random_uuid(), {owner}, 'x', {copy}, null from " +
		"generate_series(1, 3)"},
}

// foreigner owns the other organisation.
var foreigner = []attempt{
	{"ok 0", "select from app.sessions where id in ({session}, {admins_session})"},
	{"ok 0", "update app.sessions set desired = 'terminated' where id = {session}"},
	{"ok 0", "delete from app.memberships where user_id = {member}"},
	{"ok 0", "update app.memberships set role = 'owner' where user_id = {member}"},
	{"ok 0", "select email from app.users where id = {member}"},
	{"ok 0", "select name from app.agents where id = {agent}"},
	{"ok 0", "select from app.templates where id = {template}"},
	{"ok 1", "select where rls.session_is_foreign({session}) and not rls.session_is_foreign({foreign_session})"},
	{"SS007", newSession("{member}", "null")},
	{"42501", "insert into app.tickets (id, session_id, secret_hash) values ({nothing}, {session}, 't')"},
}

// login knows no organisation.
var login = []attempt{
	{"ok 1", "select from rls.user_by_email({stranger_email})"},
	{"ok 0", "select from rls.user_by_email('nobody@example.test')"},
	{"ok 1", "select from rls.memberships_of({member})"},
	{"ok 1", "select from rls.credential_of({member_secret})"},
	{"ok 0", "select from rls.credential_of(sha256('guess'))"},
	{"ok 1", "select from rls.consume_ticket({ticket}) where session = {session} and usr = {member} and role = 'member'"},
	{"ok 0", "select from rls.consume_ticket(sha256('guess'))"},
	{"SS001", "select rls.sign_in({member}, {globex}, {nothing}, 'x', now() + interval '1 h')"},
	{"SS001", "select rls.sign_in({nothing}, {acme}, {nothing}, 'x', now() + interval '1 h')"},
	{"ok 1", "select rls.sign_in({member}, {acme}, {nothing}, 'x', now() + interval '1 h')"},
	{"23505", "select rls.sign_in({member}, {acme}, {nothing}, {member_secret}, now() + interval '1 h')"},
	{"42501", "select rls.enter({acme}, {member}, 'member', {nothing}, false)"},
	{"42501", "select rls.current_org_id()"},
	{"42501", "select * from app.users"},
	{"42501", "select * from app.tickets"},
	{"42501", "select rls.connect_agent({agent}, {agent_secret}, 0, false)"},
}

// agent is acme's, at its first start.
var agent = []attempt{
	{"SS010", "select rls.connect_agent({agent}, sha256('guess'), 0, false)"},
	{"SS010", "select rls.connect_agent({agent}, sha256('guess'), 1, false)"},
	{"SS010", "select rls.connect_agent({foreign_agent}, {agent_secret}, 0, false)"},
	{"SS010", "select rls.connect_agent({nothing}, {agent_secret}, 0, false)"},
	{"SS004", "select rls.connect_agent({agent}, {agent_secret}, 2, false)"},
	{"SS012", "select rls.connect_agent({agent}, {agent_secret}, 1, true)"},
	{"ok 1", "select from rls.connect_agent({agent}, {agent_secret}, 1, false) as epoch where epoch = 1"},
	{"ok 1", "select from rls.connect_agent({agent}, {agent_secret}, 0, false) as epoch where epoch = 2"},
	{"ok 2", "select from rls.placements({agent}, 1, '00000000-0000-0000-0000-000000000000', 100)"},
	{"ok 1", "select from rls.placements({agent}, 1, '00000000-0000-0000-0000-000000000000', 1)"},
	{"ok 0", "select from rls.placements({agent}, 0, '00000000-0000-0000-0000-000000000000', 100)"},
	{"SS004", "select rls.enter_report({agent}, 0, {session})"},
	{"SS004", "select rls.enter_report({agent}, 2, {session})"},
	{"SS004", "select rls.enter_report({agent}, 1, {foreign_session})"},
	{"SS004", "select rls.enter_report({foreign_agent}, 1, {session})"},
	{"SS004", "select rls.enter_report({agent}, 1, {nothing})"},
	{"SS003", "do $$ begin perform rls.enter_report({agent}, 1, {session}); perform rls.enter_report({agent}, 1, " +
		"{admins_session}); end $$"},
	{"42501", "select rls.enter_service({acme}, 'x')"},
	{"42501", "select rls.enter({acme}, {member}, 'member', {nothing}, false)"},
	{"42501", "select * from app.sessions"},
	{"42501", "select * from app.agents"},
}

// operator acts on organisations from outside.
var operator = []attempt{
	{"ok 1", "select rls.add_member('ops', {acme}, {stranger}, 'member')"},
	{"23514", "select rls.add_member('ops', {acme}, {stranger}, 'king')"},
	{"23503", "select rls.add_member('ops', {acme}, {nothing}, 'member')"},
	{"ok 1", "select rls.add_member('ops', {acme}, {member}, 'owner')"}, // keeps their role
	{"SS003", "do $$ begin perform rls.add_member('ops', {acme}, {stranger}, 'member'); perform rls.add_member('ops', " +
		"{globex}, {member}, 'member'); end $$"},
	{"23503", "select rls.serve_org('ops', {nothing}, {acme})"},
	{"ok 1", "select rls.serve_org('ops', {agent}, {acme})"}, // it does already
	{"23514", "select rls.publish_template({nothing}, 'Not A Label', '', '', '{}')"},
	{"ok 1", "select rls.add_template('ops', {acme}, {nothing}, 'another', 'Another', '', '{}')"},
	{"23514", "select rls.create_org('ops', {nothing}, 'Not A Label', 'x', null, {member}, 1, 1)"},
	{"23514", "select rls.create_org('ops', {nothing}, 'less-than-none', 'x', null, {member}, -1, 1)"},
	{"42501", "select rls.enter_operator({acme}, 'ops')"},
	{"42501", "select rls.enter({acme}, {member}, 'member', {nothing}, false)"},
	{"42501", "select * from rls.user_by_email({stranger_email})"},
	{"42501", "select * from app.organizations"},
	{"42501", "select * from app.public_templates"},
}

// system learns ids and counts, and enters one organisation at a time.
var system = []attempt{
	{"ok 0", "select from rls.sessions_overdue(1000) where org in ({acme}, {globex})"},
	{"ok 1", "select from rls.count_sessions() where state = 'pending' and sessions >= 4"},
	{"42501", "select * from app.sessions"},
	{"42501", "select * from app.users"},
	{"42501", "select rls.enter({acme}, {member}, 'member', {nothing}, false)"},
	{"SS003", "do $$ begin perform rls.enter_service({acme}, 'x'); perform rls.enter_service({globex}, 'x'); end $$"},
}
