// Package invitations lets owners and admins invite people to their organisation by email address. An invitation is a
// link with a secret that is used once, within seven days.
//
// With mail, the link goes to the address and to no one else, so that whoever uses it has shown that the mailbox is
// theirs. Without mail the inviting admin is given the link and passes it on. The secret stands after the # of the
// link: browsers do not send that part, so that no log of a server or proxy has it.
//
// An invitation to an existing account is accepted with that account's password. Otherwise an admin could make a
// member of someone who has not agreed, or whoever finds a link could act for its addressee. An invitation to an
// unknown address makes the account. The answer to inviting is the same for both.
package invitations

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ID names an invitation. It is no secret.
type ID struct{ uuid.UUID }

// Invitation is an open one: neither used nor revoked, and its time is not over.
type Invitation struct {
	ID        ID
	Email     string // in normal form
	Role      org.Role
	ByMail    bool // the link went to the address alone
	InvitedBy org.UserID
	CreatedAt time.Time
	EndsAt    time.Time // seven days later
}

// Made is a new invitation.
type Made struct {
	Invitation

	Link string // for the admin to pass on; empty: it went by mail
}

// Offer is what an invitation is to, for whoever holds its secret.
type Offer struct {
	Org        string // the organisation's name
	Slug       string // of the organisation, to sign in with
	Email      string
	Role       org.Role
	HasAccount bool // someone has an account with the address
}

// Faults of inviting and of accepting.
var (
	ErrNotFound = fault.New(fault.NotFound, "invitation_not_found", "There is no such invitation.").AsMiss()
	// ErrInvalid is one fault for every reason, because the secret is all that its holder has shown.
	ErrInvalid = fault.New(fault.Forbidden, "invitation_invalid",
		"This invitation was used, replaced or revoked, or its time is over. Ask for a new one.")
	ErrOtherAddress = fault.New(fault.Forbidden, "invitation_for_another_address",
		"This invitation is for another email address.")
	ErrOwnersOnly = fault.New(fault.Forbidden, "owners_invite_owners",
		"Only an owner can invite an owner, or replace or revoke such an invitation.")
	ErrTooMany = fault.New(fault.Conflict, "too_many_invitations",
		"Your organisation has 1000 open invitations, which is the most. Revoke some.")
	// ErrTwice is the fault of two invitations of one address at the same time.
	ErrTwice = fault.New(fault.Conflict, "invited_at_once", "Someone else is inviting this address. Look at the list.")
	// ErrNotSent says to try again, because the next invitation of the address replaces this one.
	ErrNotSent = fault.New(fault.Unavailable, "mail_not_sent", "The invitation could not be mailed. Invite them again.")
)

// Resource is what the audit log calls an invitation.
var Resource = audit.Resource{Name: "invitation", NotFound: ErrNotFound}

// New is a request for an invitation.
type New struct {
	Email string // in any case
	Role  org.Role
	Key   *idempotency.Key
}

func (n New) check() error {
	err := identity.CheckEmail(n.Email)
	if err == nil && !slices.Contains(org.Roles(), n.Role) {
		err = input.Invalid("role", "must be one of %v", org.Roles())
	}
	return err
}

// Acceptance is a request to accept an invitation.
type Acceptance struct {
	Email    string // must be the invitation's, in any case
	Name     string // of a new account; not used for one that there is
	Password string // of the account: the present one, or of a new account
}

// check reports the first invalid field.
func (a Acceptance) check() error {
	return cmp.Or(identity.CheckEmail(identity.NormalEmail(a.Email)), identity.CheckPassword(a.Password))
}
