package rules_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/rules"
)

// planted is a set of rules that always finds one thing. What says it returns a type of its own.
func planted(version int64, says, returns string) rules.Set {
	return rules.Set{Version: version, Files: []rules.File{
		{Name: "first.sql", Text: fmt.Sprintf(`create or replace function rls.rules_new() returns setof %s language sql stable
			as $$ select '%s'::%[1]s $$;
			create or replace function rls.rules_version() returns int language sql immutable as 'select %[3]d';`,
			returns, says, version)},
		{Name: "last.sql", Text: `create or replace function rls.check_catalogue()
			returns table (rule text, object text, detail text)
			language sql stable security definer set search_path = pg_catalog, pg_temp
			as $$ select 'R01', 'everything', x::text from rls.rules_new() x $$;`},
	}}
}

// migrator connects as migrations do.
func migrator(t *testing.T, d *dbtest.Database) *pgx.Conn {
	t.Helper()
	config := d.Config("streamspace_migrator")
	config.RuntimeParams["options"] = "-c role=streamspace_owner"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func column(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

const read = "select detail from rls.violations"

const ours = `select proname::text from pg_proc where pronamespace = 'rls'::regnamespace
	and proname ~ '^(rules_|catalogue_|check_catalogue$)' order by 1`

// Newer rules replace all of the older ones and leave no function of theirs; the same version and an older one change
// nothing. Seen to fail with the drop of what was not replaced removed, with the comparison of versions turned round,
// and without the drop of a function that returns something else.
func TestNewerRulesReplaceOlderOnes(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	conn, auditor := migrator(t, d), d.Connect(t, "streamspace_auditor")
	built, err := rules.Built()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		set     rules.Set
		applied bool
		finds   string
	}{
		{"newer ones", planted(1000, "new", "text"), true, "new"},
		{"the program's, which are older", built, false, "new"},
		{"the same version", planted(1000, "other", "text"), false, "new"},
		{"a function that returns another type", planted(1001, "7", "int"), true, "7"},
	} {
		if applied, err := c.set.Apply(t.Context(), conn); err != nil || applied != c.applied {
			t.Fatalf("%s: applied %t, %v", c.name, applied, err)
		}
		got := column(t, auditor, read)
		if diff := cmp.Diff([]string{c.finds}, got); diff != "" {
			t.Errorf("%s: violations (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff([]string{"check_catalogue", "rules_new", "rules_version"}, column(t, conn, ours)); diff != "" {
			t.Errorf("%s: functions (-want +got):\n%s", c.name, diff)
		}
	}
}

// A reader sees the older rules until the newer ones are committed, and does not wait for them. Seen to fail with the
// view dropped and made anew.
func TestRulesAreReadWhileTheyAreReplaced(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	conn, auditor := migrator(t, d), d.Connect(t, "streamspace_auditor")
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := planted(1000, "new", "text").Apply(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if _, err := auditor.Exec(t.Context(), "set lock_timeout = '100ms'"); err != nil {
		t.Fatal(err)
	}
	if got := column(t, auditor, read); len(got) != 0 {
		t.Errorf("before the commit: %v", got)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := column(t, auditor, read); len(got) != 1 {
		t.Errorf("after the commit: %v", got)
	}
}
