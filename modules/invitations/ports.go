package invitations

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Tx is everything that an admin's use case may read and write in one transaction. The scope shows invitations to
// owners and admins alone.
type Tx interface {
	// Me reads the caller and their organisation, for the text of the mail.
	Me(ctx context.Context) (identity.Me, error)
	// IsMemberAddress reports whether a member of the organisation has this address.
	IsMemberAddress(ctx context.Context, email string) (bool, error)
	// InvitationOfAddress returns the invitation of an address, also one whose time is over, or ErrNotFound.
	InvitationOfAddress(ctx context.Context, email string) (ID, org.Role, error)
	// InvitationByID returns ErrNotFound for an invitation that is not open, or that the scope does not show.
	InvitationByID(ctx context.Context, id ID) (Invitation, error)
	// InsertInvitation writes an invitation with the hash of its secret and returns it with its inviter and times. It
	// returns ErrTwice or ErrTooMany.
	InsertInvitation(ctx context.Context, i Invitation, hash secret.Hash) (Invitation, error)
	// RevokeInvitation deletes an open invitation. The scope decides whether it may; the write may be sent later.
	RevokeInvitation(ctx context.Context, id ID) error
	// InvitationIsForeign reports whether the id belongs to another organisation's invitation.
	InvitationIsForeign(ctx context.Context, id uuid.UUID) (bool, error)

	audit.Tx
	events.Tx
	idempotency.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Invitations lists the open invitations that the scope shows, the newest first: at most n, after the cursor.
	Invitations(ctx context.Context, after page.Cursor, n int) ([]Invitation, error)
}

// Directory is the port to the database for holders of a link, who are in no organisation yet.
type Directory interface {
	// InvitationOf returns what the invitation with this secret is to, or ErrInvalid.
	InvitationOf(ctx context.Context, hash secret.Hash) (Offer, error)
	// AcceptInvitation consumes the invitation and makes its user a member, in one transaction. It returns ErrInvalid,
	// ErrOtherAddress for a user with another address, or a Conflict for a user who is a member already and for a new
	// account whose address was taken meanwhile.
	AcceptInvitation(ctx context.Context, hash secret.Hash, by Account) error
}

// Account is who accepts an invitation.
type Account struct {
	User org.UserID
	// Name and PasswordHash are of a new account. An empty PasswordHash means one that there is.
	Name, PasswordHash string
}

// Accounts checks the password of an account. identity.Service implements it.
type Accounts interface {
	// Authenticate returns the user with this address and password, or identity.ErrBadLogin.
	Authenticate(ctx context.Context, email, password string) (user org.UserID, verified string, err error)
}
