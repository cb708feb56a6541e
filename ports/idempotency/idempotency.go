// Package idempotency lets a client repeat a request that creates something, when it did not get the answer: the same
// key creates it once, and every further request with the key gets what was created.
//
// A key counts for one member of one organisation and for 24 hours. It is written in the transaction that creates, so
// that both are there or neither. What was created is read anew in the caller's scope: a member who may no longer see
// it gets the same answer as without a key, and a secret that only its creation shows is not shown again.
package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// ErrReused is the fault of a key that its caller has used for another request. It is 422, as the draft of the header's
// standard has it (draft-ietf-httpapi-idempotency-key-header).
var ErrReused = fault.New(fault.Invalid, "idempotency_key_reused",
	"You have used this Idempotency-Key for another request. Use a new key for each request.").
	With("field", "Idempotency-Key").WithStatus(422)

// Key is the key of one request. A nil Key is none.
type Key struct {
	Text        string
	Fingerprint [sha256.Size]byte // of the operation and of what the request says
	replayed    bool
}

// New makes the key of a request. Requests with the same content have the same fingerprint, however they are written.
func New(text, operation string, content any) (*Key, error) {
	b, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode the request of %s: %w", operation, err)
	}
	return &Key{Text: text, Fingerprint: sha256.Sum256(append([]byte(operation+"\n"), b...))}, nil
}

// Replayed reports whether Claim has found that the request repeats an earlier one.
func (k *Key) Replayed() bool { return k != nil && k.replayed }

// Used is what a key was used for.
type Used struct {
	Fingerprint [sha256.Size]byte
	Subject     uuid.UUID
}

// Tx is the part of a transaction that Claim needs.
type Tx interface {
	// ClaimKey notes that a key creates a subject, and returns what the caller has used the key for: just that, or
	// something earlier. It waits for a transaction that claims the same key, so that of two one creates.
	ClaimKey(ctx context.Context, k Key, subject uuid.UUID) (Used, error)
}

// Claim is called first in the transaction that creates a subject with a new id. It returns the id to go on with: if
// that is another one, the request repeats an earlier one, and the subject with that id is the answer. Without a key it
// returns the new id. It returns ErrReused.
func Claim(ctx context.Context, tx Tx, k *Key, id uuid.UUID) (uuid.UUID, error) {
	if k == nil {
		return id, nil
	}
	used, err := tx.ClaimKey(ctx, *k, id)
	switch {
	case err != nil:
		return id, err
	case used.Fingerprint != k.Fingerprint:
		return id, ErrReused
	}
	k.replayed = used.Subject != id
	return used.Subject, nil
}
