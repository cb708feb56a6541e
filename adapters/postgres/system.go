package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// asService makes the scopes of a module's background work.
func asService[Tx any](d *DB, as func(*serviceTx) Tx) org.AsService[Tx] {
	return func(ctx context.Context, id org.ID, service string, fn func(Tx) error) error {
		conn, release, err := acquire(ctx, d.system, d.systemShares, id)
		if err != nil {
			return err
		}
		defer release()
		enter := statement{"rls.enter_service($1, $2)", []any{id.UUID, service}}
		return transact(ctx, conn.Conn(), enter, func(u *unit) error { return fn(as(&serviceTx{u})) })
	}
}

// Agenda tells background work what is due: ids and counts, over all organisations. It implements sessions.Agenda and
// identity.Agenda.
type Agenda struct{ q *sysdb.Queries }

// Agenda returns the functions of the system role.
func (d *DB) Agenda() Agenda { return Agenda{sysdb.New(d.system)} }

// Overdue implements sessions.Agenda.
func (a Agenda) Overdue(ctx context.Context, n int) ([]sessions.Due, error) {
	rows, err := a.q.SessionsOverdue(ctx, int32(n))
	out := make([]sessions.Due, len(rows))
	for i, r := range rows {
		out[i] = sessions.Due{Org: org.ID{UUID: r.OrgID}, Session: sessions.ID{UUID: r.SessionID}}
	}
	return out, translate(err)
}

// WithExpired implements identity.Agenda.
func (a Agenda) WithExpired(ctx context.Context, n int) ([]org.ID, error) {
	rows, err := a.q.OrgsWithExpiredCredentials(ctx, int32(n))
	out := make([]org.ID, len(rows))
	for i, id := range rows {
		out[i] = org.ID{UUID: id}
	}
	return out, translate(err)
}

// CountSessions tells how many sessions of all organisations are in each state that is not an end.
func (a Agenda) CountSessions(ctx context.Context) (map[string]int64, error) {
	rows, err := a.q.CountSessions(ctx)
	counts := map[string]int64{}
	for _, r := range rows {
		counts[r.State] = r.Sessions
	}
	return counts, translate(err)
}

// IdentityAsService opens scopes for background work on credentials.
func (d *DB) IdentityAsService() org.AsService[identity.ServiceTx] {
	return asService(d, func(t *serviceTx) identity.ServiceTx { return t })
}

// DeleteExpired implements identity.ServiceTx.
func (t *serviceTx) DeleteExpired(ctx context.Context) error {
	if err := t.DeleteExpiredTickets(ctx); err != nil {
		return err
	}
	return t.DeleteExpiredCredentials(ctx)
}
