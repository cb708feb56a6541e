package sqllint

import (
	"strings"
	"testing"
)

// bad is a query and a part of what is said of it; a query that may be has none.
type bad map[string]struct{ kind, sql, want string }

func (b bad) run(t *testing.T, check func(Query) []Fault) {
	t.Helper()
	for name, c := range b {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := check(Query{Name: "Planted", Kind: c.kind, At: "x.sql:1", SQL: c.sql})
			said := ""
			for _, f := range got {
				said += string(f) + "\n"
			}
			if c.want == "" && said != "" || !strings.Contains(said, c.want) {
				t.Errorf("of %q it says\n%swant %q", c.sql, said, c.want)
			}
		})
	}
}

const misused = "other than in a comparison with the organisation of another table"

func TestAnOrganisationIsNoValue(t *testing.T) {
	t.Parallel()
	bad{
		"a parameter":            {":one", "select id from app.sessions where org_id = @org", misused},
		"another parameter":      {":one", "select id from app.sessions where org_id = @o", misused},
		"a position":             {":one", "select id from app.sessions where org_id = $1", misused},
		"a parameter's name":     {":one", "select id from app.sessions where id = @org_id", "takes an organisation"},
		"a parameter's own name": {":one", "select id from app.sessions where id = @org", "takes an organisation"},
		"sqlc's own parameter": {":one",
			"select id from app.sessions where id = sqlc.narg('org_id')",
			"takes an organisation",
		},
		"the other way round":  {":one", "select id from app.sessions where @o = org_id", misused},
		"with a cast":          {":one", "select id from app.sessions where org_id = @o::uuid", misused},
		"a cast of the column": {":one", "select id from app.sessions where org_id::text = @o", misused},
		"too close":            {":one", "select id from app.sessions where org_id=@o", "the operator =@"},
		"by an alias":          {":one", "select s.id from app.sessions as s where s.org_id = @o", misused},
		"by schema and table":  {":one", "select id from app.sessions where app.sessions.org_id = @o", misused},
		"quoted":               {":one", `select id from app.sessions where "org_id" = @o`, misused},
		"upper case":           {":one", "select id from app.sessions where ORG_ID = @o", misused},
		"a literal": {":one",
			"select id from app.sessions where org_id = '00000000-0000-0000-0000-000000000000'",
			misused,
		},
		"a function": {":one", "select id from app.sessions where org_id = rls.current_user_id()", misused},
		"the scope's own": {":one",
			"select id from app.sessions where org_id = rls.current_org_id()",
			"calls rls.current_org_id",
		},
		"a setting": {":one",
			"select id from app.sessions where org_id = current_setting('app.org_id')::uuid",
			"calls current_setting",
		},
		"not equal":           {":one", "select id from app.sessions where org_id <> @o", misused},
		"less":                {":one", "select id from app.sessions where org_id > @o", misused},
		"any":                 {":one", "select id from app.sessions where org_id = any(@orgs::uuid[])", misused},
		"in":                  {":one", "select id from app.sessions where org_id in (@a, @b)", misused},
		"not in":              {":one", "select id from app.sessions where org_id not in (@a)", misused},
		"among the values":    {":one", "select id from app.sessions where @a in (org_id, id)", misused},
		"between":             {":one", "select id from app.sessions where org_id between @a and @b", misused},
		"like":                {":one", "select id from app.sessions where org_id::text like @a", misused},
		"a row":               {":one", "select name from app.sessions where (org_id, id) = (@o, @id)", misused},
		"a row in rows":       {":one", "select name from app.sessions where (org_id, id) in ((@o, @id))", misused},
		"a row before":        {":one", "select name from app.sessions where (org_id, id) > (@o, @id)", misused},
		"not distinct":        {":one", "select id from app.sessions where org_id is not distinct from @o", misused},
		"distinct":            {":one", "select id from app.sessions where org_id is distinct from @o", misused},
		"nullif":              {":one", "select nullif(org_id, @o) as x from app.sessions", misused},
		"case":                {":one", "select case org_id when @o then 1 end as x from app.sessions", misused},
		"case when":           {":one", "select case when org_id = @o then 1 end as x from app.sessions", misused},
		"coalesce":            {":one", "select id from app.sessions where coalesce(org_id, id) = @o", misused},
		"greatest":            {":one", "select id from app.sessions where greatest(org_id, id) = @o", misused},
		"an array":            {":one", "select id from app.sessions where array[org_id] = @o", misused},
		"a result that tells": {":one", "select org_id = @o as ours from app.sessions", misused},
		"order":               {":one", "select id from app.sessions order by org_id = @o", misused},
		"having":              {":one", "select count(*) from app.sessions group by org_id having org_id = @o", misused},
		"a filter":            {":one", "select count(*) filter (where org_id = @o) from app.sessions", misused},
		"a join": {":one",
			"select s.id from app.sessions s join app.agents a on a.id = s.agent_id and s.org_id = @o",
			misused,
		},
		"a lateral join": {":one",
			"select s.id from app.agents a, lateral (select id from app.sessions where org_id = @o) s",
			misused,
		},
		"exists": {":one",
			"select a.id from app.agents a where exists (select from app.sessions s where s.org_id = @o)",
			misused,
		},
		"an update's condition": {":exec", "update app.sessions set name = @name where org_id = @o and id = @id", misused},
		"a delete's condition":  {":exec", "delete from app.sessions where org_id = @o", misused},
		"a delete's using": {":exec",
			"delete from app.tickets t using app.sessions s where s.id = t.session_id and s.org_id = @o",
			misused,
		},
		"a copy of it": {":exec", "update app.sessions set owner_id = org_id where id = @id", misused},
		"itself":       {":one", "select id from app.sessions s where s.org_id = s.org_id", misused},
	}.run(t, InOrg)
}

