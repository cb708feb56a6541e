package attack

import (
	"testing"

	"github.com/google/uuid"
)

// The agent of each organisation serves it alone.
var _ = add(func(w *world) resource {
	return resource{
		param: "agent_id",
		make:  func(_ *testing.T, caller string) uuid.UUID { return w.orgs[caller].Agent },
		rows: `
operation  id      none expired no-org viewer member other admin owner stranger suspended removed out
listAgents -       401     401    401    403    403   403   200   200      200       401     401 401
listAgents header  401     401    401    403    403   403   200   200      200       401     401 401
listAgents filter  401     401    401    403    403   403   400   400      400       401     401 401
listAgents cursor  401     401    401    403    403   403   400   400      200       401     401 401
getAgent   own     401     401    401    403    403   403   200   200      403       401     401 401
getAgent   foreign 401     401    401    403    403   403   403   403      200       401     401 401
getAgent   unknown 401     401    401    403    403   403   404   404      404       401     401 401
`}
})
