package http

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// ticket asks for a ticket of a session of acme.
func (f *fixture) ticket(id string) string {
	f.t.Helper()
	w := f.member(http.MethodPost, "/api/v1/sessions/"+id+"/tickets", "")
	wantStatus(f.t, w, http.StatusCreated)
	var got struct {
		Ticket    string `json:"ticket"`
		ExpiresIn int    `json:"expires_in"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		f.t.Fatal(err)
	}
	if got.ExpiresIn != 30 {
		f.t.Errorf("expires_in = %d", got.ExpiresIn)
	}
	return got.Ticket
}

// stream asks for a session's stream as a browser does, but for the headers given; an empty one is left out.
func stream(id, ticket string, but map[string]string) ask {
	h := map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Origin": publicURL,
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "binary, ticket." + ticket,
	}
	maps.Copy(h, but)
	maps.DeleteFunc(h, func(_, v string) bool { return v == "" })
	return ask{method: http.MethodGet, path: "/api/v1/sessions/" + id + "/stream", header: h}
}

func TestATicketOpensItsStreamOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.addSession(f.acme).String()
	a := stream(id, f.ticket(id), nil)
	wantStatus(t, f.do(a), http.StatusSwitchingProtocols)
	if f.seen.session != id || f.seen.scope.User() != f.who.User || f.seen.scope.Org() != f.acme ||
		f.seen.scope.Credential() != f.who.Credential {
		t.Errorf("the stream's handler saw %s of %s", f.seen.session, f.seen.scope)
	}
	wantProblem(t, f.do(a), http.StatusUnauthorized, "ticket_invalid")
}

func TestAStreamIsRefusedWithoutUsingTheTicketUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.addSession(f.acme).String()
	ticket := f.ticket(id)
	for name, c := range map[string]struct {
		but    map[string]string
		status int
		code   string
	}{
		"a foreign origin":      {map[string]string{"Origin": "https://evil.test"}, 403, "cross_origin"},
		"another port":          {map[string]string{"Origin": publicURL + ":8443"}, 403, "cross_origin"},
		"a hidden origin":       {map[string]string{"Origin": "null"}, 403, "cross_origin"},
		"a browser without one": {map[string]string{"Origin": "", "Sec-Fetch-Site": "cross-site"}, 403, "cross_origin"},
		"foreign, no ticket": {map[string]string{"Origin": "https://evil.test", "Sec-WebSocket-Protocol": ""}, 403,
			"cross_origin"},
		"no ticket":       {map[string]string{"Sec-WebSocket-Protocol": "binary"}, 401, "ticket_invalid"},
		"an empty ticket": {map[string]string{"Sec-WebSocket-Protocol": "binary, ticket."}, 401, "ticket_invalid"},
		"no WebSocket":    {map[string]string{"Upgrade": ""}, 426, "upgrade_required"},
		"no upgrade":      {map[string]string{"Connection": "keep-alive"}, 426, "upgrade_required"},
		"an old version":  {map[string]string{"Sec-WebSocket-Version": "8"}, 426, "upgrade_required"},
		"a short key":     {map[string]string{"Sec-WebSocket-Key": "eA=="}, 426, "upgrade_required"},
		"no binary": {map[string]string{"Sec-WebSocket-Protocol": "ticket." + ticket}, 400,
			"subprotocol_required"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, f.do(stream(id, ticket, c.but)), c.status, c.code) })
	}
	a := stream(id, ticket, map[string]string{"Origin": ""}) // a program that is no browser
	wantStatus(t, f.do(a), http.StatusSwitchingProtocols)
}

func TestACredentialOpensNoStream(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := stream(f.addSession(f.acme).String(), "", nil)
	a.token, a.cookie = f.token, f.secret.Reveal()
	wantProblem(t, f.do(a), http.StatusUnauthorized, "ticket_invalid")
}

func TestATicketOpensNoOtherSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, own := f.addSession(f.acme).String(), f.addSession(f.acme).String()
	for name, c := range map[string]struct {
		path   string
		status int
		code   string
	}{
		"another organisation's": {f.addSession(f.globex).String(), 403, "other_org"},
		"an unknown one":         {uuid.NewString(), 404, "session_not_found"},
		"another of their own":   {own, 404, "session_not_found"},
		"no id":                  {"x", 400, "invalid_parameter"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, f.do(stream(c.path, f.ticket(id), nil)), c.status, c.code) })
	}
	if f.seen.session != "" {
		t.Errorf("%s was opened", f.seen.session)
	}
}

func TestATicketIsHeldAgainstThePermission(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.addSession(f.acme).String()
	ticket := f.ticket(id)
	f.world.mu.Lock()
	for h, a := range f.world.tickets { // the role that the database says now
		a.Role = org.RoleViewer
		f.world.tickets[h] = a
	}
	f.world.mu.Unlock()
	wantProblem(t, f.do(stream(id, ticket, nil)), http.StatusForbidden, "forbidden")
}

func TestTicketsForOthersCountAsMisses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, theirs := f.addSession(f.acme).String(), f.addSession(f.globex).String()
	tickets := make([]string, missesBurst+1)
	for i := range tickets {
		tickets[i] = f.ticket(id)
	}
	for _, ticket := range tickets[:missesBurst] {
		wantProblem(t, f.do(stream(theirs, ticket, nil)), http.StatusForbidden, "other_org")
	}
	wantProblem(t, f.do(stream(theirs, tickets[missesBurst], nil)), http.StatusTooManyRequests, "too_many_misses")
}
