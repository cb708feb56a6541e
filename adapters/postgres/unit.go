package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/events"
)

// rollbackPatience bounds the rollback of a transaction whose caller may have gone.
const rollbackPatience = 2 * time.Second

// errOver is what a transaction answers that was kept after its end.
var errOver = errors.New("the transaction is over: it was kept beyond its closure")

// errHidden is a mistake in our own code: a closure returned nil although one of its statements had failed.
var errHidden = errors.New("the transaction was rolled back: the failure of a statement in it was not returned")

// unit is one transaction that has entered one organisation. Writes that return nothing wait, and go with the next
// query or the commit in one round trip; an error of theirs shows there. It is not for several goroutines.
type unit struct {
	*orgdb.Queries

	conn  *pgx.Conn
	began time.Time
	later []statement
	over  bool
}

type statement struct {
	sql  string
	args []any
}

var _ orgdb.DBTX = (*unit)(nil)

// begin opens a transaction and enters an organisation, in one round trip. Refused, it leaves the connection clean.
func begin(ctx context.Context, conn *pgx.Conn, enter statement) (*unit, error) {
	u := &unit{conn: conn}
	u.Queries = orgdb.New(u)
	var b pgx.Batch
	b.Queue("begin")
	b.Queue("select now() from "+enter.sql, enter.args...).QueryRow(func(row pgx.Row) error { return row.Scan(&u.began) })
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		u.rollback(ctx)
		return nil, gone(ctx, err)
	}
	return u, nil
}

// Now implements org.Clocked.
func (u *unit) Now() time.Time { return u.began }

// Exec queues a write.
func (u *unit) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if u.over {
		return pgconn.CommandTag{}, errOver
	}
	u.later = append(u.later, statement{sql, args})
	return pgconn.CommandTag{}, nil
}

// Query sends what waits and the query.
func (u *unit) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if u.over {
		return nil, errOver
	}
	if len(u.later) == 0 {
		return watch(ctx)(u.conn.Query(ctx, sql, args...))
	}
	return sendAll(ctx, u.conn, append(u.take(), statement{sql, args}))
}

// QueryRow is Query for one row.
func (u *unit) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := u.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

func (u *unit) take() []statement {
	all := u.later
	u.later = nil
	return all
}

// commit sends what waits and the commit in one round trip. Of a transaction in which a statement has failed PostgreSQL
// makes a rollback instead, and tells so in the tag alone.
func (u *unit) commit(ctx context.Context) error {
	var b pgx.Batch
	for _, s := range u.take() {
		b.Queue(s.sql, s.args...)
	}
	u.over = true
	b.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return errHidden
		}
		return nil
	})
	return gone(ctx, u.conn.SendBatch(ctx, &b).Close())
}

// rollback ends the transaction, whatever became of the caller. A connection on which that does not work is closed by
// its pool, which takes none back inside a transaction.
func (u *unit) rollback(ctx context.Context) {
	u.over = true
	if u.conn.IsClosed() || u.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackPatience)
	defer cancel()
	_, _ = u.conn.Exec(ctx, "rollback")
}

// AppendEvent implements events.Tx.
func (u *unit) AppendEvent(ctx context.Context, e events.Event) error {
	return u.Queries.AppendEvent(ctx, e.Type, e.Subject, e.Data)
}

// RecordAudit implements audit.Tx.
func (u *unit) RecordAudit(ctx context.Context, action, subject string) error {
	return u.Queries.RecordAudit(ctx, action, subject)
}

// sendAll sends statements in one round trip and returns the rows of the last.
func sendAll(ctx context.Context, conn *pgx.Conn, all []statement) (pgx.Rows, error) {
	var b pgx.Batch
	for _, s := range all {
		b.Queue(s.sql, s.args...)
	}
	results := conn.SendBatch(ctx, &b)
	for range len(all) - 1 {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // it repeats the error
			return nil, gone(ctx, err)
		}
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, gone(ctx, err)
	}
	return &batchRows{Rows: rows, ctx: ctx, results: results}, nil
}

// watchedRows say, when they fail, whether it was because the caller has gone.
type watchedRows struct {
	pgx.Rows
	ctx context.Context
}

// Err is what went wrong, once the rows are closed.
func (r watchedRows) Err() error { return gone(r.ctx, r.Rows.Err()) }

func watch(ctx context.Context) func(pgx.Rows, error) (pgx.Rows, error) {
	return func(rows pgx.Rows, err error) (pgx.Rows, error) { return watchedRows{rows, ctx}, gone(ctx, err) }
}

// batchRows are the last rows of a batch: the batch ends with them.
type batchRows struct {
	pgx.Rows
	ctx     context.Context
	results pgx.BatchResults
	release func() // nil: nothing but the batch
	closed  bool
	err     error
}

// Close ends the batch; a failure shows in Err.
func (r *batchRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = gone(r.ctx, errors.Join(r.Rows.Err(), r.results.Close()))
	if r.release != nil {
		r.release()
	}
}

// Next closes the rows after the last one.
func (r *batchRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Err is what went wrong, once the rows are closed.
func (r *batchRows) Err() error {
	if r.closed {
		return r.err
	}
	return gone(r.ctx, r.Rows.Err())
}

// oneRow reads the first of some rows, as pgx does for QueryRow.
type oneRow struct {
	rows pgx.Rows
	err  error
}

// Scan returns pgx.ErrNoRows when there is none.
func (r oneRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return fmt.Errorf("read a row: %w", err)
	}
	r.rows.Close()
	return r.rows.Err()
}

// nullable is an id that may be missing; the zero UUID is.
func nullable(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }
