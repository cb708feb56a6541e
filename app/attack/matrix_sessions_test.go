package attack

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
)

// 503 is a stream that was let through to its session: no agent is connected here.
var _ = add(func(w *world) resource {
	m := sessionMatrix{world: w, tickets: map[string][]string{}}
	return resource{
		param: "session_id", make: m.launch, prepare: m.prepare,
		bodies: map[string]func(*testing.T, string) map[string]any{"createSession": m.template},
		credentials: map[string]func(*testing.T, string) map[string]string{
			"streamSession": m.upgrade, "streamLog": w.upgrade,
		},
		rows: `
operation      id               none expired no-org viewer member other admin owner stranger suspended removed out
listSessions   -                 401     401    401    200    200   200   200   200      200       401     401 401
listSessions   header            401     401    401    200    200   200   200   200      200       401     401 401
listSessions   filter            401     401    401    400    400   400   400   400      400       400     400 400
listSessions   cursor            401     401    401    400    400   400   400   400      200       400     400 400
createSession  own               401     401    401    403    201   201   201   201      403       401     401 401
createSession  foreign           401     401    401    403    403   403   403   403      201       401     401 401
createSession  unknown           401     401    401    403    404   404   404   404      404       401     401 401
createSession  body              401     401    401    403    400   400   400   400      400       400     400 400
getSession     own               401     401    401    404    200   404   200   200      403       401     401 401
getSession     foreign           401     401    401    403    403   403   403   403      200       401     401 401
getSession     unknown           401     401    401    404    404   404   404   404      404       401     401 401
listSessionEvents own            401     401    401    404    200   404   200   200      403       401     401 401
listSessionEvents foreign        401     401    401    403    403   403   403   403      200       401     401 401
listSessionEvents unknown        401     401    401    404    404   404   404   404      404       401     401 401
updateSession  own               401     401    401    403    200   404   200   200      403       401     401 401
updateSession  foreign           401     401    401    403    403   403   403   403      200       401     401 401
updateSession  unknown           401     401    401    403    404   404   404   404      404       401     401 401
updateSession  body              401     401    401    403    400   400   400   400      400       400     400 400
createTicket   own               401     401    401    403    201   404   201   201      403       401     401 401
createTicket   foreign           401     401    401    403    403   403   403   403      201       401     401 401
createTicket   unknown           401     401    401    403    404   404   404   404      404       401     401 401
takeOverSession own              401     401    401    403    403   403   409   409      403       401     401 401
takeOverSession foreign          401     401    401    403    403   403   403   403      200       401     401 401
takeOverSession unknown          401     401    401    403    403   403   404   404      404       401     401 401
streamSession  own               401     401    401    401    503   404   503   503      403       401     401 401
streamSession  foreign           401     401    401    401    403   403   403   403      503       401     401 401
streamSession  unknown           401     401    401    401    404   404   404   404      404       401     401 401
streamLog      own               401     401    401    404    503   404   503   503      403       401     401 401
streamLog      foreign           401     401    401    403    403   403   403   403      503       401     401 401
streamLog      unknown           401     401    401    404    404   404   404   404      404       401     401 401
deleteSession  own               401     401    401    403    202   404   202   202      403       401     401 401
deleteSession  foreign           401     401    401    403    403   403   403   403      202       401     401 401
deleteSession  unknown           401     401    401    403    404   404   404   404      404       401     401 401
`}
})

// sessionMatrix is what the rows of sessions need.
type sessionMatrix struct {
	*world
	tickets map[string][]string // got before their callers lost their access
}

// prepare gets tickets for those who are about to lose their access, one for each row.
func (m *sessionMatrix) prepare(t *testing.T) {
	t.Helper()
	for _, caller := range []string{"suspended", "removed", "out"} {
		id := m.launch(t, caller)
		for range 3 {
			m.tickets[caller] = append(m.tickets[caller], m.ticket(t, caller, id))
		}
	}
}

// launch starts a session whose display is said to run.
func (m *sessionMatrix) launch(t *testing.T, caller string) uuid.UUID {
	t.Helper()
	o := m.orgs[caller]
	running.AgentSeen(t, o)
	var made struct{ ID uuid.UUID }
	create := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: m.bearers[caller],
		Body: map[string]string{"template": "desk", "name": m.text(caller)},
	}
	if s := running.Call(t, create, &made); s != http.StatusCreated {
		t.Fatalf("launch: %d", s)
	}
	running.Report(t, o, made.ID.String(), "running")
	return made.ID
}

// template is the body that starts a session from a template of the caller's organisation, of another's, or an unknown
// one. On a busy machine the rows before can take longer than an agent counts as connected (30 s).
func (m *sessionMatrix) template(t *testing.T, id string) map[string]any {
	t.Helper()
	for _, caller := range []string{"member", "stranger"} {
		running.AgentSeen(t, m.orgs[caller])
	}
	return map[string]any{"template": m.id(t, m.api["getTemplate"], "template_id", id).String()}
}

// upgrade makes the request one for a stream, with a ticket for a session that the caller can see, where they have one.
func (m *sessionMatrix) upgrade(t *testing.T, caller string) map[string]string {
	t.Helper()
	offered := "binary"
	if k := m.ticketOf(t, caller); k != "" {
		offered += ", ticket." + k
	}
	return map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": offered, "Origin": "http://localhost",
	}
}

func (m *sessionMatrix) ticketOf(t *testing.T, caller string) string {
	t.Helper()
	switch caller {
	case "member", "admin", "owner":
		return m.ticket(t, caller, m.known(t, "session_id", "member"))
	case "stranger":
		return m.ticket(t, caller, m.known(t, "session_id", "stranger"))
	case "other":
		return m.ticket(t, caller, m.launch(t, caller))
	case "suspended", "removed", "out":
		k := m.tickets[caller][0]
		m.tickets[caller] = m.tickets[caller][1:]
		return k
	default:
		return ""
	}
}

func (m *sessionMatrix) ticket(t *testing.T, caller string, id uuid.UUID) string {
	t.Helper()
	var k struct{ Ticket string }
	create := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/sessions/" + id.String() + "/tickets", Bearer: m.bearers[caller],
	}
	if s := running.Call(t, create, &k); s != http.StatusCreated {
		t.Fatalf("ticket: %d", s)
	}
	return k.Ticket
}
