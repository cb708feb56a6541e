package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

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
