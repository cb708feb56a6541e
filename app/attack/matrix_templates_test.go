package attack

import (
	"testing"

	"github.com/google/uuid"
)

var _ = add(func(w *world) resource {
	return resource{
		param: "template_id",
		make: func(t *testing.T, caller string) uuid.UUID {
			id := uuid.Must(uuid.NewV7())
			// In the organisation's scope, which the trigger that counts the templates needs.
			w.execute(t, `with scope as materialized (select set_config('app.org_id', $1::uuid::text, true))
				insert into app.templates (org_id, id, name, title, description, spec)
				select $1::uuid, $2::uuid, $2::uuid::text, $3, $3, jsonb_build_object('command', array[$3::text]) from scope`,
				w.orgs[caller].ID.UUID, id, w.text(caller))
			return id
		},
		bodies: map[string]func(*testing.T, string) map[string]any{
			"createTemplate": func(*testing.T, string) map[string]any {
				return map[string]any{"name": uuid.NewString(), "title": "X", "spec": map[string]any{}}
			},
		},
		rows: `
operation      id               none expired no-org viewer member other admin owner stranger suspended removed out
listTemplates  -                 401     401    401    200    200   200   200   200      200       401     401 401
listTemplates  header            401     401    401    200    200   200   200   200      200       401     401 401
listTemplates  filter            401     401    401    400    400   400   400   400      400       400     400 400
listTemplates  cursor            401     401    401    400    400   400   400   400      200       400     400 400
createTemplate -                 401     401    401    403    403   403   201   201      201       401     401 401
createTemplate header            401     401    401    403    403   403   201   201      201       401     401 401
createTemplate body              401     401    401    403    403   403   400   400      400       401     401 401
getTemplate    own               401     401    401    200    200   200   200   200      403       401     401 401
getTemplate    foreign           401     401    401    403    403   403   403   403      200       401     401 401
getTemplate    unknown           401     401    401    404    404   404   404   404      404       401     401 401
updateTemplate own               401     401    401    403    403   403   200   200      403       401     401 401
updateTemplate foreign           401     401    401    403    403   403   403   403      200       401     401 401
updateTemplate unknown           401     401    401    403    403   403   404   404      404       401     401 401
updateTemplate body              401     401    401    403    403   403   400   400      400       401     401 401
deleteTemplate own               401     401    401    403    403   403   204   204      403       401     401 401
deleteTemplate foreign           401     401    401    403    403   403   403   403      204       401     401 401
deleteTemplate unknown           401     401    401    403    403   403   404   404      404       401     401 401
requestPublication  own          401     401    401    403    403   403   200   200      403       401     401 401
requestPublication  foreign      401     401    401    403    403   403   403   403      200       401     401 401
requestPublication  unknown      401     401    401    403    403   403   404   404      404       401     401 401
withdrawPublication own          401     401    401    403    403   403   204   204      403       401     401 401
withdrawPublication foreign      401     401    401    403    403   403   403   403      204       401     401 401
withdrawPublication unknown      401     401    401    403    403   403   404   404      404       401     401 401
`}
})
