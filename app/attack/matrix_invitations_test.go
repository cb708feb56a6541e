package attack

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
)

var _ = add(func(w *world) resource {
	nothing := func(*testing.T, string) map[string]any { return map[string]any{} }
	return resource{
		param: "invitation_id",
		make:  func(t *testing.T, caller string) uuid.UUID { return w.invite(t, caller) },
		bodies: map[string]func(*testing.T, string) map[string]any{
			"createInvitation": func(*testing.T, string) map[string]any { return invitation("") },
			"lookAtInvitation": func(_ *testing.T, id string) map[string]any { return map[string]any{"secret": id} },
			"acceptInvitation": nothing, "forgetPassword": nothing, "resetPassword": nothing,
		},
		rows: `
operation         id               none expired no-org viewer member other admin owner stranger suspended removed out
listInvitations   -                 401     401    401    403    403   403   200   200      200       401     401 401
listInvitations   header            401     401    401    403    403   403   200   200      200       401     401 401
listInvitations   filter            401     401    401    403    403   403   400   400      400       401     401 401
listInvitations   cursor            401     401    401    403    403   403   400   400      200       401     401 401
createInvitation  -                 401     401    401    403    403   403   201   201      201       401     401 401
createInvitation  body              401     401    401    403    403   403   400   400      400       401     401 401
deleteInvitation  own               401     401    401    403    403   403   204   204      403       401     401 401
deleteInvitation  foreign           401     401    401    403    403   403   403   403      204       401     401 401
deleteInvitation  unknown           401     401    401    403    403   403   404   404      404       401     401 401
lookAtInvitation  -                 403     403    403    403    403   403   403   403      403       403     403 403
acceptInvitation  -                 400     400    400    400    400   400   400   400      400       400     400 400
forgetPassword    -                 400     400    400    400    400   400   400   400      400       400     400 400
resetPassword     -                 400     400    400    400    400   400   400   400      400       400     400 400
`}
})

// invitation is a body that invites a new address: another invitation of the same one would replace it.
func invitation(word string) map[string]any {
	return map[string]any{"email": word + uuid.NewString() + "@example.test", "role": "member"}
}

// invite makes an invitation to a caller's organisation, as its owner, with the canary in the other's address.
func (w *world) invite(t *testing.T, caller string) uuid.UUID {
	t.Helper()
	word := ""
	if w.orgs[caller] == w.globex {
		word = w.canary
	} else {
		caller = "owner"
	}
	var made struct{ ID uuid.UUID }
	create := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/invitations", Bearer: w.bearers[caller], Body: invitation(word),
	}
	if s := running.Call(t, create, &made); s != http.StatusCreated {
		t.Fatalf("invite: %d", s)
	}
	return made.ID
}
