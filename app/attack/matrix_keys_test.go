package attack

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
)

var _ = add(func(w *world) resource {
	key := func(caller string) map[string]any {
		return map[string]any{"name": w.text(caller), "scopes": []string{"session.read"}}
	}
	return resource{
		param: "key_id",
		make: func(t *testing.T, caller string) uuid.UUID {
			t.Helper()
			var made struct{ ID uuid.UUID }
			create := servertest.Request{
				Method: http.MethodPost, Path: "/api/v1/keys", Bearer: w.bearers[caller], Body: key(caller),
			}
			if s := running.Call(t, create, &made); s != http.StatusCreated {
				t.Fatalf("make a key: %d", s)
			}
			return made.ID
		},
		bodies: map[string]func(*testing.T, string) map[string]any{
			"createKey": func(*testing.T, string) map[string]any { return key("member") },
			"rotateKey": func(*testing.T, string) map[string]any { return map[string]any{"overlap_hours": 1} },
		},
		rows: `
operation  id       none expired no-org viewer member other admin owner stranger suspended removed out
listKeys   -         401     401    401    200    200   200   200   200      200       401     401 401
listKeys   header    401     401    401    200    200   200   200   200      200       401     401 401
listKeys   filter    401     401    401    400    400   400   400   400      400       400     400 400
listKeys   cursor    401     401    401    400    400   400   400   400      200       400     400 400
createKey  -         401     401    401    201    201   201   201   201      201       401     401 401
createKey  body      401     401    401    400    400   400   400   400      400       400     400 400
rotateKey  own       401     401    401    404    201   404   404   404      403       401     401 401
rotateKey  foreign   401     401    401    403    403   403   403   403      201       401     401 401
rotateKey  unknown   401     401    401    404    404   404   404   404      404       401     401 401
rotateKey  body      401     401    401    400    400   400   400   400      400       400     400 400
revokeKey  own       401     401    401    404    204   404   204   204      403       401     401 401
revokeKey  foreign   401     401    401    403    403   403   403   403      204       401     401 401
revokeKey  unknown   401     401    401    404    404   404   404   404      404       401     401 401
`}
})
