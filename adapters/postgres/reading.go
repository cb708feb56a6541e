package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// reading makes a module's one-question reads; as hands the module the queries that it needs.
func reading[Queries any](d *DB, as func(reader) Queries) org.Reading[Queries] {
	return func(in org.Scope) Queries {
		return as(reader{Queries: orgdb.New(oneShot{d, in}), in: in})
	}
}

// reader answers questions about one organisation, each in a round trip of its own.
type reader struct {
	*orgdb.Queries
	in org.Scope
}

// oneShot sends rls.enter and one query as an implicit transaction that cannot write.
type oneShot struct {
	d  *DB
	in org.Scope
}

// Exec is refused: this form reads.
func (oneShot) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errors.New("a write in a read")
}

// Query enters, asks and leaves in one round trip. The rows must be closed.
func (o oneShot) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, release, err := o.d.acquire(ctx, o.in)
	if err != nil {
		return nil, err
	}
	in := enter(o.in, true)
	rows, err := sendAll(ctx, conn.Conn(), []statement{{"select " + in.sql, in.args}, {sql, args}})
	if err != nil {
		release()
		return nil, err
	}
	rows.(*batchRows).release = release
	return rows, nil
}

// QueryRow is Query for one row.
func (o oneShot) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := o.Query(ctx, sql, args...)
	return oneRow{rows, err}
}
