package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// attempts is how often a transaction that loses races is run. A loser waits for about as long as the winner works.
	attempts = 5
	// backoff is the pause after the first loss; it doubles, and is drawn anew each time so that losers do not meet again.
	backoff = 5 * time.Millisecond
)

// errNested is a mistake in our own code: the inner scope would wait for a connection while its request holds one.
var errNested = errors.New("a scope was opened inside itself")

// errNoScope is a mistake in our own code: nobody was authenticated.
var errNoScope = errors.New("no organisation: the zero scope reaches nothing")

// memberTx is a transaction of a member.
type memberTx struct {
	*unit
	in org.Scope
}

// scoped makes a module's scopes; as hands the module the part of the transaction that it needs.
func scoped[Tx any](d *DB, as func(*memberTx) Tx) org.Scoped[Tx] {
	return func(ctx context.Context, in org.Scope, fn func(Tx) error) error {
		return d.inScope(ctx, in, func(conn *pgxpool.Conn) error {
			return transact(ctx, conn.Conn(), enter(in, false), func(u *unit) error { return fn(as(&memberTx{u, in})) })
		})
	}
}

// inScope gives fn a connection of the app role, within the organisation's share of the pool.
func (d *DB) inScope(ctx context.Context, in org.Scope, fn func(*pgxpool.Conn) error) error {
	conn, release, err := d.acquire(ctx, in)
	if err != nil {
		return err
	}
	defer release()
	return fn(conn)
}

func (d *DB) acquire(ctx context.Context, in org.Scope) (*pgxpool.Conn, func(), error) {
	switch {
	case in.IsZero():
		return nil, nil, errNoScope
	case !in.Open():
		return nil, nil, errNested
	}
	conn, release, err := acquire(ctx, d.app, d.appShares, in.Org())
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return conn, func() { release(); in.Close() }, nil
}

// acquire takes an organisation's share and then a connection.
func acquire(ctx context.Context, p *pool, s *shares, id org.ID) (*pgxpool.Conn, func(), error) {
	wait, cancel := context.WithTimeoutCause(ctx, turn, fault.ErrBusy)
	defer cancel()
	giveBack, err := s.take(wait, id)
	if err != nil {
		return nil, nil, waited(ctx, err)
	}
	conn, err := p.Acquire(wait)
	if err != nil {
		giveBack()
		return nil, nil, waited(ctx, err)
	}
	return conn, func() { conn.Release(); giveBack() }, nil
}

// waited says why there is no connection: the caller has gone, or it took too long.
func waited(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return fault.ErrBusy.Because(err)
	}
	return translate(fmt.Errorf("wait for a connection: %w", err))
}

func enter(in org.Scope, readOnly bool) statement {
	return statement{"rls.enter($1, $2, $3, $4, $5)",
		[]any{in.Org().UUID, in.User().UUID, string(in.Role()), in.Credential().UUID, readOnly}}
}

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

// Refusals opens the scopes in which a foreign id is told from an unknown one.
func (d *DB) Refusals() org.Scoped[audit.RefusalTx] {
	return scoped(d, func(t *memberTx) audit.RefusalTx { return t })
}

// IsForeign implements audit.RefusalTx.
func (t *memberTx) IsForeign(ctx context.Context, r audit.Resource, id uuid.UUID) (bool, error) {
	switch r {
	case audit.Session:
		return t.SessionIsForeign(ctx, id)
	case audit.Template:
		return t.TemplateIsForeign(ctx, id)
	default:
		return false, fmt.Errorf("no function tells whether a %s is another organisation's", r)
	}
}
