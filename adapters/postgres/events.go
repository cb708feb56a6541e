package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/events"
)

// AppendEvent implements events.Tx.
func (u *unit) AppendEvent(ctx context.Context, e events.Event) error {
	return u.Queries.AppendEvent(ctx, e.Type, e.Subject, e.Data)
}
