package keys

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Service has the use cases of members and admins who manage keys. It is safe for concurrent use.
type Service struct {
	inOrg    org.Scoped[Tx]
	read     org.Reading[Queries]
	refusals *audit.Refusals[Tx]
}

// NewService makes the service.
func NewService(inOrg org.Scoped[Tx], read org.Reading[Queries], c audit.Counter) *Service {
	return &Service{inOrg: inOrg, read: read, refusals: audit.NewRefusals(Resource, inOrg, Tx.KeyIsForeign, c)}
}

// List returns a page of keys, the newest first: the caller's own or, for an admin who asks for everyone's, those of
// the organisation. An admin who is not an owner does not see owners' keys.
func (s *Service) List(ctx context.Context, who org.Scope, everyones bool, r page.Request) (page.Page[Key], error) {
	all, err := s.read(who).Keys(ctx, everyones, r.After, r.Size()+1)
	return page.Cut(all, r.Size(), func(k Key) page.Cursor {
		return page.Cursor{Key: k.Created.UTC().Format(time.RFC3339Nano), ID: k.ID.UUID}
	}), err
}

// Create makes a key of the caller, and returns its token, which cannot be read again. It returns ErrTooMany or
// ErrTooLong. With the Idempotency-Key of an earlier request it returns the key of that one without its token, or
// ErrNotFound if it has ended, or idempotency.ErrReused.
func (s *Service) Create(ctx context.Context, who org.Scope, n New) (Key, secret.Secret, error) {
	if err := input.Text("name", n.Name, 1, 80); err != nil {
		return Key{}, secret.Secret{}, err
	}
	w, token := write()
	var k Key
	err := s.inOrg(ctx, who, func(tx Tx) error {
		id, err := idempotency.Claim(ctx, tx, n.Key, w.ID.UUID)
		if err != nil {
			return err
		}
		if n.Key.Replayed() {
			k, err = tx.OwnKey(ctx, ID{id})
			return err
		}
		k = Key{ID: w.ID, Owner: who.User(), Name: n.Name, Scopes: n.Scopes, Created: tx.Now()}
		longest := 0
		if k.Ends, longest, err = tx.CreateKey(ctx, n, w); err == nil && k.Ends.IsZero() {
			err = ErrTooLong.Saying("Your organisation allows keys that last up to %d days.", longest).
				With("field", "expires_in_days").With("limit", longest)
		}
		return err
	})
	if n.Key.Replayed() {
		token = secret.Secret{}
	}
	return k, token, err
}

// Rotate replaces one of the caller's own keys by a new one with the same name, scopes and lifetime, and returns its
// token. The replaced key goes on during the overlap, and then ends. It returns ErrNotFound, ErrTooMany, or
// audit.ErrOtherOrg.
func (s *Service) Rotate(
	ctx context.Context, who org.Scope, replaced ID, overlap time.Duration,
) (k Key, token secret.Secret, err error) {
	w, token := write()
	err = s.inOrg(ctx, who, func(tx Tx) (err error) {
		k, err = tx.RotateKey(ctx, replaced, w, overlap)
		k.ID, k.Owner, k.Created = w.ID, who.User(), tx.Now()
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = s.refusals.Missing(ctx, who, replaced.UUID)
	}
	return k, token, err
}

// Revoke ends a key at once: one of the caller's own or, for an admin, another member's. It returns ErrNotFound or
// audit.ErrOtherOrg.
func (s *Service) Revoke(ctx context.Context, who org.Scope, id ID) error {
	err := s.inOrg(ctx, who, func(tx Tx) error {
		if err := tx.RevokeKey(ctx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "key.revoke", id)
	})
	if errors.Is(err, ErrNotFound) {
		return s.refusals.Missing(ctx, who, id.UUID)
	}
	return err
}

// write makes the ids and the token of a new key.
func write() (Written, secret.Secret) {
	w := Written{ID: ID{uuid.Must(uuid.NewV7())}, Credential: org.CredentialID{UUID: uuid.Must(uuid.NewV7())}}
	token := NewToken(w.ID)
	w.Hash = token.Hash()
	return w, token
}
