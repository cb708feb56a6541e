package postgres

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// The package's tests share one database, and each has its own organisation.
var (
	database *dbtest.Database
	open     *DB
)

func TestMain(m *testing.M) {
	code := dbtest.Main(m, func(d *dbtest.Database) {
		database = d
		var err error
		if open, err = Open(context.Background(), Config{URL: d.URL()}); err != nil {
			panic(err)
		}
	})
	if open != nil {
		open.Close()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// as is the scope in which a member's request would run.
func as(o *dbtest.Org, p dbtest.Person) org.Scope {
	return org.Member(o.ID, p.User, p.Role, p.Credential)
}

// small opens the database with a pool of its own for members, of so many connections.
func small(t *testing.T, connections int) *DB {
	t.Helper()
	d, err := Open(t.Context(), Config{URL: database.URL(), Connections: connections})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// inOrg opens scopes that show the test the transaction itself.
func inOrg(d *DB) org.Scoped[*memberTx] { return scoped(d, func(t *memberTx) *memberTx { return t }) }

// backend is the server's process behind a transaction.
func backend(ctx context.Context, t *testing.T, tx *memberTx) int {
	t.Helper()
	var pid int
	if err := tx.QueryRow(ctx, "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// read asks one question of the database as a superuser, for what no scope shows.
func read[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var out T
	if err := conn.QueryRow(context.WithoutCancel(t.Context()), sql, args...).Scan(&out); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}
