// Package identity knows people, the organisations they are members of, and the credentials by which they are known.
package identity

import (
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Lifetime is how long a sign-in lasts. It is not prolonged: a working day, then the password again.
const Lifetime = 12 * time.Hour

// User is a person. People belong to no organisation.
type User struct {
	ID    org.UserID
	Email string // lower case
	Name  string
}

// Org is what a member may know of their organisation.
type Org struct {
	ID   org.ID
	Slug string // in addresses and at login; lower case letters, digits and dashes
	Name string // for people
}

// Membership ties a user to an organisation.
type Membership struct {
	Org  Org
	User org.UserID
	Role org.Role
}

// SignIn is a credential that holds, with what it stands for at present.
type SignIn struct {
	Membership
	Credential org.CredentialID
	EndsAt     time.Time
}

// Me is the caller, as the API tells.
type Me struct {
	User User
	Org  Org
	Role org.Role
}

// Faults of signing in. That no such user exists, that the password is wrong and that they are no member of the
// organisation named are not told apart.
var (
	ErrBadLogin = fault.New(fault.Unauthenticated, "invalid_credentials",
		"The email address, the password or the organisation is wrong.")
	ErrSignedOut = fault.New(fault.Unauthenticated, "signed_out",
		"This sign-in has ended, or you are no longer a member of the organisation. Sign in again.")
	// ErrStaleToken is the fault of a credential that claims a role which its holder no longer has.
	ErrStaleToken = fault.New(fault.Unauthenticated, "stale_token",
		"Your role has changed since this token was made. Refresh it.")
	errOrgRequired = fault.New(fault.Conflict, "org_required", "You belong to several organisations. Name one as org.")
)

// OrgRequired is the fault of a login that has to name one of several organisations.
func OrgRequired(slugs []string) error {
	return errOrgRequired.With("orgs", slugs)
}

// NewCredential is a sign-in to be written: the database is given the hash alone.
type NewCredential struct {
	ID     org.CredentialID
	User   org.UserID
	Org    org.ID
	Hash   secret.Hash
	EndsAt time.Time
}
