package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/usage"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// UsageReads returns the reads of what an organisation runs.
func (d *DB) UsageReads() org.Reading[usage.Queries] {
	return reading(d, func(r reader) usage.Queries { return usageReader{r} })
}

// usageReader reads what an organisation runs.
type usageReader struct{ reader }

// Usage implements usage.Queries.
func (r usageReader) Usage(ctx context.Context) (usage.Usage, error) {
	row, err := r.Queries.Usage(ctx, r.in.IsAdmin())
	if err != nil {
		return usage.Usage{}, translate(err)
	}
	quota, err := quotaOf(orgdb.SessionQuotaRow{
		CeilingPerOrg: row.CeilingPerOrg, CeilingPerUser: row.CeilingPerUser, OwnPerOrg: row.OwnPerOrg,
		OwnPerUser: row.OwnPerUser, PerOrg: row.PerOrg, PerUser: row.PerUser, UsedByOrg: row.UsedByOrg,
		UsedByUser: row.UsedByUser,
	}, nil)
	return usage.Usage{
		Sessions: usage.Counts{
			Pending: row.Pending, Starting: row.Starting, Running: row.Running, Terminating: row.Terminating,
		},
		Quota: quota, Room: row.HasRoom,
	}, err
}

// HasRoom implements usage.Queries.
func (r usageReader) HasRoom(ctx context.Context) (bool, error) {
	room, err := r.Queries.HasRoom(ctx)
	return room, translate(err)
}
