package db_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// database is shared: each test has organisations of its own.
var database *dbtest.Database

func TestMain(m *testing.M) {
	os.Exit(dbtest.Main(m, func(d *dbtest.Database) { database = d }))
}

// The roles that reach an organisation's rows once they have entered it.
var scoped = []string{"streamspace_app", "streamspace_agent", "streamspace_system"}

// noScope is what every org table says where none was entered.
const noScope = "app.org_id is not set"

// filled is what fill wrote, beside what NewOrg makes.
type filled struct {
	*dbtest.Org
	Session, AdminsSession, Ticket uuid.UUID // the member's, the admin's, and the member's to the first
}

// fill gives an organisation a row in each of its tables, so that a leak has something to show.
func fill(t *testing.T, d *dbtest.Database, o *dbtest.Org) filled {
	t.Helper()
	f := filled{Org: o, Session: id(), AdminsSession: id(), Ticket: id()}
	for session, p := range map[uuid.UUID]dbtest.Person{f.Session: o.Member, f.AdminsSession: o.Admin} {
		conn := enter(t, d, o, p)
		run(t, conn, `insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec,
			agent_id)
			values ($1, rls.current_user_id(), 'desk', $2, 'desk', 'Desk', '{}', $3)`, session, o.Template, o.Agent)
		run(t, conn, "insert into app.events (type, subject_id) values ('session.created', $1)", session)
		run(t, conn, "insert into app.audit_log (action, subject) values ('session.create', $1)", session.String())
		if p.Role == "member" {
			run(t, conn, "insert into app.tickets (id, session_id, secret_hash) values ($1, $2, sha256($3))",
				f.Ticket, session, f.Ticket[:])
		} else {
			run(t, conn, "insert into app.events (type, subject_id, audience) values ('org.notice', $1, 'everyone')", o.ID.UUID)
		}
		run(t, conn, "commit")
	}
	return f
}

// enter opens a connection of the app role and a transaction on it in which the member has entered.
func enter(t *testing.T, d *dbtest.Database, o *dbtest.Org, p dbtest.Person) *pgx.Conn {
	t.Helper()
	conn := d.Connect(t, "streamspace_app")
	run(t, conn, "begin")
	run(t, conn, "select rls.enter($1, $2, $3, $4, false)", o.ID.UUID, p.User.UUID, string(p.Role), p.Credential.UUID)
	return conn
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

func id() uuid.UUID { return uuid.Must(uuid.NewV7()) }
