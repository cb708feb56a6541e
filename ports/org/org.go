// Package org says what it means to act inside an organisation: the ids, the roles, and the scopes in which code may
// touch an organisation's rows. An org is a scope, not a filter: nothing here gives access to rows without naming
// exactly one.
package org

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// ID names an organisation.
type ID struct{ uuid.UUID }

// UserID names a person. People belong to no organisation; memberships tie them to some.
type UserID struct{ uuid.UUID }

// CredentialID names a sign-in or an API key: one row that is looked at each time its holder enters an organisation.
type CredentialID struct{ uuid.UUID }

// Role is what a member may do in one organisation.
type Role string

// The roles, from most to least.
const (
	RoleOwner  Role = "owner"  // everything, and alone makes and unmakes owners
	RoleAdmin  Role = "admin"  // reaches every session and sets the organisation up
	RoleMember Role = "member" // reaches its own sessions and those shared with it
	RoleViewer Role = "viewer" // looks at what is shared with it and changes nothing
)

// Roles lists every role, from most to least.
func Roles() []Role { return []Role{RoleOwner, RoleAdmin, RoleMember, RoleViewer} }

// ParseRole returns the role of this name, or an error that lists the names there are.
func ParseRole(name string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == name {
			return r, nil
		}
	}
	return "", fmt.Errorf("role %q is none of %v", name, Roles())
}

// Scope is one member acting in one organisation, by one credential. Its zero value is refused. Only Member makes
// one, and only adapters/http/auth.go calls Member (a test looks); the rest finds the Scope in the context, by this
// package's accessors. A Scope serves one request: it has at most one transaction open at a time.
type Scope struct {
	org        ID
	user       UserID
	role       Role
	credential CredentialID
	open       *atomic.Bool
}

// Member makes a scope from what authentication established. Whether it still holds is for the database to say, as each
// transaction enters.
func Member(org ID, user UserID, role Role, credential CredentialID) Scope {
	return Scope{org: org, user: user, role: role, credential: credential, open: new(atomic.Bool)}
}

// Org is the organisation that is acted in.
func (s Scope) Org() ID { return s.org }

// User is who acts.
func (s Scope) User() UserID { return s.user }

// Role is the role that the credential claims; entering refuses one that is no longer true.
func (s Scope) Role() Role { return s.role }

// Credential is what the member presented.
func (s Scope) Credential() CredentialID { return s.credential }

// IsAdmin tells whether the role reaches every session of the organisation.
func (s Scope) IsAdmin() bool { return s.role == RoleOwner || s.role == RoleAdmin }

// IsZero tells whether the scope was never made. Adapters refuse it.
func (s Scope) IsZero() bool { return s.open == nil }

// Open claims the scope for one transaction and reports whether it was free. A second transaction opened inside the
// first would wait for a connection that its own request holds, and would not see what the first has written;
// adapters refuse it.
func (s Scope) Open() bool { return s.open.CompareAndSwap(false, true) }

// Close gives the scope back after its transaction.
func (s Scope) Close() { s.open.Store(false) }

// String names the scope for a log; it holds no secret.
func (s Scope) String() string { return fmt.Sprintf("org %s user %s (%s)", s.org, s.user, s.role) }

// Scoped runs fn in one transaction that sees only the rows of one organisation. It commits when fn returns nil and
// rolls back otherwise. A transaction that lost a race is run again, so fn must not act on the world. Writes may be
// sent together with the commit: an error that one of them causes is then what Scoped returns.
type Scoped[Tx any] func(ctx context.Context, in Scope, fn func(Tx) error) error

// Reading gives the queries of one organisation, each of which enters, reads and leaves in a single round trip. It is
// for a use case that asks one question; several that must agree with each other belong in a Scoped.
type Reading[Queries any] func(in Scope) Queries

// AsService is Scoped for background work: one organisation at a time, under the service's name, which is audited.
// Handlers are never given one. Which organisations need it is asked of a definer function that returns ids and nothing
// else.
type AsService[Tx any] func(ctx context.Context, org ID, service string, fn func(Tx) error) error

// Clocked is a transaction that knows when it began. That is the time the database fills into the rows it writes.
type Clocked interface {
	// Now is the time at which the transaction began, by the database's clock.
	Now() time.Time
}
