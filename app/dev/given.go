package dev

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/db"
)

// mark is the comment on a database that dev made. A database without it belongs to someone else.
const mark = "made by streamspace dev"

// given is a database on a server that is managed elsewhere.
type given struct {
	name  string          // of the database
	url   string          // without a user, as the services have it
	super *pgx.ConnConfig // how a superuser connects to it
}

// parseGiven reads the address of a database. Its error does not contain the address, which can hold a password.
func parseGiven(address string) (given, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return given{}, errors.New("must be a URL such as postgres://postgres@localhost/streamspace_dev")
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" {
		return given{}, errors.New("must name a database, as in postgres://postgres@localhost/streamspace_dev")
	}
	super, err := pgx.ParseConfig(address)
	if err != nil {
		return given{}, errors.New("cannot be parsed")
	}
	query := u.Query()
	query.Del("user")
	query.Del("password")
	mine := *u
	mine.User, mine.RawQuery = nil, query.Encode()
	return given{name: name, url: mine.String(), super: super}, nil
}

// claim makes sure that the database is dev's own: it creates it, or finds that dev created it. Otherwise it fails and
// has changed nothing. The roles belong to the whole server, so that a server on which another database uses them is
// refused as well: dev would change their passwords.
func (g given) claim(ctx context.Context, passwords string) error {
	exists := true
	conn, err := pgx.ConnectConfig(ctx, g.super)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "3D000" { // no such database
		exists = false
		maintenance := g.super.Copy()
		maintenance.Database = "postgres"
		conn, err = pgx.ConnectConfig(ctx, maintenance)
	}
	if err != nil {
		return fmt.Errorf("connect to the server of STREAMSPACE_DATABASE_URL as a superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := g.checkOthers(ctx, conn); err != nil {
		return err
	}
	if exists {
		return g.checkMark(ctx, conn)
	}
	if err := checkRoles(ctx, conn, passwords); err != nil {
		return err
	}
	name := pgx.Identifier{g.name}.Sanitize()
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		return fmt.Errorf("create database %s: %w", g.name, err)
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf("comment on database %s is '%s'", name, mark)); err != nil {
		return fmt.Errorf("mark database %s: %w", g.name, err)
	}
	return nil
}

// checkOthers refuses a server with another database in which our roles own or may do something.
func (g given) checkOthers(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		select distinct d.datname::text
		from pg_shdepend s
		join pg_database d on d.oid = s.dbid
		join pg_roles r on s.refclassid = 'pg_authid'::regclass and r.oid = s.refobjid
		where r.rolname like 'streamspace\_%' and d.datname <> $1
		order by 1`, g.name)
	if err != nil {
		return fmt.Errorf("look for other databases of StreamSpace: %w", err)
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for other databases of StreamSpace: %w", err)
	}
	if len(others) > 0 {
		return fmt.Errorf("the server of STREAMSPACE_DATABASE_URL has an installation of StreamSpace already, in %s. "+
			"Both would share their roles: nothing was changed. Use another server, or none", strings.Join(others, ", "))
	}
	return nil
}

// checkMark refuses a database that dev did not create.
func (g given) checkMark(ctx context.Context, conn *pgx.Conn) error {
	var comment *string
	err := conn.QueryRow(ctx, "select shobj_description(oid, 'pg_database') from pg_database where datname = $1", g.name).
		Scan(&comment)
	if err != nil {
		return fmt.Errorf("look whose database %s is: %w", g.name, err)
	}
	if comment == nil || *comment != mark {
		return fmt.Errorf("the database %s of STREAMSPACE_DATABASE_URL was not created by `streamspace dev`: "+
			"nothing was changed. Name one that does not exist yet", g.name)
	}
	return nil
}

// checkRoles refuses a server that has our roles, when it is not dev that gave them their passwords.
func checkRoles(ctx context.Context, conn *pgx.Conn, passwords string) error {
	rows, err := conn.Query(ctx,
		`select rolname::text from pg_roles where rolname like 'streamspace\_%' and rolcanlogin order by 1`)
	if err != nil {
		return fmt.Errorf("look for the roles of StreamSpace: %w", err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for the roles of StreamSpace: %w", err)
	}
	for _, role := range roles {
		if _, err := os.Stat(db.PasswordFile(passwords, role)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the server of STREAMSPACE_DATABASE_URL has the role %s already, and %s has no password for it: "+
				"nothing was changed. Use another server, or none", role, passwords)
		}
	}
	return nil
}
