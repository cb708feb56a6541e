package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/ports/idempotency"
)

// ClaimKey implements idempotency.Tx. A claim takes one round trip, and two for a key that was used.
func (t *memberTx) ClaimKey(ctx context.Context, k idempotency.Key, subject uuid.UUID) (idempotency.Used, error) {
	if err := t.DeleteEndedKey(ctx, k.Text); err != nil { // it is sent with the next query
		return idempotency.Used{}, err
	}
	_, err := t.Queries.ClaimKey(ctx, k.Text, k.Fingerprint[:], subject)
	if !errors.Is(err, pgx.ErrNoRows) {
		return idempotency.Used{Fingerprint: k.Fingerprint, Subject: subject}, translate(err)
	}
	row, err := t.UsedKey(ctx, k.Text)
	used := idempotency.Used{Subject: row.SubjectID}
	copy(used.Fingerprint[:], row.Fingerprint)
	return used, translate(err)
}