func TestAnOrganisationIsNotWritten(t *testing.T) {
	t.Parallel()
	bad{
		"an insert": {":exec", "insert into app.sessions (org_id, id) values (@o, @id)", "inserts into org_id"},
		"a default": {":exec",
			"insert into app.sessions (org_id, id) values (default, @id)",
			"inserts into org_id",
		},
		"an insert's select": {":exec",
			"insert into app.sessions (org_id, id) select org_id, id from app.tickets",
			"inserts into org_id",
		},
		"no columns":          {":exec", "insert into app.sessions values (@o, @id)", "without saying into which columns"},
		"into another column": {":exec", "insert into app.sessions (owner_id) select org_id from app.tickets", misused},
		"an update":           {":exec", "update app.sessions set org_id = @o where id = @id", "sets org_id"},
		"an update of several": {":exec",
			"update app.sessions set (name, org_id) = (@name, @o) where id = @id",
			"sets org_id",
		},
		"a conflict's update": {":exec", `insert into app.templates (id, name) values (@id, @name)
			on conflict (org_id, name) do update set org_id = excluded.org_id`, "sets org_id"},
		"a conflict's condition": {":exec", `insert into app.templates as t (id, name) values (@id, @name)
			on conflict (org_id, name) do update set name = excluded.name where t.org_id = @o`, misused},
	}.run(t, InOrg)
}

func TestAnOrganisationKeepsItsName(t *testing.T) {
	t.Parallel()
	bad{
		"renamed in a subquery": {":one",
			"select x.id from (select org_id as o, id from app.sessions) x where x.o = @o",
			"hides the organisation",
		},
		"renamed in a with": {":one",
			"with x as (select org_id as o, id from app.sessions) select id from x where o = @o",
			"hides the organisation",
		},
		"renamed behind a with": {":one",
			"with x (o, id) as (select org_id, id from app.sessions) select id from x where o = @o",
			"renames columns",
		},
		"renamed behind a table": {":one", "select x.id from app.sessions as x (o) where o = @o", "renames columns"},
		"not renamed": {":one",
			"select x.id from (select org_id, id from app.sessions) x where x.org_id = @o",
			misused,
		},
		"through a star": {":one", "select x.id from (select * from app.sessions) x where x.org_id = @o", misused},
		"through a union": {":one",
			"select x.id from (select id from app.tickets union select org_id from app.sessions) x where x.id = @o",
			"hands org_id to a union"},
		"a star in a union": {":one",
			"select x.id from (select id from app.tickets union select * from app.sessions) x where x.id = @o",
			"selects * into a union"},
		"a scalar": {":one",
			"select id from app.sessions s where (select org_id from app.tickets limit 1) = @o",
			"hands org_id to a comparison",
		},
		"in a select":    {":one", "select id from app.sessions where @o in (select org_id from app.tickets)", misused},
		"an array of it": {":one", "select array(select org_id from app.tickets) as x", "hands org_id to a comparison"},
		"a row":          {":one", "select s from app.sessions s", "uses the row s as a value"},
		"a row's field":  {":one", "select id from app.sessions s where (s).org_id = @o", "takes a part of a row"},
		"a row's star":   {":one", "select row(s.*) = @o as x from app.sessions s", "uses a whole row as a value"},
		"a value so called": {":one",
			"select s.id from app.sessions s join (select @o::uuid as org_id) v on v.org_id = s.org_id",
			"calls something else org_id"},
		"a natural join": {":one",
			"select s.id from app.sessions s natural join (select @o::uuid as org_id) v",
			"calls something else org_id",
		},
		"values": {":one",
			"select s.id from app.sessions s join (values (@o::uuid)) as v (org_id) using (org_id)",
			"renames columns",
		},
		"a function so called": {":one",
			"select s.id from app.sessions s join rls.current_user_id() as org_id using (org_id)",
			"calls a function's column org_id"},
		"a subquery's column": {":one",
			"select s.id from app.sessions s, (select @x::uuid as o) v where s.org_id = v.o",
			misused,
		},
	}.run(t, InOrg)
}

