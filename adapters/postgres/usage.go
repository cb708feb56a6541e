package postgres

import (
	"context"

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
func (r usageReader) Usage(ctx context.Context) (usage.Counts, error) {
	row, err := r.Queries.Usage(ctx, r.in.IsAdmin())
	return usage.Counts(row), translate(err)
}

// HasRoom implements usage.Queries.
func (r usageReader) HasRoom(ctx context.Context) (bool, error) {
	room, err := r.Queries.HasRoom(ctx)
	return room, translate(err)
}
