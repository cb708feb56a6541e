package attack

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	tokens "github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// world is two organisations, and everyone who might ask for something of theirs.
type world struct {
	acme, globex *dbtest.Org
	callers      map[string]dbtest.Person
	bearers      map[string]string
	tickets      map[string][]string // got before their callers lost their access
	canary       string              // in every row of globex that can hold one
	unknown      uuid.UUID
	owned        map[string]uuid.UUID // a session by whose it is: "own", "foreign"
	cursor       string               // behind a session of globex
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		canary: "canary-" + strings.ReplaceAll(uuid.NewString(), "-", ""), unknown: uuid.Must(uuid.NewV7()),
		bearers: map[string]string{"none": ""}, tickets: map[string][]string{}, owned: map[string]uuid.UUID{},
	}
	running.Log.LookFor(w.canary)
	spec := dbtest.Spec{PerOrg: 1000, PerUser: 1000, Members: 3}
	w.acme, w.globex = running.NewOrg(t, spec), running.NewOrg(t, spec)
	suspended := running.NewOrg(t, spec)
	w.callers = map[string]dbtest.Person{
		"none": {}, "expired": w.acme.Member, "no-org": w.acme.Member, "viewer": w.acme.Viewer, "member": w.acme.Member,
		"other": w.acme.Members[0], "admin": w.acme.Admin, "owner": w.acme.Owner, "stranger": w.globex.Owner,
		"suspended": suspended.Member, "removed": w.acme.Members[1], "out": w.acme.Members[2],
	}
	for caller, p := range w.callers {
		switch caller {
		case "none":
		case "expired":
			w.bearers[caller] = forged(t, w.acme, p, -time.Hour)
		case "no-org":
			w.bearers[caller] = forged(t, nil, p, time.Hour)
		default:
			w.bearers[caller] = running.Bearer(t, p)
		}
	}
	w.plant(t, suspended)
	w.withdraw(t, suspended)
	return w
}

// plant fills both organisations, globex with canaries.
func (w *world) plant(t *testing.T, suspended *dbtest.Org) {
	t.Helper()
	super := database.Superuser(t)
	for _, sql := range []string{
		"update app.templates set title = $2, description = $2 where org_id = $1",
		"update app.organizations set name = $2 where id = $1",
		"update app.users set name = $2 where id in (select user_id from app.memberships where org_id = $1)",
	} {
		if _, err := super.Exec(t.Context(), sql, w.globex.ID.UUID, w.canary); err != nil {
			t.Fatal(err)
		}
	}
	w.owned["own"] = w.launch(t, w.bearers["member"], w.acme)
	w.owned["foreign"] = w.launch(t, w.bearers["stranger"], w.globex)
	w.cursor = page.Cursor{Key: time.Now().UTC().Format(time.RFC3339Nano), ID: w.owned["foreign"]}.String()
	for caller, o := range map[string]*dbtest.Org{"suspended": suspended, "removed": w.acme, "out": w.acme} {
		id := w.launch(t, w.bearers[caller], o)
		for range 3 {
			w.tickets[caller] = append(w.tickets[caller], w.ticket(t, w.bearers[caller], id))
		}
	}
}

// withdraw takes access away, as operators and members do.
func (w *world) withdraw(t *testing.T, suspended *dbtest.Org) {
	t.Helper()
	super := database.Superuser(t)
	if _, err := super.Exec(t.Context(), "update app.organizations set suspended = true where id = $1",
		suspended.ID.UUID); err != nil {
		t.Fatal(err)
	}
	if _, err := super.Exec(t.Context(), "delete from app.memberships where org_id = $1 and user_id = $2",
		w.acme.ID.UUID, w.callers["removed"].User.UUID); err != nil {
		t.Fatal(err)
	}
	out := servertest.Request{Method: http.MethodPost, Path: "/api/v1/auth/logout", Bearer: w.bearers["out"]}
	if s := running.Call(t, out, nil); s != http.StatusNoContent {
		t.Fatalf("sign out: %d", s)
	}
}

// launch starts a session whose display is said to run, with the canary for a name where that is due.
func (w *world) launch(t *testing.T, bearer string, o *dbtest.Org) uuid.UUID {
	t.Helper()
	name := "desk"
	if o == w.globex {
		name = w.canary
	}
	running.AgentSeen(t, o)
	var made struct{ ID uuid.UUID }
	create := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: bearer,
		Body: map[string]string{"template": "desk", "name": name},
	}
	if s := running.Call(t, create, &made); s != http.StatusCreated {
		t.Fatalf("launch: %d", s)
	}
	running.Report(t, o, made.ID.String(), "running")
	return made.ID
}

