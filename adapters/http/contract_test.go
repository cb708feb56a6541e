package http

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// TestAnyRequestGetsAnAnswerOfTheContract asks for whatever the contract allows, and for junk: what is allowed is never
// 400 and nothing is ever 5xx, and every answer is one that the contract lists, of the form that it says.
func TestAnyRequestGetsAnAnswerOfTheContract(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := []string{
		f.addSession(f.acme).String(), f.addSession(f.globex).String(), uuid.NewString(),
		f.world.templates[f.acme][0].ID.String(), f.world.templates[f.globex][0].ID.String(),
	}
	operations := f.served()
	seen := map[int]int{}
	rapid.Check(t, func(rt *rapid.T) {
		for range 30 {
			op := operations[rapid.IntRange(0, len(operations)-1).Draw(rt, "operation")]
			d := drawer{T: rt, ids: ids, junk: rapid.Bool().Draw(rt, "junk")}
			a := d.request(op)
			// Someone new each time: what one of them has asked for too often is not the next one's to answer for.
			a.token = f.as(rapid.SampledFrom(org.Roles()).Draw(rt, "role"))
			w := f.do(a)
			seen[w.Code]++
			if err := answers(op, a, w); err != nil {
				rt.Fatalf("%s %s %s: %d %s\n%v", a.method, a.path, a.body, w.Code, w.Body, err)
			}
			refused := w.Code == http.StatusBadRequest && !strings.Contains(w.Body.String(), "invalid_cursor")
			if w.Code >= 500 || (refused && !d.junk) {
				rt.Fatalf("%s %s %s: %d %s", a.method, a.path, a.body, w.Code, w.Body)
			}
		}
	})
	// The limiters refill with time, so that a slow machine can go through all of this without one that is empty.
	for range 1000 {
		if seen[http.StatusTooManyRequests] > 0 {
			break
		}
		w := f.do(ask{method: http.MethodPost, path: "/api/v1/auth/refresh", body: `{"refresh_token":"unknown"}`})
		seen[w.Code]++
	}
	for _, status := range []int{200, 201, 202, 204, 400, 401, 403, 404, 429} {
		if seen[status] == 0 {
			t.Errorf("no answer was %d: %v", status, seen)
		}
	}
}

// answers checks an answer against the contract.
func answers(op operation, a ask, w *httptest.ResponseRecorder) error {
	r, err := http.NewRequest(a.method, a.path, nil)
	if err != nil {
		return fmt.Errorf("make the request that was answered: %w", err)
	}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: op.route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, ExcludeResponseBody: op.id == "getSpec" && w.Code == http.StatusOK,
		},
	})
}

// drawer draws requests.
type drawer struct {
	*rapid.T
	ids  []string
	junk bool
}

func (d drawer) request(op operation) ask {
	a := ask{method: op.method, path: op.path, header: map[string]string{}}
	query := url.Values{}
	for _, p := range append(slices.Clone(op.route.PathItem.Parameters), op.route.Operation.Parameters...) {
		name := p.Value.Name
		if p.Value.In == openapi3.ParameterInHeader {
			if rapid.Bool().Draw(d.T, "with "+name) {
				a.header[name] = d.header(name)
			}
			continue
		}
		v := fmt.Sprint(d.value(p.Value.Schema.Value, name))
		switch {
		case p.Value.In == openapi3.ParameterInPath:
			a.path = strings.ReplaceAll(a.path, "{"+name+"}", url.PathEscape(v))
		case rapid.Bool().Draw(d.T, "with "+name):
			query.Set(name, v)
		}
	}
	if d.junk && rapid.Bool().Draw(d.T, "one parameter too many") {
		query.Set(rapid.String().Draw(d.T, "name"), rapid.String().Draw(d.T, "value"))
	}
	if len(query) > 0 {
		a.path += "?" + query.Encode()
	}
	if body := op.route.Operation.RequestBody; body != nil {
		a.body = d.body(body.Value.Content.Get("application/json").Schema.Value)
	}
	return a
}

// header draws a value of a header, which net/http has to accept.
func (d drawer) header(name string) string {
	values := []string{`"1"`, `*`, `W/"1"`, `"2", "1"`}
	if name == "Idempotency-Key" {
		values = []string{"1", `"2"`, uuid.NewString()}
	}
	if d.junk {
		values = append(values, `"`, "1", strings.Repeat("x", 2000))
	}
	return rapid.SampledFrom(values).Draw(d.T, name)
}

func (d drawer) body(s *openapi3.Schema) string {
	if d.junk && rapid.Bool().Draw(d.T, "body is any text") {
		return rapid.String().Draw(d.T, "body")
	}
	b, err := json.Marshal(d.value(s, "body"))
	if err != nil {
		d.Fatal(err)
	}
	return string(b)
}

// value draws what a schema allows or, one time in two when it draws junk, something else.
func (d drawer) value(s *openapi3.Schema, name string) any {
	if d.junk && rapid.Bool().Draw(d.T, "junk for "+name) {
		return rapid.OneOf(
			rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.Just("a\x00b").AsAny(),
			rapid.Just("").AsAny(),
			rapid.Just[any]([]any{1, "x"}), rapid.Just[any](map[string]any{"x": nil}),
			rapid.Just(strings.Repeat("x", 5000)).AsAny(), rapid.Just(page.Cursor{Key: "k", ID: uuid.New()}.String()).AsAny(),
		).Draw(d.T, name)
	}
	switch {
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
		for range rapid.IntRange(0, 3).Draw(d.T, "items of "+name) {
			items = append(items, d.value(s.Items.Value, name))
		}
		return items
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(d.T, name)
	case strings.HasPrefix(s.Pattern, "^[a-z0-9]"):
		return rapid.StringMatching(s.Pattern).Draw(d.T, name)
	case s.Type.Is("boolean"):
		return rapid.Bool().Draw(d.T, name)
	case s.Type.Is("integer"):
		return rapid.IntRange(int(*s.Min), int(*s.Max)).Draw(d.T, name)
	case s.Format == "uuid":
		return rapid.SampledFrom(d.ids).Draw(d.T, name)
	default:
		n := rapid.IntRange(int(s.MinLength), int(min(*s.MaxLength, 100))).Draw(d.T, "length of "+name)
		text := rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.S), n, n, -1)
		return rapid.OneOf(text, rapid.SampledFrom([]string{"own", "theirs", "terminal"})).Draw(d.T, name)
	}
}
