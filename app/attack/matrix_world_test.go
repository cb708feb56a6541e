package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
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
	url       string
	api       contract
	resources []resource

	acme, globex *dbtest.Org
	orgs         map[string]*dbtest.Org // of each caller
	callers      map[string]dbtest.Person
	bearers      map[string]string
	canary       string // in every text of globex
	unknown      uuid.UUID
	made         map[[2]string]uuid.UUID // by the parameter and the caller: a member of acme, the owner of globex
}

func newWorld(t *testing.T, url string, api contract, resources []func(*world) resource) *world {
	t.Helper()
	w := &world{
		url: url, api: api, unknown: uuid.Must(uuid.NewV7()), made: map[[2]string]uuid.UUID{},
		canary: "canary-" + strings.ReplaceAll(uuid.NewString(), "-", ""),
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
	w.orgs, w.bearers = map[string]*dbtest.Org{}, map[string]string{}
	for caller, p := range w.callers {
		w.orgs[caller] = w.acme
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
	w.orgs["stranger"], w.orgs["suspended"] = w.globex, suspended
	w.plant(t)
	for _, of := range resources {
		r := of(w)
		if w.resources = append(w.resources, r); r.prepare != nil {
			r.prepare(t)
		}
	}
	for _, op := range api { // first of all, so that lists could show them
		for _, param := range op.params() {
			w.known(t, param, "member")
			w.known(t, param, "stranger")
		}
	}
	w.withdraw(t, suspended)
	return w
}

// plant puts the canary into what is known of the other organisation itself.
func (w *world) plant(t *testing.T) {
	t.Helper()
	w.execute(t, "update app.organizations set name = $2 where id = $1", w.globex.ID.UUID, w.canary)
	w.execute(t, "update app.users set name = $2 where id in (select user_id from app.memberships where org_id = $1)",
		w.globex.ID.UUID, w.canary)
}

// execute does what no operation of the API does yet. It closes its connection: the matrix makes hundreds of them.
func (w *world) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn := database.Superuser(t)
	defer func() { _ = conn.Close(t.Context()) }() // it has done its work
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// withdraw takes access away, as operators and members do.
func (w *world) withdraw(t *testing.T, suspended *dbtest.Org) {
	t.Helper()
	w.execute(t, "update app.organizations set suspended = true where id = $1", suspended.ID.UUID)
	remove := servertest.Request{
		Method: http.MethodDelete, Path: "/api/v1/members/" + w.callers["removed"].User.String(), Bearer: w.bearers["owner"],
	}
	if s := running.Call(t, remove, nil); s != http.StatusNoContent {
		t.Fatalf("remove a member: %d", s)
	}
	out := servertest.Request{Method: http.MethodPost, Path: "/api/v1/auth/logout", Bearer: w.bearers["out"]}
	if s := running.Call(t, out, nil); s != http.StatusNoContent {
		t.Fatalf("sign out: %d", s)
	}
}

// text is what a caller writes where they may write anything.
func (w *world) text(caller string) string {
	if w.orgs[caller] == w.globex {
		return w.canary
	}
	return "words of their own"
}

// id is the id to ask for in a place of a path. A deletion gets one of its own, so that one answer does not change the
// next.
func (w *world) id(t *testing.T, op operation, param, id string) uuid.UUID {
	t.Helper()
	caller := "member"
	switch id {
	case "unknown":
		return w.unknown
	case "foreign":
		caller = "stranger"
	}
	last := op.params()[len(op.params())-1]
	if op.method == http.MethodDelete && param == last {
		return w.makeOne(t, param, caller)
	}
	return w.known(t, param, caller)
}

// known is the id of the one thing of its kind that a caller has made.
func (w *world) known(t *testing.T, param, caller string) uuid.UUID {
	t.Helper()
	key := [2]string{param, caller}
	if _, ok := w.made[key]; !ok {
		w.made[key] = w.makeOne(t, param, caller)
	}
	return w.made[key]
}

// makeOne makes what an id stands for, as a caller.
func (w *world) makeOne(t *testing.T, param, caller string) uuid.UUID {
	t.Helper()
	for _, r := range w.resources {
		if r.param == param && r.make != nil {
			return r.make(t, caller)
		}
	}
	op, ok := w.api.maker(param)
	if !ok {
		t.Fatalf("no operation makes what {%s} stands for: say in its resource's file how one is made", param)
	}
	whose := "own"
	if caller == "stranger" {
		whose = "foreign"
	}
	var made struct{ ID uuid.UUID }
	a := w.send(t, w.request(t, op, whose, caller), caller)
	if err := json.Unmarshal(a.body, &made); err != nil || a.status != http.StatusCreated {
		t.Fatalf("make what {%s} stands for by %s: %d %s, %v", param, op.id, a.status, a.body, err)
	}
	return made.ID
}

// request is what an operation is asked by, for one kind of id.
func (w *world) request(t *testing.T, op operation, id, caller string) *http.Request {
	t.Helper()
	path := op.at(func(param string) string { return w.id(t, op, param, id).String() })
	if op.resumes && id != "filter" {
		path += "?after=0" // with its history
	}
	switch id {
	case "filter":
		path += "?org_id=" + w.globex.ID.String()
	case "cursor":
		at := page.Cursor{Key: time.Now().UTC().Format(time.RFC3339Nano), Org: w.globex.ID.UUID}
		if param := w.api.listed(op.path); param != "" { // otherwise what it lists has no id
			at.ID = w.known(t, param, "stranger")
		}
		path += "?cursor=" + at.String()
	}
	body := w.body(t, op, id, caller)
	r, err := http.NewRequestWithContext(t.Context(), op.method, w.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if id == "header" {
		for _, name := range []string{"X-Org-Id", "X-Organization", "X-Tenant-Id", "X-Scope-OrgID", "StreamSpace-Org"} {
			r.Header.Set(name, w.globex.ID.String())
		}
		r.Header.Set("Signed-In-As", uuid.NewString()+"."+w.globex.ID.String())
	}
	for name, value := range w.credentials(t, op, caller) {
		r.Header.Set(name, value)
	}
	return r
}

// body is what an operation is sent; nil: it takes none.
func (w *world) body(t *testing.T, op operation, id, caller string) []byte {
	t.Helper()
	if op.body == nil {
		return nil
	}
	body, _ := sample(op.body, w.text(caller)).(map[string]any)
	for _, r := range w.resources {
		if bodyFor := r.bodies[op.id]; bodyFor != nil {
			body = bodyFor(t, id)
		}
	}
	if id == "body" {
		body["org_id"] = w.globex.ID.String()
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// credentials are the headers that identify a caller.
func (w *world) credentials(t *testing.T, op operation, caller string) map[string]string {
	t.Helper()
	for _, r := range w.resources {
		if present := r.credentials[op.id]; present != nil {
			return present(t, caller)
		}
	}
	if w.bearers[caller] == "" {
		return nil
	}
	return map[string]string{"Authorization": "Bearer " + w.bearers[caller]}
}

// reply is what came back.
type reply struct {
	status int
	body   []byte
	took   time.Duration
	leaked string // the answer, when it holds the canary and is not for the canary's own organisation
}

func (w *world) send(t *testing.T, request *http.Request, caller string) reply {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	response, err := running.Client.Do(request.WithContext(ctx))
	if err != nil {
		t.Fatalf("%s %s as %s: %v", request.Method, request.URL, caller, err)
	}
	defer response.Body.Close()
	body, err := read(response, cancel)
	if err != nil {
		t.Fatalf("%s %s as %s: %v", request.Method, request.URL, caller, err)
	}
	r := reply{status: response.StatusCode, body: body, took: time.Since(began)}
	if shown := slices.Concat(flat(response.Header), body); w.orgs[caller] != w.globex &&
		bytes.Contains(shown, []byte(w.canary)) {
		r.leaked = string(shown)
	}
	return r
}

// leaks searches the log, the metrics and the audit log for the canary.
func (w *world) leaks(t *testing.T) (faults []string) {
	t.Helper()
	if lines := running.Log.Lines(w.canary); len(lines) > 0 {
		faults = append(faults, "the log holds the other organisation's data: "+lines[0])
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
			faults = append(faults, "the metrics hold "+word)
		}
	}
	var audited int
	err = database.Superuser(t).QueryRow(t.Context(),
		"select count(*) from app.audit_log l where org_id = $1 and l::text like '%' || $2 || '%'",
		w.acme.ID.UUID, w.canary).Scan(&audited)
	if err != nil || audited > 0 {
		faults = append(faults, fmt.Sprintf("%d audit entries hold the other organisation's data, %v", audited, err))
	}
	return faults
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
