package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// rollbackTimeout bounds a rollback. It has its own timeout, because the caller's context may already be done.
const rollbackTimeout = 2 * time.Second

const (
	// maxAttempts is how often a transaction is run that loses races. Locks are taken in one order everywhere, so that a
	// second loss in a row is rare.
	maxAttempts = 5
	// backoff is the base of the pause between two attempts. The bound doubles each time, and the pause is random below
	// it, so that two losers do not meet again.
	backoff = 5 * time.Millisecond
)

// errTxDone is a bug in our code. Without it, a goroutine that outlives its transaction could write into the next one
// on this connection, and so into another organisation.
var errTxDone = errors.New("the transaction is over: it was kept beyond its closure")

// errFailureDropped is a bug in our code: a function returned nil although one of its statements had failed.
var errFailureDropped = errors.New(
	"the transaction was rolled back: the failure of a statement in it was not returned")

// tx is one transaction in one organisation. It implements orgdb.DBTX.
//
// Exec queues a write; the queue is sent with the next query or the commit, in one round trip, in the order of the
// calls. The error of a queued write appears there. This saves a round trip for each write: creating a session takes
// four instead of seven (docs/adr/0002-writes-wait-for-the-next-query.md). A tx is not safe for concurrent use.
type tx struct {
	*orgdb.Queries

	conn   *pgx.Conn
	began  time.Time
	org    org.ID // the organisation that was entered
	queued []statement
	wrote  bool // a write was queued
	done   bool
}

type statement struct {
	sql  string
	args []any
}

var _ orgdb.DBTX = (*tx)(nil)

// memberTx is a transaction of a member, as the app role.
type memberTx struct {
	*tx
	in org.Scope
}

// reportTx is the transaction of an agent's report, as the agent role. It can reach the one session.
type reportTx struct {
	*tx
	session uuid.UUID
}

// serviceTx is a transaction of background work, as the system role.
type serviceTx struct{ *tx }

// transact runs fn in a transaction, and says afterwards in which organisation something was written. Every use case
// that changes something queues at least its audit entry.
func (d *DB) transact(ctx context.Context, conn *pgx.Conn, enter statement, fn func(*tx) error) error {
	var last *tx
	err := transact(ctx, conn, enter, func(t *tx) error {
		last = t
		return fn(t)
	})
	if err == nil && last.wrote && d.committed != nil {
		d.committed(last.org)
	}
	return err
}

// transact runs fn in a transaction that has entered an organisation. If the transaction lost a race, transact runs it
// again, each time with a new enter.
func transact(ctx context.Context, conn *pgx.Conn, enter statement, fn func(*tx) error) error {
	for n := 1; ; n++ {
		err := runOnce(ctx, conn, enter, fn)
		if err == nil || n == maxAttempts || !retryable(err) {
			return translate(err)
		}
		pause := time.NewTimer(rand.N(backoff << n)) //nolint:gosec // spreads losers out; guessing it gains nothing
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return translate(err)
		}
	}
}

// runOnce runs fn in one transaction: commit if it returns nil, rollback if it returns an error or panics.
func runOnce(ctx context.Context, conn *pgx.Conn, enter statement, fn func(*tx) error) error {
	t, err := begin(ctx, conn, enter)
	if err != nil {
		return err
	}
	defer t.rollback(ctx) // it does nothing after a commit
	if err := fn(t); err != nil {
		return err
	}
	return t.commit(ctx)
}

// begin opens a transaction and enters an organisation, in one round trip. If the database refuses, it rolls back, so
// that the connection can be used again.
func begin(ctx context.Context, conn *pgx.Conn, enter statement) (*tx, error) {
	t := &tx{conn: conn}
	t.Queries = orgdb.New(t)
	var b pgx.Batch
	b.Queue("begin")
	b.Queue("select now(), current_setting('app.org_id')::uuid from "+enter.sql, enter.args...).
		QueryRow(func(row pgx.Row) error { return row.Scan(&t.began, &t.org.UUID) })
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		t.rollback(ctx)
		return nil, contextError(ctx, err)
	}
	return t, nil
}

// Now implements org.Clocked.
func (t *tx) Now() time.Time { return t.began }

// Exec queues a write.
func (t *tx) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if t.done {
		return pgconn.CommandTag{}, errTxDone
	}
	t.queued, t.wrote = append(t.queued, statement{sql, args}), true
	return pgconn.CommandTag{}, nil
}

// Query sends the queued writes and the query in one round trip. If a write fails, it returns that error.
func (t *tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if t.done {
		return nil, errTxDone
	}
	if len(t.queued) == 0 {
		return watch(ctx)(t.conn.Query(ctx, sql, args...))
	}
	return sendAll(ctx, t.conn, append(t.takeQueued(), statement{sql, args}))
}

// QueryRow is Query for one row.
func (t *tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := t.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

// takeQueued empties the queue and returns it.
func (t *tx) takeQueued() []statement {
	all := t.queued
	t.queued = nil
	return all
}

// commit sends the queued writes and the commit in one round trip. If a statement of the transaction has failed,
// PostgreSQL rolls back and reports success. Only the command tag, ROLLBACK instead of COMMIT, shows it.
func (t *tx) commit(ctx context.Context) error {
	var b pgx.Batch
	for _, s := range t.takeQueued() {
		b.Queue(s.sql, s.args...)
	}
	t.done = true
	b.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return errFailureDropped
		}
		return nil
	})
	return contextError(ctx, t.conn.SendBatch(ctx, &b).Close())
}

// rollback ends the transaction, even if the caller has gone. If it fails, the pool closes the connection: pgxpool
// takes no connection back inside a transaction.
func (t *tx) rollback(ctx context.Context) {
	t.done = true
	if t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_, _ = t.conn.Exec(ctx, "rollback")
}
