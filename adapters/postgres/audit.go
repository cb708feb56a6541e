package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// RecordAudit implements audit.Tx.
func (t *tx) RecordAudit(ctx context.Context, action, subject string) error {
	return t.Queries.RecordAudit(ctx, action, subject)
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
