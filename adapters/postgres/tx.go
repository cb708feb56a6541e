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

// rollbackTimeout bounds the rollback of a transaction whose caller may have gone.
const rollbackTimeout = 2 * time.Second

const (
	// maxAttempts is how often a transaction that loses races is run. A loser waits for about as long as the winner
	// works.
	maxAttempts = 5
	// backoff is the pause after the first loss; it doubles, and is drawn anew each time so that losers do not meet again.
	backoff = 5 * time.Millisecond
)

// errTxDone is what a transaction answers that was kept after its end.
var errTxDone = errors.New("the transaction is over: it was kept beyond its closure")

// errFailureDropped is a mistake in our own code: a closure returned nil although one of its statements had failed.
var errFailureDropped = errors.New(
	"the transaction was rolled back: the failure of a statement in it was not returned")

// tx is one transaction that has entered one organisation. Writes that return nothing wait, and go with the next
// query or the commit in one round trip; an error of theirs shows there. It is not for several goroutines.
type tx struct {
	*orgdb.Queries

	conn   *pgx.Conn
	began  time.Time
	queued []statement
	done   bool
}

type statement struct {
	sql  string
	args []any
}

var _ orgdb.DBTX = (*tx)(nil)

// memberTx is a transaction of a member.
type memberTx struct {
	*tx
	in org.Scope
}

// reportTx is the transaction of an agent's report.
type reportTx struct {
	*tx
	session uuid.UUID
}

// serviceTx is the transaction of background work.
type serviceTx struct{ *tx }

// transact runs fn in a transaction that has entered an organisation, and again when it lost a race.
func transact(ctx context.Context, conn *pgx.Conn, enter statement, fn func(*tx) error) error {
	for n := 1; ; n++ {
		err := runOnce(ctx, conn, enter, fn)
		if err == nil || n == maxAttempts || !lostRace(err) {
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

func runOnce(ctx context.Context, conn *pgx.Conn, enter statement, fn func(*tx) error) error {
	t, err := begin(ctx, conn, enter)
	if err != nil {
		return err
	}
	defer t.rollback(ctx) // nothing is left to do after a commit; after a panic there is
	if err := fn(t); err != nil {
		return err
	}
	return t.commit(ctx)
}

// begin opens a transaction and enters an organisation, in one round trip. Refused, it leaves the connection clean.
func begin(ctx context.Context, conn *pgx.Conn, enter statement) (*tx, error) {
	t := &tx{conn: conn}
	t.Queries = orgdb.New(t)
	var b pgx.Batch
	b.Queue("begin")
	b.Queue("select now() from "+enter.sql, enter.args...).QueryRow(func(row pgx.Row) error { return row.Scan(&t.began) })
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
	t.queued = append(t.queued, statement{sql, args})
	return pgconn.CommandTag{}, nil
}

// Query sends what waits and the query.
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

func (t *tx) takeQueued() []statement {
	all := t.queued
	t.queued = nil
	return all
}

// commit sends what waits and the commit in one round trip. Of a transaction in which a statement has failed PostgreSQL
// makes a rollback instead, and tells so in the tag alone.
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

// rollback ends the transaction, whatever became of the caller. A connection on which that does not work is closed by
// its pool, which takes none back inside a transaction.
func (t *tx) rollback(ctx context.Context) {
	t.done = true
	if t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_, _ = t.conn.Exec(ctx, "rollback")
}
