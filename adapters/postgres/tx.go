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

// rollbackPatience bounds the rollback of a transaction whose caller may have gone.
const rollbackPatience = 2 * time.Second

const (
	// attempts is how often a transaction that loses races is run. A loser waits for about as long as the winner works.
	attempts = 5
	// backoff is the pause after the first loss; it doubles, and is drawn anew each time so that losers do not meet again.
	backoff = 5 * time.Millisecond
)

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

// memberTx is a transaction of a member.
type memberTx struct {
	*unit
	in org.Scope
}

// agentTx is the transaction of an agent's report.
type agentTx struct {
	*unit
	session uuid.UUID
}

// serviceTx is the transaction of background work.
type serviceTx struct{ *unit }

// transact runs fn in a transaction that has entered an organisation, and again when it lost a race.
func transact(ctx context.Context, conn *pgx.Conn, enter statement, fn func(*unit) error) error {
	for n := 1; ; n++ {
		err := once(ctx, conn, enter, fn)
		if err == nil || n == attempts || !lostRace(err) {
			return translate(err)
		}
		pause := time.NewTimer(rand.N(backoff << n)) //nolint:gosec // spreads losers out; nobody gains by guessing it
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return translate(err)
		}
	}
}

func once(ctx context.Context, conn *pgx.Conn, enter statement, fn func(*unit) error) error {
	u, err := begin(ctx, conn, enter)
	if err != nil {
		return err
	}
	defer u.rollback(ctx) // nothing is left to do after a commit; after a panic there is
	if err := fn(u); err != nil {
		return err
	}
	return u.commit(ctx)
}

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
