package postgres

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// role finds whose start a sentence is about.
var role = regexp.MustCompile("streamspace_[a-z]+")

// A program does not start on a database that does not keep organisations apart, and says which rule is broken. Each
// was seen to start with its line of posture.sql removed.
func TestAStartOnABrokenPostureIsRefused(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	super := d.Superuser(t)
	var floor string // as a policy of an organisation's table has it
	err := super.QueryRow(t.Context(),
		"select format('using (%s) with check (%1$s)', floored) from rls.tenant_conditions_v1('org_id')").Scan(&floor)
	if err != nil {
		t.Fatal(err)
	}
	start := func(role string) error {
		opened, err := openPool(t.Context(), Config{URL: d.URL()}, role)
		if err == nil {
			opened.Close()
		}
		return err
	}
	everybody := func() error {
		return errors.Join(start(roleApp), start(roleLogin), start(roleAgent), start(roleSystem), start(roleOperator))
	}
	if err := everybody(); err != nil {
		t.Fatalf("as it is made: %v", err)
	}
	for _, c := range []struct{ name, spoil, mend, says string }{
		{"a superuser", "alter role streamspace_app superuser", "alter role streamspace_app nosuperuser",
			"streamspace_app is a superuser"},
		{"bypasses policies", "alter role streamspace_agent bypassrls", "alter role streamspace_agent nobypassrls",
			"streamspace_agent bypasses row-level security"},
		{"makes roles", "alter role streamspace_login createrole", "alter role streamspace_login nocreaterole",
			"streamspace_login may create roles"},
		{"makes databases", "alter role streamspace_system createdb", "alter role streamspace_system nocreatedb",
			"streamspace_system may create databases"},
		{"replicates", "alter role streamspace_app replication", "alter role streamspace_app noreplication",
			"streamspace_app may replicate"},
		{"a member of the owner", "grant streamspace_owner to streamspace_app",
			"revoke streamspace_owner from streamspace_app",
			"streamspace_app is a member of streamspace_owner"},
		{"a member of the definer", "grant streamspace_definer to streamspace_login",
			"revoke streamspace_definer from streamspace_login", "streamspace_login is a member of streamspace_definer"},
		{"a reader of everything", "grant pg_read_all_data to streamspace_app",
			"revoke pg_read_all_data from streamspace_app",
			"streamspace_app is a member of pg_read_all_data"},
		{"owns a table", "create table public.t (); alter table public.t owner to streamspace_app", "drop table public.t",
			"streamspace_app owns public.t"},
		{"owns an org table", "alter table app.events owner to streamspace_app",
			"alter table app.events owner to streamspace_owner",
			"streamspace_app owns app.events"},
		{"owns a function", "create function public.f() returns int language sql as 'select 1'; alter function " +
			"public.f() owner to streamspace_system",
			"drop function public.f()", "streamspace_system owns function public.f()"},
		{"owns a schema", "create schema mine authorization streamspace_app", "drop schema mine",
			"streamspace_app owns schema mine"},
		{"policies not forced", "alter table app.sessions no force row level security",
			"alter table app.sessions force row level security", "table app.sessions does not force its row-level security"},
		{"policies not enabled", "alter table app.users disable row level security",
			"alter table app.users enable row level security",
			"table app.users has no row-level security"},
		{"no floor", "drop policy tenant_floor on app.events",
			"create policy tenant_floor on app.events as restrictive for all to streamspace_app, streamspace_agent, " +
				"streamspace_system " + floor,
			"table app.events has no tenant_floor"},
		{"a floor that widens", "drop policy tenant_floor on app.events; create policy tenant_floor on app.events as " +
			"permissive for all " +
			"to streamspace_app, streamspace_agent, streamspace_system " + floor,
			"drop policy tenant_floor on app.events; create policy tenant_floor on app.events as restrictive for all " +
				"to streamspace_app, streamspace_agent, streamspace_system " + floor, "table app.events has no tenant_floor"},
		{"a floor that holds nothing", "alter policy tenant_floor on app.sessions using (true)",
			"alter policy tenant_floor on app.sessions " + floor, "table app.sessions has no tenant_floor"},
		{"a floor that lets writes through", "alter policy tenant_floor on app.sessions with check (true)",
			"alter policy tenant_floor on app.sessions " + floor, "table app.sessions has no tenant_floor"},
		{"a floor that spares a role", "alter policy tenant_floor on app.credentials to streamspace_app, streamspace_agent",
			"alter policy tenant_floor on app.credentials to streamspace_app, streamspace_agent, streamspace_system",
			"table app.credentials has no tenant_floor"},
		{"a new org table without policies", "create table app.notes (org_id uuid)", "drop table app.notes",
			"table app.notes has no row-level security; table app.notes has no tenant_floor"},
		{"set_config for everybody", "grant execute on function pg_catalog.set_config(text, text, boolean) to public",
			"revoke execute on function pg_catalog.set_config(text, text, boolean) from public",
			"streamspace_app may execute set_config"},
		{"an org from the start", "alter role streamspace_app set app.org_id = '00000000-0000-7000-8000-000000000000'",
			"alter role streamspace_app reset app.org_id", "app.org_id is set before any organisation was entered"},
		{"an actor from the start", "alter database streamspace set app.user_id = '00000000-0000-7000-8000-000000000000'",
			"alter database streamspace reset app.user_id", "app.user_id is set before any organisation was entered"},
		{"another role than it says", "alter role streamspace_app set role = 'streamspace_login'; grant " +
			"streamspace_login to streamspace_app",
			"alter role streamspace_app reset role; revoke streamspace_login from streamspace_app",
			", not as streamspace_app"},
		{"an older version", "create table rls.kept as table rls.goose_db_version; delete from rls.goose_db_version " +
			"where version_id > 1",
			"truncate rls.goose_db_version; insert into rls.goose_db_version overriding system value table rls.kept; drop " +
				"table rls.kept",
			"the database is at version 1 and this program needs"},
	} {
		if _, err := super.Exec(t.Context(), c.spoil); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := start(cmp.Or(role.FindString(c.says), roleApp)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: wanted %q, got %v", c.name, c.says, err)
		}
		if _, err := super.Exec(t.Context(), c.mend); err != nil {
			t.Fatalf("mend %s: %v", c.name, err)
		}
	}
	if err := everybody(); err != nil {
		t.Errorf("mended: %v", err)
	}
	if _, err := super.Exec(t.Context(), "insert into rls.goose_db_version (version_id, is_applied) values (99999, "+
		"true)"); err != nil {
		t.Fatal(err)
	}
	if err := everybody(); err != nil {
		t.Errorf("with a newer version, as in a rolling restart: %v", err)
	}
}

