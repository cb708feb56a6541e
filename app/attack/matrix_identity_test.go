package attack

import "testing"

var _ = add(func(*world) resource {
	nothing := func(*testing.T, string) map[string]any { return map[string]any{} }
	return resource{
		bodies: map[string]func(*testing.T, string) map[string]any{"logIn": nothing, "refresh": nothing, "setUp": nothing},
		last:   []string{"logOut"},
		rows: `
operation      id               none expired no-org viewer member other admin owner stranger suspended removed out
setUp          -                 400     400    400    400    400   400   400   400      400       400     400 400
logIn          -                 400     400    400    400    400   400   400   400      400       400     400 400
refresh        -                 400     400    400    400    400   400   400   400      400       400     400 400
getMe          -                 401     401    401    200    200   200   200   200      200       401     401 401
getMe          header            401     401    401    200    200   200   200   200      200       401     401 401
logOut         -                 401     401    401    204    204   204   204   204      204       401     401 401
`}
})
