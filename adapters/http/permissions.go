package http

import (
	"slices"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// permission is what an operation needs, as x-permission in the contract says.
type permission string

const (
	public           permission = "public" // nobody has to be known
	selfRead         permission = "self.read"
	selfManage       permission = "self.manage"
	templateRead     permission = "template.read"
	sessionRead      permission = "session.read"
	sessionCreate    permission = "session.create"
	sessionTerminate permission = "session.terminate"
	sessionConnect   permission = "session.connect"
)

// permissions lists every one that an operation may name.
var permissions = []permission{
	public, selfRead, selfManage, templateRead, sessionRead, sessionCreate, sessionTerminate, sessionConnect,
}

// granted is the one table of what each role may. Which rows it may it to is for the database to say: a member with
// session.terminate ends their own sessions, an admin every one of the organisation.
var granted = map[org.Role][]permission{
	org.RoleOwner:  members,
	org.RoleAdmin:  members,
	org.RoleMember: members,
	org.RoleViewer: {selfRead, selfManage, templateRead, sessionRead},
}

var members = []permission{
	selfRead, selfManage, templateRead, sessionRead, sessionCreate, sessionTerminate, sessionConnect,
}

// codeForbidden is the code of what a role does not include.
const codeForbidden = "forbidden"

// checkPermission refuses a role that does not have the permission.
func checkPermission(r org.Role, p permission) error {
	if slices.Contains(granted[r], p) {
		return nil
	}
	return fault.New(fault.Forbidden, codeForbidden, "the role %s does not include the permission %s", r, p).
		With("permission", string(p)).With("role", string(r))
}
