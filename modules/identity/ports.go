package identity

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Directory is the port to the database for signing in, when the organisation is not known yet. Each method calls one
// function of the database about one user or one credential. The login role cannot read a table, so that no mistake
// here can list users.
type Directory interface {
	// UserByEmail returns the user's id and password hash, or ErrBadLogin. The hash is empty for a user without a
	// password.
	UserByEmail(ctx context.Context, email string) (org.UserID, string, error)
	// MembershipsOf lists the organisations that the user may enter, in the order of their slugs, without suspended ones.
	MembershipsOf(ctx context.Context, user org.UserID) ([]Membership, error)
	// SignIn writes a credential and returns the member's current role. It returns ErrBadLogin for a user who is not a
	// member, or whose password has changed since it was verified.
	SignIn(ctx context.Context, c NewCredential) (org.Role, error)
	// RehashPassword replaces a stored hash by a stronger one of the same password. It does nothing if the password has
	// changed.
	RehashPassword(ctx context.Context, user org.UserID, verified, hash string) error
	// CredentialOf returns the sign-in whose secret has this hash, with the current role. It returns ErrSignedOut if it is
	// unknown, expired or deleted.
	CredentialOf(ctx context.Context, hash secret.Hash) (SignIn, error)
	// KeyOf returns the API key whose token has this hash, with the current role, and notes the hour of its use. It
	// returns ErrKeyEnded for every other hash, a sign-in's too.
	KeyOf(ctx context.Context, hash secret.Hash) (SignIn, error)
}

// Tx is everything that a change to the caller's own credential may write.
type Tx interface {
	// DeleteCredential ends the credential that the transaction was entered with, and returns its public id. It returns
	// ErrSignedOut if another transaction was faster.
	DeleteCredential(ctx context.Context) (SignInID, error)
	audit.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Me reads the caller and their organisation. It leaves the role to the scope.
	Me(ctx context.Context) (Me, error)
}

// Registry is the port to the database for operators who manage users.
type Registry interface {
	// CreateUser writes a user, or returns ErrEmailTaken. The hash is Passwords.Hash's. Each method that changes something
	// writes an entry with the operator's name to the operators' log.
	CreateUser(ctx context.Context, operator string, u User, passwordHash string) error
	// SetPassword gives a user another password, or returns ErrUserNotFound. Their sign-ins stay valid.
	SetPassword(ctx context.Context, operator string, u org.UserID, passwordHash string) error
	// DisableUser disables a user, or enables them again. It returns ErrUserNotFound.
	DisableUser(ctx context.Context, operator string, u org.UserID, disable bool) error
	// OrgsOfUser returns a page of at most n organisations that the user is a member of, after the given one.
	OrgsOfUser(ctx context.Context, u org.UserID, after org.ID, n int) ([]org.ID, error)
	// SignOutUser ends the user's sign-ins to one organisation, which has an entry in that organisation's audit log.
	SignOutUser(ctx context.Context, operator string, in org.ID, u org.UserID) error
	// Accounts returns a page of at most n users by email address, after the given one.
	Accounts(ctx context.Context, after string, n int) ([]Account, error)
	// UserIDByEmail returns the id of a user, or ErrUserNotFound.
	UserIDByEmail(ctx context.Context, email string) (org.UserID, error)
}
