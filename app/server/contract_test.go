package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/docs"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// TestAnyRequestGetsAnAnswerOfTheContract asks for whatever the contract allows, and for junk, as every role: what is
// allowed is never 400 and nothing is ever 5xx, and every answer is one that the contract lists, of the form that it
// says. Ids, cursors and entity tags that an answer shows are used in later requests, so that what was created is read,
// changed and deleted.
func TestAnyRequestGetsAnAnswerOfTheContract(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	other := w.NewOrg(t, dbtest.Spec{})
	operations := described(t)
	seen := map[string]map[int]int{}
	rapid.Check(t, func(rt *rapid.T) {
		var o *dbtest.Org
		t.Run("organisation", func(t *testing.T) { o = w.NewOrg(t, dbtest.Spec{Members: 1}) }) // its connections are closed
		w.AgentSeen(t, o)
		d := drawer{
			T: rt,
			shown: map[string][]string{
				"/api/v1/templates": {o.Template.String()}, "/api/v1/members": {o.Members[0].User.String()},
			},
			others: []string{other.Template.String(), other.Member.User.String(), uuid.NewString(), o.Member.User.String()},
			emails: []string{o.Member.Email, other.Member.Email, uuid.NewString() + "@example.test"},
		}
		bearers := map[string]string{}
		for _, p := range []dbtest.Person{o.Owner, o.Admin, o.Member, o.Viewer} {
			bearers[string(p.Role)] = w.Bearer(t, p)
		}
		for _, op := range rapid.Permutation(operations).Draw(rt, "operations")[:25] {
			d.junk = rapid.IntRange(0, 2).Draw(rt, "junk") == 0
			q := d.request(op)
			q.Bearer = bearers[rapid.SampledFrom([]string{"owner", "admin", "member", "viewer", "none"}).Draw(rt, "role")]
			a := w.Answer(t, q)
			if seen[op.id()] == nil {
				seen[op.id()] = map[int]int{}
			}
			seen[op.id()][a.Status]++
			if err := conforms(op, q, a); err != nil {
				rt.Fatalf("%s %s %v: %d %s\n%v", q.Method, q.Path, q.Body, a.Status, a.Body, err)
			}
			refused := a.Status == http.StatusBadRequest && !d.junk && !aboutPosition(a)
			if a.Status >= 500 || refused {
				rt.Fatalf("%s %s %v %v: %d %s", q.Method, q.Path, q.Header, q.Body, a.Status, a.Body)
			}
			d.learn(op, a)
		}
	})
	for _, op := range operations {
		if statuses := seen[op.id()]; len(statuses) < 2 && statuses[http.StatusOK] == 0 {
			t.Errorf("%s was answered %v only: this test looks at nothing", op.id(), statuses)
		}
	}
}

// TestWhateverIsCreatedIsReadChangedAndDeleted follows what each creation of the contract makes, by its path: it is
// read and listed, a change holds and refuses the version before it, and what was deleted is gone or has ended.
func TestWhateverIsCreatedIsReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	paths := map[string]operation{}
	for _, op := range described(t) {
		paths[op.Method+" "+op.Path] = op
	}
	var lists []string
	for _, op := range described(t) {
		if _, ends := paths["DELETE "+itemOf(op.Path)]; op.Method == http.MethodPost && ends {
			lists = append(lists, op.Path)
		}
	}
	if len(lists) < 4 {
		t.Fatalf("only %v are followed", lists)
	}
	o := w.NewOrg(t, dbtest.Spec{PerOrg: 1 << 40, PerUser: 1 << 40})
	bearer := w.Bearer(t, o.Owner)
	rapid.Check(t, func(rt *rapid.T) {
		l := life{T: rt, world: w, test: t, bearer: bearer, operations: paths}
		for _, list := range lists {
			l.live(list)
		}
	})
}

// itemOf is the path of one thing of a list.
func itemOf(list string) string {
	return list + "/{" + strings.TrimSuffix(list[strings.LastIndex(list, "/")+1:], "s") + "_id}"
}

// life is the life of one thing, as an owner of its organisation lives it.
type life struct {
	*rapid.T

	world      accessWorld
	test       *testing.T
	bearer     string
	operations map[string]operation // by method and path
}

