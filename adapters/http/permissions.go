package http

import (
	"slices"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// permission is what an operation requires of the caller's role: its x-permission in the contract, "<resource>.<verb>".
type permission string

// public marks an operation that everyone may use without signing in.
const public permission = "public"

var (
	everyone   = org.Roles()
	notViewers = []org.Role{org.RoleOwner, org.RoleAdmin, org.RoleMember}
	admins     = []org.Role{org.RoleOwner, org.RoleAdmin}
)

// permissions is the only table of what each role may do. It decides about operations; the policies of the database
// decide about rows. So a member with session.terminate can end their own sessions, and an admin every session of the
// organisation.
var permissions = map[permission][]org.Role{
	"self.read":         everyone,
	"self.manage":       everyone,
	"template.read":     everyone,
	"template.manage":   admins,
	"template.publish":  admins,
	"session.read":      everyone,
	"session.create":    notViewers,
	"session.update":    notViewers,
	"session.terminate": notViewers,
	"session.connect":   notViewers,
	"session.take_over": admins,
	"member.read":       everyone,
	"member.manage":     admins,
	"invitation.manage": admins,
	"quota.read":        everyone,
	"quota.manage":      admins,
	"audit.read":        everyone,
	"agent.read":        admins,
	"audit.export":      admins,
	"audit.verify":      admins,
	"event.read":        everyone,
	"settings.read":     everyone,
	"settings.manage":   admins,
	"key.read":          everyone,
	"key.manage":        everyone,
}

// exists reports whether an operation may name the permission.
func (p permission) exists() bool { return p == public || permissions[p] != nil }

// unscoped are the permissions that no API key has: they concern passwords, sign-ins and keys themselves. A leaked key
// could otherwise outlive its revocation.
var unscoped = []permission{"self.manage", "key.read", "key.manage"}

// scopes lists the permissions that an API key can have, by name.
func scopes() (all []string) {
	for p := range permissions {
		if !slices.Contains(unscoped, p) {
			all = append(all, string(p))
		}
	}
	slices.Sort(all)
	return all
}

var errScope = fault.New(fault.Forbidden, "insufficient_scope", "This API key does not allow this.")

// checkScopes refuses an API key that does not have the permission among its scopes. Without scopes it is a sign-in.
func checkScopes(scopes []string, p permission) error {
	if scopes == nil || slices.Contains(scopes, string(p)) && !slices.Contains(unscoped, p) {
		return nil
	}
	return errScope.Saying("This API key does not have the scope %s.", p).With("permission", string(p))
}

var errForbidden = fault.New(fault.Forbidden, "forbidden", "Your role does not allow this.")

// checkPermission refuses a role that does not have the permission.
func checkPermission(r org.Role, p permission) error {
	if slices.Contains(permissions[p], r) {
		return nil
	}
	return errForbidden.Saying("Your role %s does not include the permission %s.", r, p).
		With("permission", string(p)).With("role", string(r))
}

// may reports whether the caller's role and credential have the permission.
func (c caller) may(p permission) bool {
	return checkPermission(c.scope.Role(), p) == nil && checkScopes(c.scopes, p) == nil
}
