package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/events"
)

// AppendEvent implements events.Tx.
func (t *tx) AppendEvent(ctx context.Context, e events.Event) error {
	return t.Queries.AppendEvent(ctx, e.Type, e.Subject, e.Data)
}