func TestAnOrganisationIsNotChosenByItsRow(t *testing.T) {
	t.Parallel()
	bad{
		"by id":       {":one", "select o.name from app.organizations o where o.id = @id", misused},
		"by slug":     {":one", "select o.name from app.organizations o where o.slug = @slug", misused},
		"by a place":  {":one", "select o.name from app.organizations o where o.namespace = @n", misused},
		"unqualified": {":one", "select name from app.organizations where id = @id", "has id without its table"},
		"renamed": {":one",
			"select x.name from (select o.id as x, o.name from app.organizations o) x where x.x = @id",
			"hides the organisation",
		},
		"joined": {":one",
			"select o.name from app.organizations o join app.sessions s on s.org_id = o.id where s.id = @id",
			"",
		},
		"selected":  {":one", "select o.id as org_id, o.slug from app.organizations o", ""},
		"looked at": {":one", "select o.name from app.organizations o where o.namespace is not null", ""},
	}.run(t, InOrg)
}

func TestJoinsAndKeysPass(t *testing.T) {
	t.Parallel()
	bad{
		"a join": {":one",
			"select s.id from app.sessions s join app.tickets t on t.org_id = s.org_id and t.session_id = s.id",
			"",
		},
		"a join of rows": {":one",
			"select s.id from app.sessions s join app.tickets t on (t.org_id, t.session_id) = (s.org_id, s.id)",
			"",
		},
		"using": {":one", "select t.id from app.tickets t join app.credentials c using (org_id, id)", ""},
		"a column of a join": {":one",
			"select q.used from app.quota_usage q join app.sessions s on s.org_id = q.holder_id",
			"",
		},
		"a conflict": {":exec",
			"insert into app.templates (id, name) values (@id, @name) on conflict (org_id, name) do nothing",
			"",
		},
		"a returning": {":one", "delete from app.tickets where id = @id returning org_id, id", ""},
		"a star":      {":one", "select * from app.sessions where id = @id", ""},
		"a select":    {":one", "select org_id, id from app.sessions where id = @id", ""},
		"exists": {":one",
			"select t.id from app.tickets t where exists (select from app.sessions s where s.org_id = t.org_id)",
			"",
		},
		"in": {":one",
			"select id from app.tickets where (org_id, session_id) in (select org_id, id from app.sessions)",
			"",
		},
		"a with": {":one",
			"with s as (select org_id, id from app.sessions) select t.id from app.tickets t join s on s.org_id = t.org_id",
			"",
		},
		"grouped":  {":one", "select org_id, count(*) from app.sessions group by org_id order by org_id", ""},
		"a window": {":one", "select count(*) over (partition by org_id) from app.sessions", ""},
	}.run(t, InOrg)
}