// Everything that is wrong is told at once, by the pools of every role.
func TestARefusedStartListsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	super := d.Superuser(t)
	for _, sql := range []string{
		"alter role streamspace_operator bypassrls", "alter role streamspace_app createdb createrole",
		"alter role streamspace_login createdb",
	} {
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(t.Context(), Config{URL: d.URL()})
	for _, want := range []string{
		"streamspace_app may create roles", "streamspace_app may create databases", "streamspace_login may create databases",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, ok := errors.AsType[*PostureError](err); !ok {
		t.Errorf("%v is no PostureError", err)
	}
	if _, err := OpenOperator(t.Context(), Config{URL: d.URL()}); err == nil || !strings.Contains(err.Error(),
		"bypasses") {
		t.Errorf("the operator's start: %v", err)
	}

	config := d.Config(cluster.Superuser)
	if _, err := super.Exec(t.Context(), "create database bare; "); err != nil {
		t.Fatal(err)
	}
	config.Database = "bare"
	if _, err := db.Prepare(t.Context(), config, io.Discard); err != nil {
		t.Fatal(err)
	}
	bare := strings.Replace(d.URL(), "/"+d.Config("").Database, "/bare", 1)
	if _, err := Open(t.Context(), Config{URL: bare}); err == nil || !strings.Contains(err.Error(),
		"streamspace migrate") {
		t.Errorf("without tables: %v", err)
	}
}

func TestAnAddressThatNamesAUserIsRefused(t *testing.T) {
	t.Parallel()
	const names, none = "names a user", "cannot be parsed"
	for address, want := range map[string]string{
		"postgres://somebody@localhost/streamspace":               names,
		"postgres://somebody:hunter2@localhost/streamspace":       names,
		"postgres://localhost/streamspace?user=somebody":          names,
		"postgres://localhost/streamspace?password=hunter2":       names,
		"host=localhost user=somebody password=hunter2":           none,
		"http://localhost/streamspace":                            none,
		"":                                                        none,
		"postgres://localhost:port/streamspace":                   "cannot be parsed",
		"postgres:///streamspace?host=/run/a@b&port=5432":         "",
		"postgresql://localhost:5432/streamspace?sslmode=disable": "",
	} {
		_, err := poolConfig(Config{URL: address}, roleApp)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", address, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: wanted %q, got %v", address, want, err)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestPasswordsComeFromAFilePerRole(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config, err := poolConfig(Config{URL: database.URL(), Passwords: folder}, roleLogin)
	if err != nil {
		t.Fatal(err)
	}
	cc := config.ConnConfig.Copy()
	if err := config.BeforeConnect(t.Context(), cc); err == nil || !strings.Contains(err.Error(), roleLogin) {
		t.Errorf("without a file: %v", err)
	}
	for _, password := range []string{"first", "rotated"} {
		if err := os.WriteFile(filepath.Join(folder, roleLogin), []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := config.BeforeConnect(t.Context(), cc); err != nil || cc.Password != password {
			t.Errorf("%q, %v", cc.Password, err)
		}
	}
}
