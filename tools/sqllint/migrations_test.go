package sqllint

import (
	"strings"
	"testing"
)

const (
	noTransaction = "-- +goose NO TRANSACTION\n"
	lift          = "alter table app.sessions no force row level security;\n"
	restore       = "alter table app.sessions force row level security;\n"
)

func TestPlantedMigrations(t *testing.T) {
	t.Parallel()
	const unseen = "which the owner does not see"
	const key = "alter table app.sessions add constraint k foreign key (org_id, template_id) " +
		"references app.templates (org_id, id);\n"
	for name, c := range map[string]struct{ sql, want string }{
		"an update":           {"update app.sessions set name = '';", unseen},
		"an insert":           {"insert into app.sessions (id) values ('…');", unseen},
		"a delete":            {"delete from app.sessions;", unseen},
		"a merge":             {"merge into app.sessions s using (values (1)) v on true when matched then delete;", unseen},
		"a read":              {"create table rls.kept as select id from app.sessions;", unseen},
		"a materialised read": {"create materialized view rls.kept as select id from app.sessions;", unseen},
		"a condition": {
			lift + "update app.sessions s set name = t.name from app.templates t where t.id = s.template_id;\n" + restore,
			"app.templates, " + unseen},
		"a with":               {"with x as (select id from app.sessions) select count(*) from x;", unseen},
		"a copy":               {"copy app.sessions (id) from '/file';", unseen},
		"by its bare name":     {"update sessions set name = '';", "name its schema"},
		"a function":           {"select rls.fill();", "calls rls.fill, whose body may touch rows"},
		"lifted, never forced": {lift + "update app.sessions set name = '';", "ends without `alter table app.sessions force"},
		"forced too early":     {lift + restore + "update app.sessions set name = '';", unseen},
		"lifted too late":      {"update app.sessions set name = '';\n" + lift + restore, unseen},
		"another is lifted": {
			"alter table app.tickets no force row level security; update app.sessions set name = ''; alter table " +
				"app.tickets force row level security;",
			unseen,
		},
		"only enabled": {
			lift + "update app.sessions set name = ''; alter table app.sessions enable row level security;", "ends without"},
		"the rows are touched": {lift + "update app.sessions set name = '';\n" + restore, "locks everyone out"},
		"the platform's rows are touched": {"alter table app.users no force row level security; " +
			"update app.users set name = ''; alter table app.users force row level security;", ""},
		"the rows are read":            {lift + "create table rls.kept as select id from app.sessions;\n" + restore, ""},
		"a backfill":                   {noTransaction + "call rls.backfill_v1('sessions', $$ name = '' $$, $$ name <> '' $$);", ""},
		"a backfill in a transaction":  {"call rls.backfill_v1('sessions', $$ name = '' $$, $$ name <> '' $$);", "inside a transaction"},
		"a backfill of a query":        {noTransaction + "call rls.backfill_v1('sessions', 'x' || 'y', 'true');", "than constants"},
		"a backfill without syntax":    {noTransaction + "call rls.backfill_v1('sessions', 'name', 'true');", "does not parse"},
		"a backfill and more":          {noTransaction + "call rls.backfill_v1('sessions', 'a = 1; delete from app.users', 'true');", "no update"},
		"a backfill of the platform's": {noTransaction + "call rls.backfill_v1('users', $$ name = '' $$, 'true');", "no update"},
		"another procedure":            {"call rls.fill();", "calls rls.fill"},
		"lifted without a transaction": {noTransaction + lift + restore, "and so for every other one"},
		"between two": {
			lift + restore + "delete from app.sessions;", unseen},
		"a commit": {
			lift + "commit; update app.sessions set name = '';\n" + restore, "begins or ends a transaction"},

		"a foreign key": {
			"alter table app.sessions add constraint k foreign key (org_id, template_id) references app.templates " +
				"(org_id, id);",
			unseen,
		},
		"a foreign key, half lifted": {
			lift + key + restore,
			"adds a foreign key that refers to app.templates"},
		"a foreign key, lifted": {lift + "alter table app.templates no force row level security;" +
			key +
			restore + "alter table app.templates force row level security;", ""},
		"a column with one": {"alter table app.sessions add column t uuid references app.users (id);", unseen},
		"a key not yet valid": {
			"alter table app.sessions add constraint k foreign key (org_id) references app.organizations (id) not valid;",
			"",
		},
		"that is then validated": {"alter table app.sessions validate constraint k;", unseen},
		"a new table's key":      {"create table app.notes (org_id uuid references app.organizations (id));", ""},
		"a new table's row": {
			"create table app.notes (id int); insert into app.notes values (1); alter table app.notes force row level " +
				"security;",
			"",
		},
		"a new table's late row": {
			"create table app.notes (id int); alter table app.notes force row level security; insert into app.notes " +
				"values (1);",
			unseen,
		},

		"a function's body": {
			"create function rls.f() returns void language sql as $$ update app.sessions set name = '' $$;",
			"",
		},
		"a policy": {"create policy p on app.sessions using (exists (select from app.memberships));", ""},
		"a view":   {"create view rls.v as select id from app.sessions;", ""},
		"a column": {"alter table app.sessions add column note text not null default '';", ""},
		"a check":  {"alter table app.sessions add constraint c check (name <> '');", ""},
		"an index": {"create index i on app.sessions (org_id, name);", ""},

		"an org table": {"select rls.create_org_table_v1('notes', $$ id uuid not null, template_id uuid, " +
			"constraint notes_pkey primary key (org_id, id), constraint notes_template foreign key (org_id, template_id) " +
			"references app.templates (org_id, id) $$, 'Notes.', of_org => false);", ""},
		"an org table's row": {"select rls.create_org_table_v1('notes', $$ id uuid $$, 'Notes.'); " +
			"insert into app.notes (id) values ('…');", "app.notes, " + unseen},
		"an org table's later key": {"select rls.create_org_table_v1('notes', $$ id uuid $$, 'Notes.'); " +
			"alter table app.notes add foreign key (id) references app.users (id);", unseen},
		"an org table without syntax": {"select rls.create_org_table_v1('notes', $$ id uuid no null $$, 'Notes.');",
			"of columns that do not parse"},
		"an org table and more": {"select rls.create_org_table_v1('notes', $$ id uuid); delete from app.users; " +
			"create table app.x (id uuid $$, 'Notes.');", "statements of their own"},
		"an org table of a query": {"select rls.create_org_table_v1('notes', $$ id uuid $$, (select name from app.users));",
			"something else than constants"},
		"an org table and a query": {"select rls.create_org_table_v1('notes', $$ id uuid $$, 'Notes.'), count(*) " +
			"from app.users;", unseen},
		"an org table from a query": {"select rls.create_org_table_v1('notes', $$ id uuid $$, 'Notes.') from app.users;",
			unseen},
		"a block's org table": {"do $$ begin perform rls.create_org_table_v1('notes', ' id uuid ', 'Notes.'); end $$;", ""},
		"a helper replaced": {"create or replace function rls.create_org_table_v1() returns void language sql as '';",
			"changes rls.create_org_table_v1"},
		"a helper altered":  {"alter function rls.tenant_conditions_v1(name) immutable;", "changes rls.tenant_conditions_v1"},
		"a helper dropped":  {"drop function rls.create_org_table_v1(text, text, text);", "changes rls.create_org_table_v1"},
		"another helper":    {"create function rls.create_org_table_v2() returns void language sql as '';", ""},
		"another's replace": {"create or replace function rls.is_admin() returns boolean language sql as '';", ""},

		"a block": {"do $$ begin update app.sessions set name = ''; end $$;", unseen},
		"a block's loop": {
			"do $$ declare s record; begin for s in select id from app.sessions loop null; end loop; end $$;",
			unseen,
		},
		"a block's if":    {"do $$ begin if exists (select from app.sessions) then null; end if; end $$;", unseen},
		"a block's value": {"do $$ declare n int; begin n := (select count(*) from app.sessions); end $$;", unseen},
		"a block's call":  {"do $$ begin perform rls.fill(); end $$;", "calls rls.fill"},
		"a block's text": {
			"do $$ begin execute format('update app.%I set name = 1', 'sessions'); end $$;",
			"by text that a block executes",
		},
		"a block's key": {
			"do $$ begin execute 'alter table app.sessions add foreign key (a) references app.users'; end $$;",
			"by text that a block executes",
		},
		"a block's policy": {
			"do $$ begin execute format('create policy p on app.%I for insert to x with check (true)', 'sessions'); end " +
				"$$;",
			"",
		},
		"a block that lifts": {
			"do $$ begin alter table app.sessions no force row level security; perform id from app.sessions; " +
				"alter table app.sessions force row level security; end $$;", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := ""
			for _, f := range Migration("x.sql", "-- +goose Up\n"+c.sql+"\n-- +goose Down\n") {
				said += string(f) + "\n"
			}
			if c.want == "" && said != "" || !strings.Contains(said, c.want) {
				t.Errorf("of %q it says\n%swant %q", c.sql, said, c.want)
			}
		})
	}
	down := Migration("x.sql", "-- +goose Up\nselect 1;\n-- +goose Down\ndelete from app.sessions;\n")
	if len(down) != 1 || !strings.Contains(string(down[0]), "x.sql Down: touches rows of app.sessions") {
		t.Errorf("of the way down it says %v", down)
	}
}