func TestWhatAQueryMayBe(t *testing.T) {
	t.Parallel()
	all := bad{
		"copyfrom":    {":copyfrom", "insert into app.tickets (id) values (@id)", "is :copyfrom"},
		"execrows":    {":execrows", "delete from app.tickets where id = @id", "is :execrows"},
		"execresult":  {":execresult", "delete from app.tickets where id = @id", "is :execresult"},
		"batch":       {":batchexec", "delete from app.tickets where id = @id", "is :batchexec"},
		"no limit":    {":many", "select id from app.sessions", "has no limit"},
		"limit all":   {":many", "select id from app.sessions limit all", "has no limit"},
		"a limit":     {":many", "select id from app.sessions limit @most", ""},
		"many writes": {":many", "delete from app.tickets where session_id = @id returning id", "has no limit"},
		"one write":   {":many", "delete from app.tickets where id = @id and ends_at < now() returning id", ""},
		"two":         {":exec", "delete from app.tickets; delete from app.sessions", "is 2 statements"},
		"nonsense":    {":exec", "delete form app.tickets", "does not parse"},
		"no schema":   {":one", "select id from sessions where id = @id", "reaches sessions"},
		"catalogue":   {":one", "select rolname from pg_catalog.pg_roles limit 1", "reaches pg_catalog.pg_roles"},
		"a function":  {":one", "select pg_sleep(1)", "calls pg_sleep"},
		"enter":       {":one", "select rls.enter(@a, @b, @c, @d, true)", "calls rls.enter"},
		"an operator": {":one", "select id from app.templates where spec @> @x", "the operator @>"},
		"a session's": {":one", "select session_user::text as x", "has a SQLValueFunction"},
		"into":        {":exec", "select id into app.mine from app.sessions", "creates a table"},
		"merge": {":exec",
			"merge into app.sessions s using app.tickets t on t.session_id = s.id when matched then delete",
			"is a MergeStmt",
		},
	}
	for _, text := range []string{
		"set app.org_id = '…'", "set local app.org_id = '…'", "set session authorization default",
		"set role streamspace_owner", "reset app.org_id", "reset all", "discard all", "listen x", "notify x",
		"unlisten x", "copy app.sessions to stdout", "copy app.sessions (id) from stdin",
		"declare c cursor with hold for select 1", "fetch all from c", "prepare p as select 1", "execute p",
		"deallocate all", "begin", "commit", "rollback", "savepoint s", "release savepoint s",
		"rollback to savepoint s", "set transaction read write", "lock table app.sessions", "truncate app.sessions",
		"do $$ begin end $$", "call rls.x()", "create table x ()",
		"alter table app.sessions disable row level security", "drop table app.sessions",
		"grant select on app.sessions to public", "explain select 1", "vacuum",
	} {
		all[text] = struct{ kind, sql, want string }{":exec", text, "a query selects, inserts, updates or deletes"}
	}
	all["set_config"] = struct{ kind, sql, want string }{
		":one", "select set_config('app.org_id', @o, true)", "calls set_config"}
	all["set_config, by its schema"] = struct{ kind, sql, want string }{
		":one", "select pg_catalog.set_config('app.org_id', @o, true)", "calls set_config"}
	all.run(t, InOrg)
	if got := InOrg(Read("x.sql", "select 1;")[0]); len(got) == 0 {
		t.Error("a query without a name passes")
	}
}

func TestWithoutAnOrganisationThereAreOnlyFunctions(t *testing.T) {
	t.Parallel()
	limited, err := Limited(`create function rls.few(n int) returns setof int language sql as $$ select 1 limit n $$;
		create function rls.much() returns setof int language sql as $$ select 1 $$;`)
	if err != nil {
		t.Fatal(err)
	}
	bad{
		"a table": {":one", "select id from app.users where email = @email", "reaches app.users"},
		"beside one": {":one",
			"select f.id::uuid as id from rls.find_user(@email) f join app.users u on u.id = f.id",
			"reaches app.users",
		},
		"the catalogue": {":one", "select usename::text from pg_user", "reaches pg_user"},
		"an update":     {":exec", "update app.agents set seen_at = now()", "is a UpdateStmt"},
		"a with":        {":exec", "with x as (delete from app.tickets returning id) select rls.few(1)", "has a DeleteStmt"},
		"another's":     {":one", "select pg_sleep(1)", "calls pg_sleep"},
		"entering":      {":one", "select rls.enter_service(@id, @service)", "calls rls.enter_service"},
		"the scope":     {":one", "select rls.scope(@id)", "calls rls.scope"},
		"a setting":     {":one", "set app.org_id = '…'", "is a VariableSetStmt"},
		"much":          {":many", "select m::int as m from rls.much() as m", "has no limit, and its function has none"},
		"few":           {":many", "select m::int as m from rls.few(@most) as m", ""},
		"a limit":       {":many", "select m::int as m from rls.much() as m limit 5", ""},
		"execrows":      {":execrows", "select rls.few(1)", "is :execrows"},
	}.run(t, func(q Query) []Fault { return InSystem(q, limited) })
}

func TestUnaskedQueriesAreFound(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	err := uses("x.go", `package x
		type Tx interface { Promoted() error }
		func f(q Queries) { _ = q.Called(); _ = q.Mentioned }`, used)
	if err != nil {
		t.Fatal(err)
	}
	queries := Read("x.sql", "-- name: Called :exec\nselect 1;\n-- name: Promoted :exec\nselect 1;\n"+
		"-- name: Mentioned :exec\nselect 1;\n"+
		"-- name: Called :one\nselect 2;\n")
	if got := Unused(queries, used); len(got) != 1 || got[0] != "x.sql:5 Mentioned: is not used" {
		t.Errorf("unasked: %v", got)
	}
	if got := Twice(queries); len(got) != 1 || got[0] != "x.sql:7 Called: is the name of the query at x.sql:1, too" {
		t.Errorf("twice: %v", got)
	}
}
