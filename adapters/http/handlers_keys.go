package http

import (
	"context"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// ListKeys implements api.StrictServerInterface.
func (h handlers) ListKeys(ctx context.Context, r api.ListKeysRequestObject) (api.ListKeysResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Keys.List(ctx, org.From(ctx), value(r.Params.Everyone), at)
	items := convertAll(p.Items, toKey)
	return api.ListKeys200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// CreateKey implements api.StrictServerInterface.
func (h handlers) CreateKey(ctx context.Context, r api.CreateKeyRequestObject) (api.CreateKeyResponseObject, error) {
	key, err := keyOf(r.Params.IdempotencyKey, "createKey", r.Body)
	if err != nil {
		return nil, err
	}
	n := keys.New{Name: r.Body.Name, Days: value(r.Body.ExpiresInDays), Key: key}
	for _, s := range r.Body.Scopes {
		n.Scopes = append(n.Scopes, string(s))
	}
	k, token, err := h.config.Keys.Create(ctx, org.From(ctx), n)
	return api.CreateKey201JSONResponse{
		Body: toNewKey(k, token), Headers: api.CreateKey201ResponseHeaders{IdempotentReplayed: replayed(key)},
	}, err
}

// RotateKey implements api.StrictServerInterface.
func (h handlers) RotateKey(ctx context.Context, r api.RotateKeyRequestObject) (api.RotateKeyResponseObject, error) {
	overlap := keys.DefaultOverlap
	if hours := r.Body.OverlapHours; hours != nil {
		overlap = time.Duration(*hours) * time.Hour
	}
	k, token, err := h.config.Keys.Rotate(ctx, org.From(ctx), keys.ID{UUID: r.KeyId}, overlap)
	return api.RotateKey201JSONResponse(toNewKey(k, token)), err
}

// RevokeKey implements api.StrictServerInterface.
func (h handlers) RevokeKey(ctx context.Context, r api.RevokeKeyRequestObject) (api.RevokeKeyResponseObject, error) {
	return api.RevokeKey204Response{}, h.config.Keys.Revoke(ctx, org.From(ctx), keys.ID{UUID: r.KeyId})
}

func toKey(k keys.Key) api.Key {
	out := api.Key{
		Id: k.ID.UUID, Name: k.Name, OwnerId: k.Owner.UUID, OwnerName: k.OwnerName, Scopes: k.Scopes,
		CreatedAt: k.Created.UTC(), EndsAt: k.Ends.UTC(),
	}
	if !k.Used.IsZero() {
		out.UsedAt = optional(k.Used.UTC())
	}
	return out
}

func toNewKey(k keys.Key, token secret.Secret) api.NewKey {
	return api.NewKey{Id: k.ID.UUID, Name: k.Name, Scopes: k.Scopes, EndsAt: k.Ends.UTC(), Token: optional(token.Reveal())}
}
