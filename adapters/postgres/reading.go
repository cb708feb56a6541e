package postgres

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// reading makes a module's org.Reading. as converts the reader to the module's own interface.
func reading[Queries any](d *DB, as func(reader) Queries) org.Reading[Queries] {
	return readingBy(func(ctx context.Context, in org.Scope) (*pgxpool.Conn, func(), error) {
		return acquireIn(ctx, d.app, d.appShares, in)
	}, as)
}

// looking is reading with the connections for open streams. A stream watches the access while it reads, so that a look
// may run beside a transaction of the same scope: whoever holds one of these connections waits for no other one.
func looking[Queries any](d *DB, as func(reader) Queries) org.Reading[Queries] {
	return readingBy(func(ctx context.Context, in org.Scope) (*pgxpool.Conn, func(), error) {
		if in.IsZero() {
			return nil, nil, errNoScope
		}
		return acquire(ctx, d.looks, d.lookShares, in.Org())
	}, as)
}

// acquirer acquires a connection for a scope. The returned function releases it.
type acquirer func(context.Context, org.Scope) (*pgxpool.Conn, func(), error)

func readingBy[Queries any](by acquirer, as func(reader) Queries) org.Reading[Queries] {
	return func(in org.Scope) Queries {
		acquire := func(ctx context.Context) (*pgxpool.Conn, func(), error) { return by(ctx, in) }
		return as(reader{Queries: orgdb.New(oneShot{acquire, enter(in, true)}), in: in})
	}
}

// reader runs queries in one organisation, each in one round trip and one transaction.
type reader struct {
	*orgdb.Queries
	in org.Scope
}

// readingAsService makes a module's org.ReadingAsService.
func readingAsService[Queries any](
	p *pool, s *shares, as func(*orgdb.Queries) Queries,
) org.ReadingAsService[Queries] {
	return func(id org.ID, service string) Queries {
		acquire := func(ctx context.Context) (*pgxpool.Conn, func(), error) { return acquire(ctx, p, s, id) }
		return as(orgdb.New(oneShot{acquire, enterService(id, service)}))
	}
}

// oneShot sends rls.enter and one query together. PostgreSQL runs statements that arrive in one batch without begin as
// one transaction, so that the organisation is set for the query and for nothing after it. rls.enter makes it
// read-only. A transaction with begin and commit would take two more messages.
type oneShot struct {
	acquire func(context.Context) (*pgxpool.Conn, func(), error)
	enter   statement
}

// Exec always fails: a write belongs in a transaction.
func (oneShot) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errors.New("a write in a read")
}

// Query runs rls.enter and the query in one round trip. The caller must close the rows: that releases the connection,
// which must not serve another organisation before.
func (o oneShot) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, release, err := o.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return sendAlone(ctx, conn.Conn(), []statement{{"select " + o.enter.sql, o.enter.args}, {sql, args}}, release)
}

// QueryRow is Query for one row.
func (o oneShot) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := o.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

// farFuture is later than the creation of any row. The first page of a list from the newest row on begins there, so
// that the first and the further pages share one query.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// numberOf is the number after which a page of a numbered list goes on, or begin on the first page. A cursor is the
// client's to change.
func numberOf(after page.Cursor, begin int64) (int64, error) {
	if after.IsZero() {
		return begin, nil
	}
	n, err := strconv.ParseInt(after.Key, 10, 64)
	if err != nil {
		return n, page.Bad(err)
	}
	return n, nil
}

// timeOf is the time from which a page of a list, the newest row first, goes on. A cursor is the client's to change.
func timeOf(after page.Cursor) (time.Time, error) {
	if after.IsZero() {
		return farFuture, nil
	}
	t, err := time.Parse(time.RFC3339Nano, after.Key)
	if err != nil {
		return t, page.Bad(err)
	}
	return t, nil
}
