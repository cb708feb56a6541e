package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEverybodySeesTheSameManifest(t *testing.T) {
	t.Parallel()
	reviewed, err := Reviewed()
	if err != nil {
		t.Fatal(err)
	}
	if reviewed.Lines() < 500 {
		t.Fatalf("the manifest has %d facts: it says nothing", reviewed.Lines())
	}
	for _, role := range watchers {
		got, err := Snapshot(t.Context(), database.Connect(t, role))
		if err != nil {
			t.Errorf("as %s: %v", role, err)
		}
		if diff := cmp.Diff(reviewed, got); diff != "" {
			t.Errorf("as %s the database differs from the manifest: run `make generate` (-reviewed +got):\n%s", role, diff)
		}
	}
}

func TestADifferenceReadsLikeAChangeOfRights(t *testing.T) { // alone: see planting
	for name, c := range map[string]struct {
		statements string
		want       []string
	}{
		"a grant on a table": {"grant select on app.tickets to streamspace_app",
			[]string{"+ grant select on table app.tickets to streamspace_app"}},
		"a grant on a column, to pass on": {"grant update (spec) on app.sessions to streamspace_agent with grant option",
			[]string{"+ grant update on column spec of app.sessions to streamspace_agent with grant option"}},
		"a revoked grant": {"revoke delete on app.credentials from streamspace_app",
			[]string{"- grant delete on table app.credentials to streamspace_app"}},
		"a function of PostgreSQL's for PUBLIC": {"grant execute on function set_config(text, text, boolean) to public",
			[]string{"- revoke execute on function pg_catalog.set_config(text,text,boolean) from public"}},
		"a function of PostgreSQL's that was a superuser's": {
			"grant execute on function pg_read_file(text) to streamspace_app",
			[]string{"+ grant execute on function pg_catalog.pg_read_file(text) to streamspace_app"}},
		"a table of the catalogue": {"grant select on pg_authid to streamspace_auditor",
			[]string{"+ grant select on table pg_catalog.pg_authid to streamspace_auditor"}},
		"temporary tables": {"grant temporary on database streamspace to public",
			[]string{"+ grant temporary on this database to public"}},
		"a restrictive policy dropped": {"drop policy admins_insert on app.templates", []string{
			"- policy admins_insert on app.templates as restrictive for insert to streamspace_app " +
				"with check ( SELECT rls.is_admin() AS is_admin)"}},
		"a function with another body": {
			"create or replace function rls.is_viewer() returns boolean language sql stable parallel safe as 'select false'",
			[]string{"+ body of rls.is_viewer() sha256:…", "- body of rls.is_viewer() sha256:…"}},
		"a function that is volatile": {"alter function rls.is_viewer() volatile", []string{
			"+ function rls.is_viewer() returns boolean owned by streamspace_owner language sql volatile " +
				"parallel safe arguments ()",
			"- function rls.is_viewer() returns boolean owned by streamspace_owner language sql stable " +
				"parallel safe arguments ()"}},
		"a setting of a role": {"alter role streamspace_app set work_mem = '1GB'",
			[]string{"+ alter role streamspace_app set work_mem=1GB"}},
		"a setting of the database": {"alter database streamspace set row_security = off",
			[]string{"+ alter database set row_security=off"}},
		"a membership": {"grant streamspace_owner to streamspace_system",
			[]string{"+ grant streamspace_owner to streamspace_system"}},
		"an attribute": {"alter role streamspace_system createrole", []string{
			"+ role streamspace_system login noinherit createrole", "- role streamspace_system login noinherit"}},
		"another role past the policies": {"create role reports bypassrls",
			[]string{"+ role reports nologin inherit bypassrls"}},
		"a key without org_id": {"create unique index probe on app.sessions (name)",
			[]string{"+ CREATE UNIQUE INDEX probe ON app.sessions USING btree (name)"}},
		"a constraint dropped": {"alter table app.sessions drop constraint sessions_name_length", []string{
			"- constraint sessions_name_length on app.sessions CHECK (((length(name) >= 1) AND (length(name) <= 80)))"}},
		"a trigger switched off": {"alter table app.audit_log disable trigger chain_audit", []string{
			"+ CREATE TRIGGER chain_audit BEFORE INSERT ON app.audit_log FOR EACH ROW EXECUTE FUNCTION " +
				"rls.chain_audit() disabled",
			"- CREATE TRIGGER chain_audit BEFORE INSERT ON app.audit_log FOR EACH ROW EXECUTE FUNCTION rls.chain_audit()"}},
		"a publication": {"create publication leak for table app.sessions",
			[]string{"+ publication leak"}},
		"later tables": {
			"alter default privileges for role streamspace_owner in schema app grant select on tables to streamspace_app",
			[]string{"+ grant select on later tables of streamspace_owner in app to streamspace_app"}},
		"later functions": {"alter default privileges for role streamspace_owner grant execute on functions to public",
			[]string{"- revoke execute on later functions of streamspace_owner from public"}},
		"an enum": {"create type public.mood as enum ('good')", []string{"+ type public.mood"}},
	} {
		t.Run(name, func(t *testing.T) {
			tx := planting(t)
			plant(t, tx, c.statements+"; set local search_path = pg_catalog, pg_temp")
			all, _, err := differences(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range all {
				line := d.String()
				if head, _, hashed := strings.Cut(line, "sha256:"); hashed {
					line = head + "sha256:…"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANewerDatabaseIsJudgedByItsOwnRules(t *testing.T) { // alone: see planting
	tx := planting(t)
	plant(t, tx, `insert into rls.goose_db_version (version_id, is_applied) values (999999, true);
		grant select on app.tickets to streamspace_app; alter table app.tickets no force row level security`)
	found, err := Violations(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range found {
		got = append(got, v.String())
	}
	want := []string{"R03 app.tickets: does not force row-level security", "R28 app.tickets: select to streamspace_app"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	if rest := Except(found, want); len(rest) != 0 {
		t.Errorf("what is accepted by its full text is still found: %v", rest)
	}
	if rest := Except(found, []string{"R03", "R28 app.tickets"}); len(rest) != 2 {
		t.Errorf("less than the full text accepts: %v", rest)
	}
}
