package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// Keys returns the transactions of members who change API keys.
func (d *DB) Keys() org.Scoped[keys.Tx] {
	return scoped(d, func(t *memberTx) keys.Tx { return t })
}

// KeyReads returns the reads of API keys.
func (d *DB) KeyReads() org.Reading[keys.Queries] {
	return reading(d, func(r reader) keys.Queries { return keyReader{r} })
}

// CreateKey implements keys.Tx.
func (t *memberTx) CreateKey(ctx context.Context, n keys.New, w keys.Written) (ends time.Time, longest int, err error) {
	row, err := t.Queries.CreateKey(ctx, orgdb.CreateKeyParams{
		CredentialID: w.Credential.UUID, ID: w.ID.UUID, Name: n.Name, Scopes: n.Scopes, SecretHash: w.Hash[:],
		Days: int32(n.Days),
	})
	if row.Created {
		ends = row.EndsAt
	}
	return ends, int(row.Longest), translate(err)
}

// OwnKey implements keys.Tx.
func (t *memberTx) OwnKey(ctx context.Context, id keys.ID) (keys.Key, error) {
	row, err := t.Queries.OwnKey(ctx, id.UUID)
	return keys.Key{
		ID: keys.ID{UUID: row.PublicID}, Owner: org.UserID{UUID: row.UserID}, Name: row.Name, Scopes: row.Scopes,
		Created: row.CreatedAt, Ends: row.EndsAt,
	}, orNotFound(err, keys.ErrNotFound)
}

// RotateKey implements keys.Tx.
func (t *memberTx) RotateKey(
	ctx context.Context, replaced keys.ID, w keys.Written, overlap time.Duration,
) (keys.Key, error) {
	row, err := t.Queries.RotateKey(ctx, orgdb.RotateKeyParams{
		Replaced: replaced.UUID, CredentialID: w.Credential.UUID, ID: w.ID.UUID, SecretHash: w.Hash[:],
		OverlapHours: int32(overlap / time.Hour),
	})
	return keys.Key{Name: row.Name, Scopes: row.Scopes, Ends: row.EndsAt}, orNotFound(err, keys.ErrNotFound)
}

// RevokeKey implements keys.Tx.
func (t *memberTx) RevokeKey(ctx context.Context, id keys.ID) error {
	_, err := t.Queries.RevokeKey(ctx, id.UUID)
	return orNotFound(err, keys.ErrNotFound)
}

// KeyIsForeign implements keys.Tx. A key has its public id among those of the sign-ins.
func (t *memberTx) KeyIsForeign(ctx context.Context, id uuid.UUID) (bool, error) {
	return t.SignInIsForeign(ctx, id)
}

// keyReader reads API keys.
type keyReader struct{ reader }

// Keys implements keys.Queries.
func (r keyReader) Keys(ctx context.Context, everyones bool, after page.Cursor, n int) ([]keys.Key, error) {
	before, err := timeOf(after)
	if err != nil {
		return nil, err
	}
	rows, err := r.Queries.Keys(ctx, orgdb.KeysParams{
		Everyones: everyones, Before: before, BeforeID: after.ID, Most: int32(n),
	})
	out := make([]keys.Key, len(rows))
	for i, row := range rows {
		out[i] = keys.Key{
			ID: keys.ID{UUID: row.PublicID}, Owner: org.UserID{UUID: row.UserID}, OwnerName: row.OwnerName, Name: row.Name,
			Scopes: row.Scopes, Created: row.CreatedAt, Ends: row.EndsAt,
		}
		if row.UsedAt != nil {
			out[i].Used = *row.UsedAt
		}
	}
	return out, translate(err)
}