func (w *world) ticket(t *testing.T, bearer string, id uuid.UUID) string {
	t.Helper()
	var k struct{ Ticket string }
	create := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/sessions/" + id.String() + "/tickets", Bearer: bearer,
	}
	if s := running.Call(t, create, &k); s != http.StatusCreated {
		t.Fatalf("ticket: %d", s)
	}
	return k.Ticket
}

func (w *world) bearer(caller string) string { return w.bearers[caller] }

// session is the id to ask for. A deletion gets a session of its own, so that one answer does not change the next.
func (w *world) session(t *testing.T, operation, id string) string {
	t.Helper()
	switch {
	case id == "unknown":
		return w.unknown.String()
	case operation == "deleteSession" && id == "own":
		return w.launch(t, w.bearers["member"], w.acme).String()
	case operation == "deleteSession" && id == "foreign":
		return w.launch(t, w.bearers["stranger"], w.globex).String()
	default:
		return w.owned[id].String()
	}
}

func (w *world) template(id string) string {
	switch id {
	case "own":
		return w.acme.Template.String()
	case "foreign":
		return w.globex.Template.String()
	default:
		return w.unknown.String()
	}
}

// upgrade makes the request one for a stream, with a ticket for a session that the caller can see, where they have one.
func (w *world) upgrade(t *testing.T, r *http.Request, caller string) {
	t.Helper()
	offered := "binary"
	if k := w.ticketOf(t, caller); k != "" {
		offered += ", ticket." + k
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": offered, "Origin": "http://localhost",
	} {
		r.Header.Set(name, value)
	}
}

func (w *world) ticketOf(t *testing.T, caller string) string {
	t.Helper()
	switch caller {
	case "member", "admin", "owner":
		return w.ticket(t, w.bearers[caller], w.owned["own"])
	case "stranger":
		return w.ticket(t, w.bearers[caller], w.owned["foreign"])
	case "other":
		return w.ticket(t, w.bearers[caller], w.launch(t, w.bearers[caller], w.acme))
	case "suspended", "removed", "out":
		k := w.tickets[caller][0]
		w.tickets[caller] = w.tickets[caller][1:]
		return k
	default:
		return ""
	}
}

// ask sends the request and looks for the canary in the answer, unless it is the canary's own organisation that asks.
// It returns the status, and how long the answer took.
func (w *world) ask(t *testing.T, operation, id, caller string) (int, time.Duration) {
	t.Helper()
	request := w.request(t, operation, id, caller)
	began := time.Now()
	response, err := running.Client.Do(request)
	if err != nil {
		t.Fatalf("%s as %s: %v", operation, caller, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s as %s: %v", operation, caller, err)
	}
	took := time.Since(began)
	var head bytes.Buffer
	if err := response.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	if caller != "stranger" && strings.Contains(head.String()+string(body), w.canary) {
		t.Errorf("%s of the %s id shows %s the other organisation: %s%s", operation, id, caller, head.String(), body)
	}
	return response.StatusCode, took
}

// leaks looks for the canary where nobody asked for it.
func (w *world) leaks(t *testing.T) {
	t.Helper()
	if lines := running.Log.Lines(w.canary); len(lines) > 0 {
		t.Errorf("the log holds the other organisation's data: %s", lines[0])
	}
	response, err := running.Client.Get(running.OpsURL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	metrics, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{w.canary, w.globex.ID.String(), w.globex.Slug} {
		if bytes.Contains(metrics, []byte(word)) {
			t.Errorf("the metrics hold %s", word)
		}
	}
	var audited int
	err = database.Superuser(t).QueryRow(t.Context(),
		"select count(*) from app.audit_log l where org_id = $1 and l::text like '%' || $2 || '%'",
		w.acme.ID.UUID, w.canary).Scan(&audited)
	if err != nil || audited > 0 {
		t.Errorf("%d audit entries hold the other organisation's data, %v", audited, err)
	}
}

// forged signs what no login would make: a token whose time is over, or one without an organisation.
func forged(t *testing.T, o *dbtest.Org, p dbtest.Person, lasts time.Duration) string {
	t.Helper()
	valid, _, err := tokens.NewParser().ParseUnverified(running.Bearer(t, p), tokens.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	claims := valid.Claims.(tokens.MapClaims)
	claims["exp"] = time.Now().Add(lasts).Unix()
	claims["iat"] = time.Now().Add(lasts - time.Hour).Unix()
	if o == nil {
		delete(claims, "org_id")
	}
	token := tokens.NewWithClaims(tokens.SigningMethodEdDSA, claims)
	token.Header["kid"] = valid.Header["kid"]
	signed, err := token.SignedString(running.SigningKey)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
