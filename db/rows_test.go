package db_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// views say which rows of each table a person sees in their organisation: as a condition for a superuser, whom no
// policy holds, with {org} and {me} in it. An empty one is every row of the organisation, "refused" none and an error.
// A table that is missing here fails the test.
var views = map[string]struct{ owner, admin, member, viewer string }{
	"organizations": {},
	"memberships":   {},
	"agent_orgs":    {},
	"templates":     {},
	"quota_limits":  {},
	"credentials":   {admin: "role <> 'owner'", member: "user_id = {me}", viewer: "user_id = {me}"},
	"sessions":      {member: "owner_id = {me}", viewer: "owner_id = {me}"},
	"quota_usage":   {member: "holder_id in ({org}, {me})", viewer: "holder_id in ({org}, {me})"},
	"events": {
		member: "owner_id = {me} or audience = 'everyone'", viewer: "owner_id = {me} or audience = 'everyone'",
	},
	"audit_log": {member: "actor = 'user:' || {me}", viewer: "actor = 'user:' || {me}"},
	"tickets":   {"refused", "refused", "refused", "refused"},
	"org_heads": {"refused", "refused", "refused", "refused"},
}

// shown counts the rows that a person of the organisation should see in a table.
func shown(t *testing.T, super *pgx.Conn, o *dbtest.Org, p dbtest.Person, table string) (rows int64, refused bool) {
	t.Helper()
	v, ok := views[table]
	if !ok {
		t.Fatalf("nothing says who sees which rows of %s", table)
	}
	where := map[string]string{"owner": v.owner, "admin": v.admin, "member": v.member, "viewer": v.viewer}[string(p.Role)]
	if where == "refused" {
		return 0, true
	}
	if where == "" {
		where = "true"
	}
	column := "org_id"
	if table == "organizations" {
		column = "id"
	}
	where = strings.NewReplacer("{org}", column, "{me}", "'"+p.User.String()+"'").Replace(where)
	return one[int64](t, super, fmt.Sprintf("select count(*) from app.%s where %s = $1 and (%s)", table, column,
		where), o.ID.UUID), false
}

// Seen to fail with the floor and the permissive policies as `true` (every table showed the rows of both), and with
// each of these gone: own_or_admin of sessions, of credentials and of the audit log, own_or_everyones of events,
// own_or_orgs of quota_usage. The floor or the permissive policies alone keep the organisations apart: each is the
// other's reserve.
func TestAQueryWithoutATenantPredicateReturnsOnlyTheCallersRows(t *testing.T) {
	t.Parallel()
	super := database.Superuser(t)
	orgs := []filled{fill(t, database, database.NewOrg(t, dbtest.Spec{})), fill(t, database, database.NewOrg(t,
		dbtest.Spec{}))}
	tables := orgTables(t, super)
	for i, o := range orgs {
		for _, p := range []dbtest.Person{o.Owner, o.Admin, o.Member, o.Viewer} {
			t.Run(fmt.Sprintf("org %d, %s", i, p.Role), func(t *testing.T) {
				for _, table := range tables {
					want, refused := shown(t, super, o.Org, p, table)
					conn := enter(t, database, o.Org, p)
					var got int64
					err := conn.QueryRow(t.Context(), "select count(*) from app."+table).Scan(&got)
					switch {
					case refused && stateOf(err) != "42501":
						t.Errorf("%s is not refused: %v", table, err)
					case !refused && (err != nil || got != want):
						t.Errorf("%s shows %d rows, wanted %d (%v)", table, got, want, err)
					}
				}
			})
		}
	}
}

// Writes without a condition reach what the caller may change, and no row of the other organisation. Seen to fail with
// the floor and the permissive policies as `true`, and with any policy of memberships or own_or_admin of sessions gone.
func TestAWriteWithoutATenantPredicateReachesOnlyTheCallersRows(t *testing.T) {
	t.Parallel()
	super := database.Superuser(t)
	o, other := fill(t, database, database.NewOrg(t, dbtest.Spec{})), fill(t, database, database.NewOrg(t, dbtest.Spec{}))
	before := foreign(t, super, other.Org)
	for _, c := range []struct {
		who  dbtest.Person
		sql  string
		want int64
	}{
		{o.Owner, "update app.sessions set name = 'mine now'", 2},
		{o.Admin, "update app.sessions set name = 'mine now'", 2},
		{o.Member, "update app.sessions set name = 'mine now'", 1},
		{o.Viewer, "update app.sessions set name = 'mine now'", 0},
		{o.Member, "update app.sessions set desired = 'terminated'", 1},
		{o.Owner, "update app.memberships set role = 'owner'", 4},
		{o.Admin, "update app.memberships set role = 'viewer'", 3},
		{o.Member, "update app.memberships set role = 'viewer'", 0},
		{o.Admin, "delete from app.memberships", 3},
		{o.Member, "delete from app.memberships", 0},
		{o.Owner, "delete from app.credentials", 4},
		{o.Admin, "delete from app.credentials", 3},
		{o.Member, "delete from app.credentials", 1},
		{o.Viewer, "delete from app.credentials", 1},
	} {
		conn := enter(t, database, o.Org, c.who)
		if got := run(t, conn, c.sql); got != c.want {
			t.Errorf("%s: %s: %d rows, wanted %d", c.who.Role, c.sql, got, c.want)
		}
		run(t, conn, "rollback")
	}
	// What is committed, too.
	conn := enter(t, database, o.Org, o.Admin)
	run(t, conn, "update app.sessions set name = 'mine now', desired = 'terminated'")
	run(t, conn, "delete from app.credentials")
	run(t, conn, "commit")
	service := database.Connect(t, "streamspace_system")
	run(t, service, "begin")
	run(t, service, "select rls.enter_service($1, 'test')", o.ID.UUID)
	run(t, service, "delete from app.tickets")
	run(t, service, "update app.sessions set state = 'terminated'")
	run(t, service, "commit")
	if diff := cmp.Diff(before, foreign(t, super, other.Org)); diff != "" {
		t.Errorf("the other organisation changed (-before +after):\n%s", diff)
	}
}

// foreign is everything that an organisation holds, as text.
func foreign(t *testing.T, super *pgx.Conn, o *dbtest.Org) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for _, table := range orgTables(t, super) {
		column := "org_id"
		if table == "organizations" {
			column = "id"
		}
		rows[table] = all[string](t, super, fmt.Sprintf("select t::text from app.%s t where %s = $1 order by 1", table,
			column), o.ID.UUID)
		if len(rows[table]) == 0 {
			t.Fatalf("%s has no row that could change", table)
		}
	}
	return rows
}

// Background work sees the one organisation that it entered. Seen to fail with the floor and the permissive policies as
// `true`: it was shown 17 credentials where it should see 4.
func TestAServiceReachesTheOneOrgItEntered(t *testing.T) {
	t.Parallel()
	super := database.Superuser(t)
	o := fill(t, database, database.NewOrg(t, dbtest.Spec{}))
	fill(t, database, database.NewOrg(t, dbtest.Spec{}))
	conn := database.Connect(t, "streamspace_system")
	run(t, conn, "begin")
	run(t, conn, "select rls.enter_service($1, 'test')", o.ID.UUID)
	for _, table := range orgTables(t, super) {
		if _, ok := granted(t, super, "streamspace_system", table, "SELECT"); !ok {
			continue
		}
		want := one[int64](t, super, "select count(*) from app."+table+" where org_id = $1", o.ID.UUID)
		if got := one[int64](t, conn, "select count(*) from app."+table); got != want || want == 0 {
			t.Errorf("%s shows %d rows, wanted %d", table, got, want)
		}
	}
}
