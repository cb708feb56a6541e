package quotas

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Tx is everything that a change of limits may read and write in one transaction.
type Tx interface {
	// LockLimits locks the limits of all kinds against other admins until the end of the transaction. The caller must be
	// an admin.
	LockLimits(ctx context.Context) error
	// SetLimits writes the admins' limits of one kind.
	SetLimits(ctx context.Context, k Kind, l Limits) error
	// LockMemberQuota reads a member's quota and locks it until the end of the transaction. It returns
	// members.ErrNotFound.
	LockMemberQuota(ctx context.Context, id org.UserID) (MemberQuota, error)
	// SetMemberLimit writes a member's own limit; nil removes it.
	SetMemberLimit(ctx context.Context, id org.UserID, limit *int64) error
	// Quota reads the limits, and the use by the organisation and the caller.
	Quota(ctx context.Context) (Quota, error)
	// MemberQuota returns members.ErrNotFound for a user who is no member now.
	MemberQuota(ctx context.Context, id org.UserID) (MemberQuota, error)
	audit.Tx
	events.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Quota reads the limits, and the use by the organisation and the caller.
	Quota(ctx context.Context) (Quota, error)
	// MemberQuotas lists members in the order of their ids: at most n, after the given one. A caller who is no admin sees
	// only themselves.
	MemberQuotas(ctx context.Context, after uuid.UUID, n int) ([]MemberQuota, error)
	// MemberQuota returns members.ErrNotFound for a user who is no member now, or whom the caller may not see.
	MemberQuota(ctx context.Context, id org.UserID) (MemberQuota, error)
}