// live creates something in a list, and follows it.
func (l life) live(list string) {
	id := l.wants("POST "+list, list, "", http.StatusCreated).id()
	at := list + "/" + id
	if got := l.wants("GET "+list, list, "", http.StatusOK); !strings.Contains(string(got.Body), id) {
		l.Fatalf("%s is not in %s: %s", id, list, got.Body)
	}
	_, isRead := l.operations["GET "+itemOf(list)]
	tag := ""
	if isRead {
		got := l.wants("GET "+itemOf(list), at, "", http.StatusOK)
		if tag = got.Header.Get("ETag"); got.id() != id {
			l.Fatalf("%s shows %s", at, got.Body)
		}
	}
	if change := "PATCH " + itemOf(list); l.operations[change].Route != nil {
		if l.wants(change, at, tag, http.StatusOK).Header.Get("ETag") != tag { // drawn as it was, it has not changed
			l.wants(change, at, tag, http.StatusPreconditionFailed)
		}
	}
	l.wants("DELETE "+itemOf(list), at, "", http.StatusOK, http.StatusAccepted, http.StatusNoContent)
	if isRead {
		got := l.wants("GET "+itemOf(list), at, "", http.StatusOK, http.StatusNotFound)
		if got.Status == http.StatusOK && !strings.Contains(string(got.Body), "terminat") {
			l.Fatalf("deleted, %s is still %s", at, got.Body)
		}
	}
}

// shown is an answer with a thing.
type shown struct{ servertest.Answer }

func (s shown) id() string {
	if m := shownID.FindStringSubmatch(string(s.Body)); m != nil {
		return m[1]
	}
	return ""
}

// wants sends a request with a body of the contract, and returns the answer, which has one of the statuses.
func (l life) wants(operation, path, match string, statuses ...int) shown {
	op := l.operations[operation]
	q := servertest.Request{Method: op.Method, Path: path, Bearer: l.bearer}
	if match != "" {
		q.Header = http.Header{"If-Match": {match}}
	}
	if sent := op.Operation.RequestBody; sent != nil {
		d := drawer{T: l.T, emails: []string{uuid.NewString() + "@example.test"}}
		q.Body = d.value(sent.Value.Content.Get("application/json").Schema.Value, "body")
	}
	if body, ok := q.Body.(map[string]any); ok { // what hangs on the organisation
		delete(body, "expires_in_days")
		if body["template"] != nil {
			body["template"] = "desk"
		}
	}
	a := l.world.Answer(l.test, q)
	if err := conforms(op, q, a); err != nil || !slices.Contains(statuses, a.Status) {
		l.Fatalf("%s %s %v: %d %s, want %v: %v", q.Method, path, q.Body, a.Status, a.Body, statuses, err)
	}
	return shown{a}
}

// aboutPosition tells whether a request was refused because of where it is to go on: of another list, or beyond the end
// of the log. No description says where that is.
func aboutPosition(a servertest.Answer) bool {
	var problem struct{ Code, Field string }
	return json.Unmarshal(a.Body, &problem) == nil && (problem.Code == "invalid_cursor" || problem.Field == "after")
}

// operation is one operation of the API's description.
type operation struct{ *routers.Route }

func (o operation) id() string { return o.Operation.OperationID }

func described(t *testing.T) (all []operation) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.OperationID == "streamSession" || o.Extensions["x-live"] != nil {
				continue // a stream, which does not end by itself
			}
			all = append(all, operation{&routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: o}})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.id(), b.id()) })
	return all
}

// conforms checks an answer against the contract.
func conforms(op operation, q servertest.Request, a servertest.Answer) error {
	r, err := http.NewRequest(q.Method, q.Path, nil)
	if err != nil {
		return fmt.Errorf("make the request that was answered: %w", err)
	}
	content, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	isJSON := content == "" || content == "application/json" || content == "application/problem+json"
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: op.Route},
		Status:                 a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, ExcludeResponseBody: !isJSON,
		},
	})
}

// drawer draws requests.
type drawer struct {
	*rapid.T
	shown         map[string][]string // ids that answers have shown, by the path of their list
	others        []string            // ids of others and of nothing
	tags, cursors []string            // entity tags and cursors that answers have shown
	emails        []string
	junk          bool
}

// shownID is the id of a thing in an answer.
var shownID = regexp.MustCompile(`"id":"([0-9a-f-]{36})"`)

// learn keeps what later requests can use.
func (d *drawer) learn(op operation, a servertest.Answer) {
	for _, id := range shownID.FindAllStringSubmatch(string(a.Body), 5) {
		list, _, _ := strings.Cut(op.Path, "/{")
		d.shown[list] = append(d.shown[list], id[1])
	}
	if tag := a.Header.Get("ETag"); tag != "" {
		d.tags = append(d.tags, tag)
	}
	var list struct {
		Next string `json:"next_cursor"`
	}
	if json.Unmarshal(a.Body, &list) == nil && list.Next != "" {
		d.cursors = append(d.cursors, list.Next)
	}
}

