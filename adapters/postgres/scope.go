package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// errNested is a bug in our code. The inner transaction would wait for a connection while its own request holds one:
// with many requests a deadlock of the pool (docs/adr/0003-a-scope-serves-one-transaction-at-a-time.md).
var errNested = errors.New("a scope was opened inside itself")

// errNoScope is a bug in our code: no caller was authenticated.
var errNoScope = errors.New("no organisation: the zero scope reaches nothing")

// scoped makes a module's org.Scoped. as converts the transaction to the module's own interface, so that a module
// cannot call another module's queries.
func scoped[Tx any](d *DB, as func(*memberTx) Tx) org.Scoped[Tx] {
	return func(ctx context.Context, in org.Scope, fn func(Tx) error) error {
		return d.inScope(ctx, in, func(conn *pgxpool.Conn) error {
			return d.transact(ctx, conn.Conn(), enter(in, false), func(t *tx) error { return fn(as(&memberTx{t, in})) })
		})
	}
}

// inScope runs fn with a connection of the app role, within the organisation's share of the pool.
func (d *DB) inScope(ctx context.Context, in org.Scope, fn func(*pgxpool.Conn) error) error {
	conn, release, err := acquireIn(ctx, d.app, d.appShares, in)
	if err != nil {
		return err
	}
	defer release()
	return fn(conn)
}

// acquireIn opens the scope and acquires a connection. The returned function releases both; call it once.
func acquireIn(ctx context.Context, p *pool, s *shares, in org.Scope) (*pgxpool.Conn, func(), error) {
	switch {
	case in.IsZero():
		return nil, nil, errNoScope
	case !in.Open():
		return nil, nil, errNested
	}
	conn, release, err := acquire(ctx, p, s, in.Org())
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return conn, func() { release(); in.Close() }, nil
}

// acquire acquires one of the organisation's share, and then a connection, within acquireTimeout for both. The order
// matters: requests that wait for their own organisation must not occupy the pool's queue.
func acquire(ctx context.Context, p *pool, s *shares, id org.ID) (*pgxpool.Conn, func(), error) {
	wait, cancel := context.WithTimeoutCause(ctx, acquireTimeout, fault.ErrBusy)
	defer cancel()
	giveBack, err := s.acquire(wait, id)
	if err != nil {
		return nil, nil, acquireError(ctx, err)
	}
	conn, err := p.Acquire(wait)
	if err != nil {
		giveBack()
		return nil, nil, acquireError(ctx, err)
	}
	return conn, func() { conn.Release(); giveBack() }, nil
}

// acquireError tells a wait that took too long (ErrBusy) from a caller who has gone.
func acquireError(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return fault.ErrBusy.Because(err)
	}
	return translate(fmt.Errorf("wait for a connection: %w", err))
}

// enter is the call that sets the organisation, the user and the role for one transaction, and checks the credential.
func enter(in org.Scope, readOnly bool) statement {
	return statement{"rls.enter($1, $2, $3, $4, $5)",
		[]any{in.Org().UUID, in.User().UUID, string(in.Role()), in.Credential().UUID, readOnly}}
}

// enterService is the call by which background work enters an organisation.
func enterService(id org.ID, service string) statement {
	return statement{"rls.enter_service($1, $2)", []any{id.UUID, service}}
}

// asService makes a module's org.AsService. The audit log names the service as the actor.
func asService[Tx any](d *DB, as func(*serviceTx) Tx) org.AsService[Tx] {
	return func(ctx context.Context, id org.ID, service string, fn func(Tx) error) error {
		conn, release, err := acquire(ctx, d.system, d.systemShares, id)
		if err != nil {
			return err
		}
		defer release()
		return d.transact(ctx, conn.Conn(), enterService(id, service), func(t *tx) error { return fn(as(&serviceTx{t})) })
	}
}

// inReport enters the organisation of the session that an agent reports on. The agents' pool has no shares, because the
// organisation is not known before rls.enter_report has looked it up.
func (d *DB) inReport(ctx context.Context, a link.Agent, id sessions.ID, fn func(sessions.ReportTx) error) error {
	wait, cancel := context.WithTimeoutCause(ctx, acquireTimeout, fault.ErrBusy)
	defer cancel()
	conn, err := d.agent.Acquire(wait)
	if err != nil {
		return acquireError(ctx, err)
	}
	defer conn.Release()
	enter := statement{"rls.enter_report($1, $2, $3)", []any{a.ID, a.Epoch, id.UUID}}
	return d.transact(ctx, conn.Conn(), enter, func(t *tx) error { return fn(&reportTx{t, id.UUID}) })
}
