package attack

import "testing"

var _ = add(func(*world) resource {
	return resource{
		bodies: map[string]func(*testing.T, string) map[string]any{
			"updateSettings": func(*testing.T, string) map[string]any { return map[string]any{"max_key_days": 365} },
		},
		rows: `
operation       id     none expired no-org viewer member other admin owner stranger suspended removed out
getSettings     -       401     401    401    200    200   200   200   200      200       401     401 401
getSettings     header  401     401    401    200    200   200   200   200      200       401     401 401
getSettings     filter  401     401    401    400    400   400   400   400      400       400     400 400
updateSettings  -       401     401    401    403    403   403   200   200      200       401     401 401
updateSettings  body    401     401    401    403    403   403   400   400      400       401     401 401
`}
})
