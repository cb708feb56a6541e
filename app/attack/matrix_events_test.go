package attack

import "testing"

// 101 and 200 are streams that began. What had come within a moment was looked at for the other organisation's words.
var _ = add(func(w *world) resource {
	return resource{
		credentials: map[string]func(*testing.T, string) map[string]string{
			"streamEvents": w.upgrade, "streamSessions": w.upgrade, "streamMetrics": w.upgrade,
		},
		rows: `
operation      id               none expired no-org viewer member other admin owner stranger suspended removed out
streamEvents   -                 401     401    401    101    101   101   101   101      101       401     401 401
streamEvents   header            401     401    401    101    101   101   101   101      101       401     401 401
streamEvents   filter            401     401    401    400    400   400   400   400      400       400     400 400
followEvents   -                 401     401    401    200    200   200   200   200      200       401     401 401
followEvents   header            401     401    401    200    200   200   200   200      200       401     401 401
followEvents   filter            401     401    401    400    400   400   400   400      400       400     400 400
streamSessions -                 401     401    401    101    101   101   101   101      101       401     401 401
streamSessions header            401     401    401    101    101   101   101   101      101       401     401 401
streamSessions filter            401     401    401    400    400   400   400   400      400       400     400 400
streamMetrics  -                 401     401    401    101    101   101   101   101      101       401     401 401
streamMetrics  header            401     401    401    101    101   101   101   101      101       401     401 401
streamMetrics  filter            401     401    401    400    400   400   400   400      400       400     400 400
`}
})

// upgrade asks for a WebSocket with the caller's token.
func (w *world) upgrade(_ *testing.T, caller string) map[string]string {
	all := map[string]string{}
	for name, values := range handshake() {
		all[name] = values[0]
	}
	if w.bearers[caller] != "" {
		all["Authorization"] = "Bearer " + w.bearers[caller]
	}
	return all
}
