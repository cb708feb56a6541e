package db_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/policy/probe"
)

// database is shared: each test has organisations of its own.
var database *dbtest.Database

func TestMain(m *testing.M) {
	os.Exit(dbtest.Main(m, func(d *dbtest.Database) { database = d }))
}

// noScope is what every org table says where no organisation was entered.
const noScope = "app.org_id is not set"

// fill makes the two organisations of the probe files, with rows in every table, and returns the script that names
// them.
func fill(t *testing.T, d *dbtest.Database) *probe.Script {
	t.Helper()
	script, err := probe.ForTests()
	if err != nil {
		t.Fatal(err)
	}
	tx, err := d.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := script.FillWithin(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return script
}

// asMember is a transaction of the stage's member.
func asMember(s *probe.Script, statements string) string {
	return s.Replace("begin; select rls.enter({acme}, {member}, 'member', {members_credential}, false); " + statements +
		"; commit")
}

func run(t *testing.T, conn *pgx.Conn, sql string, args ...any) int64 {
	t.Helper()
	tag, err := conn.Exec(context.WithoutCancel(t.Context()), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return tag.RowsAffected()
}

// all reads the values of one column.
func all[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) []T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func one[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	out := all[T](t, conn, sql, args...)
	if len(out) != 1 {
		t.Fatalf("%s: %d rows", sql, len(out))
	}
	return out[0]
}

// stateOf is the SQLSTATE of an error, "ok" for none.
func stateOf(err error) string {
	if err == nil {
		return "ok"
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return err.Error()
}

func says(err error, what string) bool { return err != nil && strings.Contains(err.Error(), what) }
