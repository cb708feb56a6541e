package attack

import (
	"cmp"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

var _ = add(func(w *world) resource {
	// Another sign-in of the caller's: to end it does not change the next answer.
	signIn := func(t *testing.T, caller string) (public uuid.UUID) {
		t.Helper()
		id, hash := uuid.Must(uuid.NewV7()), secret.New().Hash()
		w.execute(t, "select rls.sign_in($1, $2, $3, $4, $5, '', $6)",
			w.callers[caller].User.UUID, w.orgs[caller].ID.UUID, id,
			hash[:], time.Now().Add(time.Hour), w.text(caller))
		conn := database.Superuser(t)
		defer func() { _ = conn.Close(t.Context()) }() // it has done its work
		if err := conn.QueryRow(t.Context(), "select public_id from app.credentials where id = $1", id).
			Scan(&public); err != nil {
			t.Fatal(err)
		}
		return public
	}
	return resource{
		bodies: map[string]func(*testing.T, string) map[string]any{
			"changePassword": func(_ *testing.T, id string) map[string]any {
				body := map[string]any{"current_password": servertest.Password, "new_password": servertest.Password}
				if id == "wrong" {
					body["current_password"] = "wrong"
				}
				return body
			},
			"switchOrg": func(_ *testing.T, id string) map[string]any {
				of := map[string]string{"own": w.acme.Slug, "foreign": w.globex.Slug, "unknown": "no-such-organisation"}
				return map[string]any{"org": cmp.Or(of[id], w.acme.Slug)}
			},
		},
		param: "sign_in_id", make: signIn, last: []string{"endOtherSignIns"},
		rows: `
operation        id             none expired no-org viewer member other admin owner stranger suspended removed out
listSignIns      -               401     401    401    200    200   200   200   200      200       401     401 401
listSignIns      header          401     401    401    200    200   200   200   200      200       401     401 401
listSignIns      filter          401     401    401    400    400   400   400   400      400       400     400 400
listSignIns      cursor          401     401    401    400    400   400   400   400      200       400     400 400
endSignIn        own             401     401    401    404    204   404   404   404      403       401     401 401
endSignIn        foreign         401     401    401    403    403   403   403   403      204       401     401 401
endSignIn        unknown         401     401    401    404    404   404   404   404      404       401     401 401
listOrgs         -               401     401    401    200    200   200   200   200      200       401     401 401
listOrgs         header          401     401    401    200    200   200   200   200      200       401     401 401
listOrgs         filter          401     401    401    400    400   400   400   400      400       400     400 400
switchOrg        own             401     401    401    200    200   200   200   200      403       401     401 401
switchOrg        foreign         401     401    401    403    403   403   403   403      200       401     401 401
switchOrg        unknown         401     401    401    403    403   403   403   403      403       401     401 401
switchOrg        body            401     401    401    400    400   400   400   400      400       400     400 400
changePassword   -               401     401    401    204    204   204   204   204      204       401     401 401
changePassword   wrong           401     401    401    403    403   403   403   403      403       401     401 401
changePassword   body            401     401    401    400    400   400   400   400      400       400     400 400
endOtherSignIns  -               401     401    401    204    204   204   204   204      204       401     401 401
`}
})
