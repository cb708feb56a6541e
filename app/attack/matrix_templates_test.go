package attack

import (
	"testing"

	"github.com/google/uuid"
)

var _ = add(func(w *world) resource {
	return resource{
		param: "template_id",
		make:  func(_ *testing.T, caller string) uuid.UUID { return w.orgs[caller].Template },
		prepare: func(t *testing.T) {
			w.execute(t, "update app.templates set title = $2, description = $2 where org_id = $1", w.globex.ID.UUID, w.canary)
		},
		rows: `
operation      id               none expired no-org viewer member other admin owner stranger suspended removed out
listTemplates  -                 401     401    401    200    200   200   200   200      200       401     401 401
listTemplates  filter            401     401    401    400    400   400   400   400      400       400     400 400
getTemplate    own               401     401    401    200    200   200   200   200      403       401     401 401
getTemplate    foreign           401     401    401    403    403   403   403   403      200       401     401 401
getTemplate    unknown           401     401    401    404    404   404   404   404      404       401     401 401
`}
})
