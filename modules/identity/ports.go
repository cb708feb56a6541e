package identity

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Directory answers what must be known before there is an organisation to act in. It reads no table: each method is one
// function of the database that tells about one user or one credential.
type Directory interface {
	// UserByEmail returns the user's id and password hash, or ErrBadLogin.
	UserByEmail(ctx context.Context, email string) (org.UserID, string, error)
	// MembershipsOf lists the organisations that the user may enter, by slug; those suspended are left out.
	MembershipsOf(ctx context.Context, user org.UserID) ([]Membership, error)
	// SignIn writes a credential and returns the role that it carries, or ErrBadLogin for someone who is no member.
	SignIn(ctx context.Context, c NewCredential) (org.Role, error)
	// CredentialOf returns the sign-in whose secret has this hash, with the present role, or ErrSignedOut.
	CredentialOf(ctx context.Context, hash secret.Hash) (SignIn, error)
}

// Tx is what a change to the caller's own credential may touch.
type Tx interface {
	// DeleteCredential ends the credential that the transaction was entered with.
	DeleteCredential(ctx context.Context) error
	audit.Tx
}

// Queries are the reads of this module's use cases.
type Queries interface {
	// Me reads the caller and the organisation they act in.
	Me(ctx context.Context) (Me, error)
}

// Registry is where the platform's operators create users.
type Registry interface {
	// CreateUser writes a user, or returns ErrEmailTaken.
	CreateUser(ctx context.Context, u User, passwordHash string) error
	// SetPassword gives a user another password. Their sign-ins stay valid.
	SetPassword(ctx context.Context, u org.UserID, passwordHash string) error
	// UserIDByEmail returns the id of a user, or ErrUserNotFound.
	UserIDByEmail(ctx context.Context, email string) (org.UserID, error)
}
