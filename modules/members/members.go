// Package members has the people of an organisation: who they are, what they may do, and who has left. adapters/http
// calls Service. Users become members by an invitation, or through an operator (modules/orgs).
//
// A membership is one row with a role. The sign-ins of a member copy the role by a foreign key: a change of the role
// and a removal take effect with the next transaction of every process, and open streams close within two seconds. What
// a user leaves behind is their name, which sessions and the audit log still need, and their sessions, which an admin
// can take over or end for a day (modules/sessions).
package members

import (
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Member is a user in an organisation.
type Member struct {
	ID     org.UserID
	Email  string // lower case
	Name   string // for people
	Role   org.Role
	Since  time.Time
	Ends   time.Time // of an operator's grant; zero: the membership has no end
	Reason string    // why an operator gave the membership; empty without an end
}

// Former is a user who has left.
type Former struct {
	ID    org.UserID
	Email string
	Name  string
	Left  time.Time
}

// Faults of changing members.
var (
	ErrNotFound = fault.New(fault.NotFound, "member_not_found", "There is no such member.").AsMiss()
	// ErrOwnersOnly keeps admins from making themselves owners, and owners from being removed by admins.
	ErrOwnersOnly = fault.New(fault.Forbidden, "owners_only", "Only an owner can make, change or remove an owner.")
	// ErrEnds is the fault of changing an operator's grant, whose role is a part of what its reason explains.
	ErrEnds = fault.New(fault.Conflict, "membership_ends",
		"An operator gave this membership for a limited time. You can remove it, but not change its role.")
)
