package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/hosts"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Hosts returns the transactions of refusals of hosts.
func (d *DB) Hosts() org.Scoped[hosts.Tx] {
	return scoped(d, func(t *memberTx) hosts.Tx { return t })
}

// HostReads returns the reads of hosts.
func (d *DB) HostReads() org.Reading[hosts.Queries] {
	return reading(d, func(r reader) hosts.Queries { return hostReader{r} })
}

// AgentIsForeign implements hosts.Tx.
func (t *memberTx) AgentIsForeign(ctx context.Context, id uuid.UUID) (bool, error) {
	foreign, err := t.Queries.AgentIsForeign(ctx, id)
	return foreign, translate(err)
}

// hostReader reads hosts.
type hostReader struct{ reader }

// Hosts implements hosts.Queries.
func (r hostReader) Hosts(ctx context.Context, after uuid.UUID, n int) ([]hosts.Host, error) {
	rows, err := r.Queries.Hosts(ctx, after, int32(n))
	out := make([]hosts.Host, len(rows))
	for i, row := range rows {
		out[i] = toHost(orgdb.HostByIDRow(row))
	}
	return out, translate(err)
}

// HostByID implements hosts.Queries.
func (r hostReader) HostByID(ctx context.Context, id hosts.ID) (hosts.Host, error) {
	row, err := r.Queries.HostByID(ctx, id.UUID)
	return toHost(row), orNotFound(err, hosts.ErrNotFound)
}

func toHost(row orgdb.HostByIDRow) hosts.Host {
	h := hosts.Host{
		ID: hosts.ID{UUID: row.ID}, Name: row.Name, Version: row.Version, Connected: row.IsConnected, Room: row.HasRoom,
		Sessions: row.Sessions, UnenforcedLimits: row.UnenforcedLimits,
	}
	if row.SeenAt != nil {
		h.Seen = *row.SeenAt
	}
	return h
}
