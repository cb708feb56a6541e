package members

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Tx is everything that a change of a member may read and write in one transaction.
type Tx interface {
	// MemberByID returns ErrNotFound for a user who is no member now.
	MemberByID(ctx context.Context, id org.UserID) (Member, error)
	// LockMember reads a member and locks the membership until the end of the transaction. It returns ErrNotFound, also
	// for an owner whom the caller may not change.
	LockMember(ctx context.Context, id org.UserID) (Member, error)
	// SetRole writes the role. It returns a Conflict fault "last_owner" when no owner would be left.
	SetRole(ctx context.Context, id org.UserID, r org.Role) error
	// RemoveMember deletes the membership with its sign-ins. It returns a Conflict fault "last_owner".
	RemoveMember(ctx context.Context, id org.UserID) error
	audit.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// MemberByID returns ErrNotFound for a user who is no member now.
	MemberByID(ctx context.Context, id org.UserID) (Member, error)
	// Members lists the members in the order of their ids: at most n, after the given one.
	Members(ctx context.Context, after uuid.UUID, n int) ([]Member, error)
	// FormerMembers lists the users who have left, in the order of their ids: at most n, after the given one.
	FormerMembers(ctx context.Context, after uuid.UUID, n int) ([]Former, error)
}
