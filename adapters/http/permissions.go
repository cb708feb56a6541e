package http

import (
	"slices"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// permission is what an operation needs, as x-permission in the contract says.
type permission string

// public is the permission of an operation that asks for no credential.
const public permission = "public"

var (
	everyone = org.Roles()
	members  = []org.Role{org.RoleOwner, org.RoleAdmin, org.RoleMember}
)

// permissions is the one table of what each role may do. Which rows a role may do it to is the database's decision: a
// member with session.terminate ends their own sessions, an admin every session of the organisation.
var permissions = map[permission][]org.Role{
	"self.read":         everyone,
	"self.manage":       everyone,
	"template.read":     everyone,
	"session.read":      everyone,
	"session.create":    members,
	"session.terminate": members,
	"session.connect":   members,
}

// exists tells whether an operation may name the permission.
func (p permission) exists() bool { return p == public || permissions[p] != nil }

var errForbidden = fault.New(fault.Forbidden, "forbidden", "Your role does not allow this.")

// checkPermission refuses a role that does not have the permission.
func checkPermission(r org.Role, p permission) error {
	if slices.Contains(permissions[p], r) {
		return nil
	}
	return errForbidden.Saying("Your role %s does not include the permission %s.", r, p).
		With("permission", string(p)).With("role", string(r))
}
