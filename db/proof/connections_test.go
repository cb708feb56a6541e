package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// An attempt of a probe file is a part of a superuser's transaction. These tests are of what only a connection of a
// role's own can show.

// A scope ends with its transaction, or with the savepoint that undoes it.
func TestAScopeEndsWithItsTransaction(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	one, other := d.NewOrg(t, dbtest.Spec{}), d.NewOrg(t, dbtest.Spec{})
	conn := d.Connect(t, "streamspace_app")

	do(t, conn, "begin; savepoint before")
	do(t, conn, entering(one, one.Member))
	do(t, conn, "rollback to savepoint before")
	if got := scopeOf(t, conn); got != "" {
		t.Errorf("the scope outlives its savepoint: %q", got)
	}
	do(t, conn, entering(other, other.Owner))
	if got := scopeOf(t, conn); got != other.ID.String() {
		t.Errorf("the scope is %q", got)
	}
	do(t, conn, "commit")
	if got := scopeOf(t, conn); got != "" {
		t.Errorf("the scope outlives its transaction: %q", got)
	}
	_, err := conn.Exec(t.Context(), "select count(*) from app.sessions")
	if stateOf(err) != "42501" || !strings.Contains(err.Error(), "app.org_id is not set") {
		t.Errorf("read after a scope: %v", err)
	}
}

// entering is the call by which a person enters an organisation.
func entering(o *dbtest.Org, p dbtest.Person) string {
	return fmt.Sprintf("select rls.enter('%s', '%s', '%s', '%s', false)", o.ID, p.User, p.Role, p.Credential)
}

func scopeOf(t *testing.T, conn *pgx.Conn) (scope string) {
	t.Helper()
	err := conn.QueryRow(t.Context(), "select coalesce(current_setting('app.org_id', true), '')").Scan(&scope)
	if err != nil {
		t.Fatal(err)
	}
	return scope
}

// A caller who can have the server run a statement of its own, not merely an expression inside one of ours, can set a
// scope: PostgreSQL lets every role SET a parameter whose name has a dot in it, and has nothing to revoke. So no
// statement of ours may be made of what a request holds, and none may be sent without arguments, the only form in which
// one text can hold two statements. This test says so plainly; it fails on the day when the server refuses it, and this
// paragraph can go.
func TestPostgreSQLLetsARoleSetAnyDottedParameterByStatement(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	o := d.NewOrg(t, dbtest.Spec{})
	for _, set := range []string{"set", "set local", "set session"} {
		conn := d.Connect(t, "streamspace_app")
		do(t, conn, "begin")
		do(t, conn, fmt.Sprintf("%s app.org_id = '%s'", set, o.ID))
		do(t, conn, set+" app.role = 'admin'")
		var templates int64
		if err := conn.QueryRow(t.Context(), "select count(*) from app.templates").Scan(&templates); err != nil ||
			templates != 1 {
			t.Errorf("%s: read %d templates, %v", set, templates, err)
		}
		do(t, conn, "rollback")
		// The form with arguments, which all of our queries have, takes one statement and no SET inside another.
		if _, err := conn.Exec(t.Context(), "select $1::int; set app.org_id = 'x'", 1); stateOf(err) != "42601" {
			t.Errorf("two statements in one: %v", err)
		}
	}
}

// No role that serves may become another, or act on another connection. Seen to fail with the revokes removed from
// database.sql.
func TestServingRolesKeepToTheirConnection(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	for _, role := range db.Roles() {
		if role == "streamspace_migrator" {
			continue
		}
		conn := d.Connect(t, role)
		for _, sql := range []string{
			"set role streamspace_owner", "set session authorization streamspace_owner",
			"select pg_cancel_backend(1)", "select pg_terminate_backend(1)", "select pg_advisory_lock(1)",
			"select pg_try_advisory_xact_lock(1, 2)", "select pg_notify('x', 'y')", "select lo_create(0)",
			"create temp table t ()", "alter table app.sessions no force row level security", "select * from pg_authid",
			"copy (select 1) to program 'true'",
		} {
			if _, err := conn.Exec(t.Context(), sql); stateOf(err) != "42501" {
				t.Errorf("%s: %s: %v", role, sql, err)
			}
		}
	}
}

// PostgreSQL lets every role listen to any channel and notify by a statement, and has nothing to revoke. So what
// replicas tell each other must say nothing (adapters/pgbus). This test says so plainly; it fails on the day when the
// server refuses it, and this paragraph can go.
func TestPostgreSQLLetsARoleListenAndNotifyByStatement(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	listener, notifier := d.Connect(t, "streamspace_login"), d.Connect(t, "streamspace_app")
	do(t, listener, "listen streamspace_changed")
	do(t, notifier, "notify streamspace_changed, 'forged'")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if n, err := listener.WaitForNotification(ctx); err != nil || n.Payload != "forged" {
		t.Errorf("heard %+v, %v", n, err)
	}
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

func do(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.WithoutCancel(t.Context()), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