func (d *drawer) request(op operation) servertest.Request {
	q := servertest.Request{Method: op.Method, Path: op.Path, Header: http.Header{}}
	query := url.Values{}
	for _, p := range slices.Concat(op.PathItem.Parameters, op.Operation.Parameters) {
		name := p.Value.Name
		if p.Value.In == openapi3.ParameterInHeader {
			if rapid.Bool().Draw(d.T, "with "+name) {
				q.Header.Set(name, d.header(name))
			}
			continue
		}
		if name == "cursor" && len(d.cursors) == 0 && !d.junk {
			continue
		}
		v := fmt.Sprint(d.value(p.Value.Schema.Value, name))
		list, _, _ := strings.Cut(op.Path, "/{"+name+"}")
		switch {
		case p.Value.In == openapi3.ParameterInPath:
			if ids := d.shown[list]; !d.junk && len(ids) > 0 && rapid.IntRange(0, 3).Draw(d.T, "of the list") > 0 {
				v = rapid.SampledFrom(ids).Draw(d.T, name)
			}
			q.Path = strings.ReplaceAll(q.Path, "{"+name+"}", url.PathEscape(v))
		case rapid.Bool().Draw(d.T, "with "+name):
			query.Set(name, v)
		}
	}
	if d.junk && rapid.Bool().Draw(d.T, "one parameter too many") {
		query.Set(rapid.String().Draw(d.T, "name"), rapid.String().Draw(d.T, "value"))
	}
	if len(query) > 0 {
		q.Path += "?" + query.Encode()
	}
	if body := op.Operation.RequestBody; body != nil {
		q.Body = d.body(body.Value.Content.Get("application/json").Schema.Value)
	}
	return q
}

// header draws a value of a header, which net/http has to accept.
func (d *drawer) header(name string) string {
	values := append([]string{`"1"`, `*`, `W/"1"`, `"2", "1"`}, d.tags...)
	if name == "Idempotency-Key" {
		values = []string{"1", `"2"`, uuid.NewString()}
	}
	if d.junk {
		values = append(values, `"`, "1", strings.Repeat("x", 2000))
	}
	return rapid.SampledFrom(values).Draw(d.T, name)
}

func (d *drawer) body(s *openapi3.Schema) servertest.Raw {
	if d.junk && rapid.Bool().Draw(d.T, "body is any text") {
		return servertest.Raw(rapid.String().Draw(d.T, "body"))
	}
	b, err := json.Marshal(d.value(s, "body"))
	if err != nil {
		d.Fatal(err)
	}
	return servertest.Raw(b)
}

// value draws what a schema allows or, one time in two when it draws junk, something else.
func (d *drawer) value(s *openapi3.Schema, name string) any {
	if d.junk && rapid.Bool().Draw(d.T, "junk for "+name) {
		return rapid.OneOf(
			rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.Just("a\x00b").AsAny(),
			rapid.Just("").AsAny(),
			rapid.Just[any]([]any{1, "x"}), rapid.Just[any](map[string]any{"x": nil}),
			rapid.Just(strings.Repeat("x", 5000)).AsAny(), rapid.Just(page.Cursor{Key: "k", ID: uuid.New()}.String()).AsAny(),
		).Draw(d.T, name)
	}
	switch {
	case name == "cursor" && len(d.cursors) > 0:
		return rapid.SampledFrom(d.cursors).Draw(d.T, name)
	case name == "email":
		return rapid.SampledFrom(d.emails).Draw(d.T, name)
	case s.Format == "date-time":
		return time.Now().Add(time.Duration(rapid.IntRange(-48, 48).Draw(d.T, name)) * time.Hour).UTC().Format(time.RFC3339)
	case s.Type.Is("object"):
		v := map[string]any{}
		for _, member := range slices.Sorted(maps.Keys(s.Properties)) {
			if slices.Contains(s.Required, member) || rapid.Bool().Draw(d.T, "with "+member) {
				v[member] = d.value(s.Properties[member].Value, member)
			}
		}
		return v
	case s.Type.Is("array"):
		items := []any{}
		for range rapid.IntRange(int(s.MinItems), 3).Draw(d.T, "items of "+name) {
			item := d.value(s.Items.Value, name)
			same := func(other any) bool { return fmt.Sprint(other) == fmt.Sprint(item) }
			if !s.UniqueItems || !slices.ContainsFunc(items, same) {
				items = append(items, item)
			}
		}
		return items
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(d.T, name)
	case strings.HasPrefix(s.Pattern, "^[a-z0-9]"):
		return rapid.StringMatching(s.Pattern).Draw(d.T, name)
	case s.Type.Is("boolean"):
		return rapid.Bool().Draw(d.T, name)
	case s.Type.Is("integer"):
		most := math.MaxInt64 // without a maximum
		if s.Max != nil {
			most = int(*s.Max)
		}
		return rapid.IntRange(int(*s.Min), most).Draw(d.T, name)
	case s.Format == "uuid":
		return rapid.SampledFrom(d.others).Draw(d.T, name)
	default:
		n := rapid.IntRange(int(s.MinLength), int(min(*s.MaxLength, 100))).Draw(d.T, "length of "+name)
		text := rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.S), n, n, -1)
		return rapid.OneOf(text, rapid.SampledFrom([]string{"desk", "x"})).Draw(d.T, name)
	}
}
