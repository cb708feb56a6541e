package attack

import (
	"testing"

	"github.com/google/uuid"
)

// A user of another organisation is as unknown as none: users belong to no organisation.
var _ = add(func(w *world) resource {
	return resource{
		param: "user_id",
		make: func(t *testing.T, caller string) uuid.UUID {
			id := uuid.Must(uuid.NewV7())
			w.execute(t, `insert into app.users (id, email, name, password_hash)
				values ($1::uuid, $1::uuid || '@example.test', $2, '')`, id, w.text(caller))
			w.execute(t, "insert into app.memberships (org_id, user_id, role) values ($1, $2, 'member')",
				w.orgs[caller].ID.UUID, id)
			w.execute(t, "insert into app.quota_usage (org_id, holder_id, kind) values ($1, $2, 'sessions')",
				w.orgs[caller].ID.UUID, id)
			return id
		},
		bodies: map[string]func(*testing.T, string) map[string]any{
			"updateMember": func(*testing.T, string) map[string]any { return map[string]any{"role": "member"} },
		},
		rows: `
operation         id            none expired no-org viewer member other admin owner stranger suspended removed out
listMembers       -              401     401    401    200    200   200   200   200      200       401     401 401
listMembers       header         401     401    401    200    200   200   200   200      200       401     401 401
listMembers       filter         401     401    401    400    400   400   400   400      400       400     400 400
listMembers       cursor         401     401    401    400    400   400   400   400      200       400     400 400
listFormerMembers -              401     401    401    200    200   200   200   200      200       401     401 401
listFormerMembers filter         401     401    401    400    400   400   400   400      400       400     400 400
getMember         own            401     401    401    200    200   200   200   200      404       401     401 401
getMember         foreign        401     401    401    404    404   404   404   404      200       401     401 401
getMember         unknown        401     401    401    404    404   404   404   404      404       401     401 401
updateMember      own            401     401    401    403    403   403   200   200      404       401     401 401
updateMember      foreign        401     401    401    403    403   403   404   404      200       401     401 401
updateMember      unknown        401     401    401    403    403   403   404   404      404       401     401 401
updateMember      body           401     401    401    403    403   403   400   400      400       401     401 401
removeMember      own            401     401    401    403    403   403   204   204      404       401     401 401
removeMember      foreign        401     401    401    403    403   403   404   404      204       401     401 401
removeMember      unknown        401     401    401    403    403   403   404   404      404       401     401 401
`}
})
