package keys

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// Tx is everything that a change of keys may write. The functions that create keys write their audit entry themselves.
type Tx interface {
	// CreateKey writes a key of the caller, who must have signed in. It returns its end and how many days a key of the
	// organisation may last. The end is zero, and nothing is written, when n.Days are more. It returns ErrTooMany.
	CreateKey(ctx context.Context, n New, w Written) (ends time.Time, longest int, err error)
	// OwnKey returns one of the caller's own keys that has not ended, or ErrNotFound.
	OwnKey(ctx context.Context, id ID) (Key, error)
	// RotateKey writes a key like one of the caller's own, which lasts as long and is returned, and lets the replaced one
	// end after the overlap. It returns ErrNotFound or ErrTooMany.
	RotateKey(ctx context.Context, replaced ID, w Written, overlap time.Duration) (Key, error)
	// RevokeKey deletes a key that the caller may revoke. It returns ErrNotFound.
	RevokeKey(ctx context.Context, id ID) error
	// KeyIsForeign reports whether the id belongs to a key of another organisation.
	KeyIsForeign(ctx context.Context, id uuid.UUID) (bool, error)
	idempotency.Tx
	org.Clocked
	audit.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Keys lists keys that have not ended, the newest first: at most n, after the cursor. Only the caller's own, or all
	// that the caller may see.
	Keys(ctx context.Context, everyones bool, after page.Cursor, n int) ([]Key, error)
}
