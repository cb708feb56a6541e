package postgres

import "context"

// RecordAudit implements audit.Tx.
func (t *tx) RecordAudit(ctx context.Context, action, subject string) error {
	return t.Queries.RecordAudit(ctx, action, subject)
}
