// Package keys has API keys: the credentials of programs that act for a member. adapters/http calls Service.
//
// A key is a row beside the sign-ins, in one organisation, and names the member's role by the same foreign key. So it
// ends with the membership, follows the role, and is checked by each transaction. It may do what its scopes and the
// member's present role both allow. It never manages its member's password, sign-ins or keys: a leaked key cannot make
// itself another one.
package keys

import (
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// DefaultOverlap is how long a replaced key goes on, so that programs can change to the new one.
const DefaultOverlap = 24 * time.Hour

// Limits of a key, as the database has them.
const (
	MaxPerMember = 50
	MaxOverlap   = 7 * 24 * time.Hour
)

var (
	// ErrNotFound is the fault of a key that is unknown, has ended, or is not the caller's to see.
	ErrNotFound = fault.New(fault.NotFound, "key_not_found", "There is no such API key.").AsMiss()
	// ErrTooMany is the fault of a key beyond MaxPerMember. Keys that have ended do not count.
	ErrTooMany = fault.New(fault.Conflict, "too_many_keys", "You have 50 API keys. Revoke one that you no longer need.")
	// ErrTooLong is the fault of a key that would last longer than the organisation allows. It tells the limit, in days.
	ErrTooLong = fault.New(fault.Conflict, "key_too_long", "Your organisation does not allow keys that last that long.")
)

// Resource is what the audit log calls a key that belongs to another organisation.
var Resource = audit.Resource{Name: "key", NotFound: ErrNotFound}

// ID is the public id of a key: what lists, its token and the audit log call it. Entering an organisation takes another
// id.
type ID struct{ uuid.UUID }

// Key is an API key, without its secret.
type Key struct {
	ID        ID
	Owner     org.UserID
	OwnerName string // the owner's name
	Name      string // for people; 1 to 80 characters
	Scopes    []string
	Created   time.Time
	Ends      time.Time
	Used      time.Time // the hour of the last use; zero: never used
}

// New is a request for a key.
type New struct {
	Name   string
	Scopes []string // permissions that a key can have
	Days   int      // until it ends; zero: 90, or the longest that the organisation allows
	Key    *idempotency.Key
}

// Written is a key as it is written. The database gets only the hash of its token.
type Written struct {
	ID         ID
	Credential org.CredentialID
	Hash       secret.Hash
}
