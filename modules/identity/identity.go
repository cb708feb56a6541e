// Package identity has users, their memberships in organisations, and their credentials. adapters/http calls Service to
// sign callers in and out, and to find the sign-in of a cookie or a refresh token. The operators' commands call Users.
// Sweeper deletes expired rows in the background.
//
// A sign-in is one row, a credential, with the hash of a random secret. Access tokens, cookies and tickets depend on
// it: when the row is deleted, all of them end with the next transaction, on every process of the control plane. So no
// list of revoked tokens is needed. The row names the member's role, and a foreign key keeps it equal to the
// membership's.
//
// Passwords are hashed with argon2id. Errors of a login do not reveal whether a user, a password or an organisation was
// wrong, and take the same time. Rate limits of sign-ins are in adapters/http, which knows where a request comes from.
package identity

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Lifetime is how long a sign-in is valid: a working day. Use does not prolong it, so that a stolen cookie ends as
// well.
const Lifetime = 12 * time.Hour

// User is a person. A user belongs to no organisation; memberships connect the two.
type User struct {
	ID    org.UserID
	Email string // lower case, unique
	Name  string // for people; 1 to 80 characters
}

// Org is an organisation as its members see it.
type Org struct {
	ID   org.ID
	Slug string // unique name for logins; lower case letters, digits and dashes
	Name string // for people
}

// Membership is a user's role in an organisation.
type Membership struct {
	Org  Org
	User org.UserID
	Role org.Role
}

// SignIn is a valid credential with the member's current role and the organisation's current names.
type SignIn struct {
	Membership
	Credential org.CredentialID
	EndsAt     time.Time
	// Scopes are the permissions that an API key has, as far as the role has them too. Nil: a sign-in, which has all of
	// its role.
	Scopes []string
}

// Me is the caller, as the API shows them.
type Me struct {
	User User
	Org  Org
	Role org.Role
}

// Faults of signing in. ErrBadLogin is the same for an unknown user, a wrong password and a user who is not a member of
// the named organisation: a difference would let anyone find out who has an account.
var (
	ErrBadLogin = fault.New(fault.Unauthenticated, "invalid_credentials",
		"The email address, the password or the organisation is wrong.")
	ErrSignedOut = fault.New(fault.Unauthenticated, "signed_out",
		"This sign-in has ended, or you are no longer a member of the organisation. Sign in again.")
	// ErrKeyEnded is the fault of an API key that is unknown, or has ended in whichever way.
	ErrKeyEnded = fault.New(fault.Unauthenticated, "key_ended",
		"This API key was revoked or has expired, or its owner is no longer a member of the organisation.")
	// ErrStaleToken is the fault of a credential that claims a role which its holder no longer has.
	ErrStaleToken = fault.New(fault.Unauthenticated, "stale_token",
		"Your role has changed since this token was made. Refresh it.")
	// ErrIsMember is the fault of adding or inviting someone who belongs to the organisation.
	ErrIsMember    = fault.New(fault.Conflict, "already_member", "The user is a member of this organisation already.")
	errOrgRequired = fault.New(fault.Conflict, "org_required", "You belong to several organisations. Name one as org.")
)

// OrgRequired is the fault of a login that has to name one of several organisations. It lists their slugs, because the
// password was right.
func OrgRequired(slugs []string) error {
	return errOrgRequired.With("orgs", slugs)
}

// NewCredential is a sign-in to be written. The database gets only the hash of the secret.
type NewCredential struct {
	ID     org.CredentialID
	User   org.UserID
	Org    org.ID
	Hash   secret.Hash
	EndsAt time.Time
	From   Client
	// Verified is the stored hash that the password was compared with. The sign-in is refused if it has changed since.
	// Empty: no password was needed.
	Verified string
}

// SignInID is the public id of a sign-in: what lists, the log and the audit log call it. Entering an organisation takes
// the credential's id, which no one learns from a log.
type SignInID struct{ uuid.UUID }

// Client is where a sign-in comes from, for a person who looks through their own sign-ins.
type Client struct {
	Address string // of the network
	Browser string // the User-Agent
}

// Limits of a client's texts, in characters. The longest address is one of IPv6 with a zone.
const (
	maxAddress = 64
	maxBrowser = 200
)

// NewClient makes a client from what a request says. Anyone can write anything into a request, so that characters that
// do not print are removed, and the texts are cut.
func NewClient(address, browser string) Client {
	return Client{Address: printable(address, maxAddress), Browser: printable(browser, maxBrowser)}
}

// printable removes what does not print, and cuts the rest to at most n characters.
func printable(text string, n int) string {
	kept := make([]rune, 0, min(len(text), n))
	for _, c := range text {
		if len(kept) == n {
			break
		}
		if unicode.IsPrint(c) && c != utf8.RuneError {
			kept = append(kept, c)
		}
	}
	return string(kept)
}
