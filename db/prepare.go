package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// preparePatience is the timeout of Prepare, which takes about 0.1 s. It waits only when another administrator changes
// the same roles.
const preparePatience = time.Minute

// Remark is something that the administrator of a server without a superuser cannot take away.
type Remark struct {
	Rule   string // the rule that it would break on a server with a superuser
	Object string
	Detail string // what an attacker could do with it, and what stands before it
}

// Remarks lists what an administrator without a superuser cannot take away. It is empty when a superuser owns the
// database. Any role may ask.
func Remarks(ctx context.Context, q Querier) ([]Remark, error) {
	return Rows(ctx, q, QueryFile{managed, "managed.sql"}, pgx.RowToStructByPos[Remark])
}

// Scripts is the SQL that Prepare runs, for a DBA to read and to run with psql.
func Scripts() (string, error) {
	remarks, err := managed.ReadFile("managed.sql")
	return roles + "\n" + database + "\n" + string(remarks), err
}

// Prepare creates the server's roles and the database's schemas. config is a superuser's, or, on a managed server, that
// of an administrator with CREATEROLE who owns the database. It may run any number of times, and must run again after
// a restore. It writes a line for each step to progress, and returns what the administrator could not take away.
func Prepare(ctx context.Context, config *pgx.ConnConfig, progress io.Writer) ([]Remark, error) {
	ctx, cancel := context.WithTimeout(ctx, preparePatience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if wrong, ok := errors.AsType[*pgconn.PgError](err); ok && wrong.Code == "3D000" {
		return nil, fmt.Errorf("there is no database %s: create it as its administrator (`create database %[1]s`)",
			config.Database)
	}
	if err != nil {
		return nil, fmt.Errorf("connect as the database's administrator: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := mayPrepare(ctx, conn); err != nil {
		return nil, err
	}
	for _, script := range []struct{ does, sql string }{
		{"roles: one for each kind of work", roles},
		{"database " + config.Database + ": schemas, grants and revokes", database},
	} {
		if _, err := fmt.Fprintln(progress, script.does); err != nil {
			return nil, fmt.Errorf("report the progress: %w", err)
		}
		if _, err := conn.Exec(ctx, script.sql); err != nil {
			return nil, fmt.Errorf("prepare %s: %w", script.does, err)
		}
	}
	return Remarks(ctx, conn)
}

// mayPrepare says what the connection's user lacks, before PostgreSQL would say it of one statement after the other.
func mayPrepare(ctx context.Context, conn *pgx.Conn) error {
	var user, owner string
	var super, createRole, owns bool
	err := conn.QueryRow(ctx, `select r.rolname::text, o.rolname::text, r.rolsuper, r.rolcreaterole, d.datdba = r.oid
		from pg_roles r, pg_database d join pg_roles o on o.oid = d.datdba
		where r.rolname = current_user and d.datname = current_database()`).Scan(&user, &owner, &super, &createRole, &owns)
	switch {
	case err != nil:
		return fmt.Errorf("read what the database's administrator may do: %w", err)
	case super || createRole && owns:
		return nil
	case !createRole:
		return fmt.Errorf("%s may not create roles: connect as a superuser or as a user with CREATEROLE", user)
	default:
		return fmt.Errorf("%s does not own the database, %s does: connect as its owner, or let %[1]s create it", user, owner)
	}
}
