package db_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// Under FORCE the owner, who migrates, reaches the rows of the organisation that it entered: without one, what a
// migration does to rows, or checks them for, is an error. tools/sqllint refuses it before. The remedy for rows is
// rls.backfill_v1, and for a foreign key, which is checked in one statement, to lift FORCE. These tests say what would
// happen.

// asOwner opens a connection as the migrator that works as the owner, as migrations do.
func asOwner(t *testing.T, d *dbtest.Database) *pgx.Conn {
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

// lifted puts the remedy around a statement.
func lifted(sql string, tables ...string) string {
	var b strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&b, "alter table app.%s no force row level security;\n", table)
	}
	b.WriteString(sql + ";\n")
	for _, table := range tables {
		fmt.Fprintf(&b, "alter table app.%s force row level security;\n", table)
	}
	return b.String()
}

// filledDatabase is a database in which two organisations have rows.
func filledDatabase(t *testing.T) *dbtest.Database {
	t.Helper()
	d := dbtest.Own(t)
	fill(t, d)
	return d
}

func TestAMigrationsRowsAreSeenOnceForceIsLifted(t *testing.T) {
	t.Parallel()
	d := filledDatabase(t)
	owner, super := asOwner(t, d), d.Superuser(t)
	sessions := one[int64](t, super, "select count(*) from app.sessions")
	if orgs := one[int64](t, super, "select count(distinct org_id) from app.sessions"); orgs != 2 || sessions != 7 {
		t.Fatalf("%d sessions of %d organisations: there is nothing to miss", sessions, orgs)
	}
	for name, sql := range map[string]string{
		"an update": "update app.sessions set name = name || '!'",
		"a delete":  "delete from app.sessions",
		"a copy":    "create table rls.kept as select id from app.sessions",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, owner, "begin; savepoint s")
			defer run(t, owner, "rollback")
			if _, err := owner.Exec(t.Context(), sql); stateOf(err) != "42501" || !says(err, noScope) {
				t.Errorf("under FORCE: %v", err)
			}
			run(t, owner, "rollback to savepoint s")
			run(t, owner, "alter table app.sessions no force row level security")
			if n := run(t, owner, sql); n != sessions {
				t.Errorf("with FORCE lifted the owner reached %d of %d rows", n, sessions)
			}
			run(t, owner, "alter table app.sessions force row level security")
			if _, err := owner.Exec(t.Context(), "update app.sessions set name = name"); !says(err, noScope) {
				t.Errorf("after FORCE came back: %v", err)
			}
		})
	}
}

// A new foreign key is checked by a query of the owner's over both tables.
func TestANewForeignKeyIsCheckedOnceForceIsLifted(t *testing.T) {
	t.Parallel()
	d := filledDatabase(t)
	owner, super := asOwner(t, d), d.Superuser(t)
	// A session's template may be a public one, so that there is no such key; the member's sessions refer to one that is
	// gone.
	run(t, super, `update app.sessions set template_id = gen_random_uuid()
		where owner_id in (select user_id from app.memberships where role = 'member')`)
	const broken = "(org_id, template_id) references app.templates (org_id, id)"
	const whole = "(org_id, owner_id) references app.memberships (org_id, user_id)"
	for name, c := range map[string]struct {
		sql    string
		tables []string
		want   string // with FORCE lifted
	}{
		"a key": {
			"alter table app.sessions add constraint k foreign key " + broken, []string{"sessions", "templates"}, "23503",
		},
		"one that is checked later": {"alter table app.sessions add constraint k foreign key " + broken + " not valid;\n" +
			"alter table app.sessions validate constraint k", []string{"sessions", "templates"}, "23503"},
		"one that holds": {
			"alter table app.sessions add constraint k foreign key " + whole, []string{"sessions", "memberships"}, "ok",
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, owner, "begin; savepoint s")
			defer run(t, owner, "rollback")
			if _, err := owner.Exec(t.Context(), c.sql); stateOf(err) != "42501" || !says(err, noScope) {
				t.Errorf("under FORCE: %v", err)
			}
			run(t, owner, "rollback to savepoint s")
			if _, err := owner.Exec(t.Context(), lifted(c.sql, c.tables...)); stateOf(err) != c.want {
				t.Errorf("with FORCE lifted from both: %v, want %s", err, c.want)
			}
			run(t, owner, "rollback to savepoint s")
			// Lifted from one of the two, the other still asks for an organisation.
			for _, table := range c.tables {
				if _, err := owner.Exec(t.Context(), lifted(c.sql, table)); stateOf(err) != "42501" {
					t.Errorf("with FORCE lifted from %s alone: %v", table, err)
				}
				run(t, owner, "rollback to savepoint s")
			}
		})
	}
}
