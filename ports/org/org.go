// Package org has what it takes to act in an organisation: ids, roles, and the scopes in which code reaches an
// organisation's rows. Every module uses it.
//
// An organisation is a scope and not a filter. A use case gets a Scope, passes it to a Scoped or a Reading, and gets a
// transaction that sees the rows of exactly one organisation. No query names an organisation, so that none can forget
// it. adapters/postgres implements the three function types; row-level security does the filtering.
package org

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// ID is an organisation's id.
type ID struct{ uuid.UUID }

// UserID is a user's id. A user belongs to no organisation; memberships connect the two.
type UserID struct{ uuid.UUID }

// CredentialID is the id of a credential: a row that each transaction of its holder checks.
type CredentialID struct{ uuid.UUID }

// Role is what a member may do in one organisation.
type Role string

// The roles, from most to least.
const (
	RoleOwner  Role = "owner"  // everything; only owners can appoint or remove an owner
	RoleAdmin  Role = "admin"  // every session, and the organisation's settings
	RoleMember Role = "member" // their own sessions
	RoleViewer Role = "viewer" // reads and changes nothing
)

// Roles lists every role, from most to least.
func Roles() []Role { return []Role{RoleOwner, RoleAdmin, RoleMember, RoleViewer} }

// ParseRole returns the role with this name, or an error that lists all names.
func ParseRole(name string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == name {
			return r, nil
		}
	}
	return "", fmt.Errorf("role %q is none of %v", name, Roles())
}

// Scope is a member who acts in one organisation with one credential. Only Member makes one, and only
// adapters/http/auth.go may call Member, which a linter checks; all other code gets the Scope from the context with
// From. The zero value is refused. A Scope serves one request and has at most one open transaction at a time.
type Scope struct {
	org        ID
	user       UserID
	role       Role
	credential CredentialID
	open       *atomic.Bool
}

// Member makes a scope from the result of authentication. The result may be outdated: each transaction checks it again
// when it enters the organisation.
func Member(org ID, user UserID, role Role, credential CredentialID) Scope {
	return Scope{org: org, user: user, role: role, credential: credential, open: new(atomic.Bool)}
}

// Org is the organisation of the scope.
func (s Scope) Org() ID { return s.org }

// User is the member who acts.
func (s Scope) User() UserID { return s.user }

// Role is the role that the credential claims. Entering the organisation refuses an outdated one.
func (s Scope) Role() Role { return s.role }

// Credential is the id of the member's credential.
func (s Scope) Credential() CredentialID { return s.credential }

// IsAdmin reports whether the role can see every session of the organisation.
func (s Scope) IsAdmin() bool { return s.role == RoleOwner || s.role == RoleAdmin }

// IsZero reports whether no one was authenticated. Adapters refuse such a scope.
func (s Scope) IsZero() bool { return s.open == nil }

// Open marks the scope as having an open transaction. It returns false if it has one already, and the adapter must
// refuse then: a transaction inside another one would wait for a connection while its request holds one, and would not
// see what the first has written (docs/adr/0003-a-scope-serves-one-transaction-at-a-time.md).
func (s Scope) Open() bool { return s.open.CompareAndSwap(false, true) }

// Close marks the transaction as ended.
func (s Scope) Close() { s.open.Store(false) }

// String describes the scope for a log. It contains no secret.
func (s Scope) String() string { return fmt.Sprintf("org %s user %s (%s)", s.org, s.user, s.role) }

// Scoped runs fn in one transaction that sees only the rows of one organisation. It commits if fn returns nil, and
// rolls back otherwise. fn may run several times, because a transaction that lost a race is run again; it must have no
// effects outside the transaction. Writes may be sent together with the commit. So what fn has computed is valid only
// after Scoped has returned nil.
type Scoped[Tx any] func(ctx context.Context, in Scope, fn func(Tx) error) error

// Reading returns queries in one organisation, each in one round trip and in its own transaction. Use it for a single
// query. Several queries that must be consistent with each other need a Scoped.
type Reading[Queries any] func(in Scope) Queries

// AsService is Scoped for background work, in one organisation at a time. The audit log names the service as the actor.
// Handlers of requests never get one. A definer function, which returns only ids, says which organisations have work to
// do.
type AsService[Tx any] func(ctx context.Context, org ID, service string, fn func(Tx) error) error

// Clocked is a transaction that knows when it began. The database writes this time into rows, so that a use case can
// return a new row without reading it back.
type Clocked interface {
	// Now is the time at which the transaction began, by the database's clock.
	Now() time.Time
}

// ReadingAsService is Reading for background work, in one organisation at a time, under the name of the work.
type ReadingAsService[Queries any] func(org ID, service string) Queries
