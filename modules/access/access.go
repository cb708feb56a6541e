// Package access has what members do about their own access: they change their password, look through their sign-ins
// and end them, and go from one of their organisations to another. adapters/http calls Service. Package identity signs
// in and out.
package access

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// ErrNotFound is the fault of a sign-in that is unknown, or another member's.
var ErrNotFound = fault.New(fault.NotFound, "sign_in_not_found", "There is no such sign-in of yours.").AsMiss()

// ErrWrongPassword is the fault of a change of the password that does not name the present one.
var ErrWrongPassword = fault.New(fault.Forbidden, "wrong_password", "Your present password is not the one you entered.")

// ErrNotYourOrg is the fault of a switch to an organisation that the caller may not enter. It is the same for an
// unknown slug, another's organisation and a suspended one.
var ErrNotYourOrg = fault.New(fault.Forbidden, "not_your_org", "You cannot sign in to this organisation.")

// Resource is what the audit log calls a sign-in that belongs to another organisation.
var Resource = audit.Resource{Name: "sign-in", NotFound: ErrNotFound}

// SignIn is one of the caller's own sign-ins to the present organisation.
type SignIn struct {
	ID      identity.SignInID
	From    identity.Client
	Created time.Time
	Ends    time.Time
	Current bool // the caller's request has presented it
}

// Tx is everything that a change to the caller's own sign-ins may write.
type Tx interface {
	// EndSignIn ends one of the caller's own sign-ins, and reports whether it is the one that the transaction was entered
	// with. It returns ErrNotFound.
	EndSignIn(ctx context.Context, id identity.SignInID) (current bool, err error)
	// SignInIsForeign reports whether the public id belongs to a sign-in to another organisation.
	SignInIsForeign(ctx context.Context, id uuid.UUID) (bool, error)
	audit.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// SignIns lists the caller's own sign-ins that have not ended, the newest first: at most n, after the cursor.
	SignIns(ctx context.Context, after page.Cursor, n int) ([]SignIn, error)
	// Orgs lists the organisations that the caller may enter, with their role there, by slug: at most n, after a slug.
	Orgs(ctx context.Context, after string, n int) ([]identity.Membership, error)
}

// Account is the port to the database for what concerns a user's sign-ins in all organisations at once. Each method is
// one function of the database, which checks the caller's sign-in as entering does. It returns identity.ErrSignedOut or
// identity.ErrStaleToken where entering does.
type Account interface {
	// PasswordOf returns the stored hash of the caller's password; empty: they have none.
	PasswordOf(ctx context.Context, who org.Scope) (string, error)
	// ChangePassword replaces the stored hash, which must still be the verified one, and ends all sign-ins of the user in
	// every organisation, except the caller's. Each organisation of the user gets an audit entry. It returns
	// ErrWrongPassword if another change was faster.
	ChangePassword(ctx context.Context, who org.Scope, verified, hash string) error
	// SwitchOrg writes a credential of the user in the organisation with this slug. It ends with the caller's at the
	// latest. It returns ErrNotYourOrg for every organisation that the user may not enter.
	SwitchOrg(ctx context.Context, who org.Scope, slug string, c identity.NewCredential) (identity.SignIn, error)
	// SignOutOthers ends all sign-ins of the user in every organisation, except the caller's. Each organisation in which
	// one has ended gets an audit entry. All end, or none.
	SignOutOthers(ctx context.Context, who org.Scope) error
}
