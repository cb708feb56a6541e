package http

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/ports/page"
)

func TestWhatIsNotOfTheContractsForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const list, create = "/api/v1/sessions", "/api/v1/sessions"
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code, field, says  string
	}{
		"unknown parameter": {"GET", list + "?org_id=x", "", 400, "unknown_parameter", "org_id", ""},
		"parameter twice":   {"GET", list + "?limit=1&limit=2", "", 400, "invalid_parameter", "limit", "more than once"},
		"limit too high":    {"GET", list + "?limit=101", "", 400, "invalid_parameter", "limit", "at most 100"},
		"limit too low":     {"GET", list + "?limit=0", "", 400, "invalid_parameter", "limit", "at least 1"},
		"limit no number":   {"GET", list + "?limit=x", "", 400, "invalid_parameter", "limit", ""},
		"limit empty":       {"GET", list + "?limit=", "", 400, "invalid_parameter", "limit", ""},
		"active no boolean": {"GET", list + "?active=2", "", 400, "invalid_parameter", "active", ""},
		"cursor empty":      {"GET", list + "?cursor=", "", 400, "invalid_parameter", "cursor", ""},
		"cursor too long": {"GET", list + "?cursor=" + strings.Repeat("x", 257), "", 400, "invalid_parameter",
			"cursor", "256"},
		"cursor with a NUL": {"GET", list + "?cursor=%00", "", 400, "invalid_parameter", "cursor", "U+0000"},
		"cursor is junk":    {"GET", list + "?cursor=junk", "", 400, "invalid_cursor", "cursor", ""},
		"NUL inside a cursor": {"GET", list + "?cursor=" + page.Cursor{Key: "\x00", Org: f.acme.UUID}.String(), "", 400,
			"invalid_cursor", "cursor", ""},
		"cursor of another organisation": {"GET", "/api/v1/templates?cursor=" + page.Cursor{
			Key: "own", Org: f.globex.UUID}.String(), "", 400, "invalid_cursor", "cursor", ""},
		"cursor of no organisation": {"GET", "/api/v1/templates?cursor=" + page.Cursor{Key: "own"}.String(), "", 400,
			"invalid_cursor", "cursor", ""},
		"query is junk": {"GET", list + "?a=%zz", "", 400, "invalid_parameter", "", ""},
		"id is no UUID": {"GET", "/api/v1/sessions/x", "", 400, "invalid_parameter", "session_id", "uuid"},
		"id in another form": {"GET", "/api/v1/sessions/" + strings.Repeat("a", 32), "", 400, "invalid_parameter",
			"session_id", "uuid"},
		"id with a slash": {"GET", "/api/v1/templates/a%2Fb", "", 400, "invalid_parameter", "template_id", "uuid"},
		"id with a NUL":   {"GET", "/api/v1/templates/%00", "", 400, "invalid_parameter", "template_id", "uuid"},
		"no body":         {"POST", create, " ", 400, "invalid_body", "", "JSON"},
		"body no JSON":    {"POST", create, "{", 400, "invalid_body", "", "JSON"},
		"body and more":   {"POST", create, `{"template":"own"} {}`, 400, "invalid_body", "", "JSON"},
		"body no object":  {"POST", create, `[]`, 400, "invalid_body", "", "object"},
		"body null":       {"POST", create, `null`, 400, "invalid_body", "", ""},
		"member missing":  {"POST", create, `{}`, 400, "invalid_body", "template", "missing"},
		"member too many": {"POST", create, `{"template":"own","org_id":"x"}`, 400, "invalid_body", "org_id",
			"unsupported"},
		"member in other case": {"POST", create, `{"Template":"own"}`, 400, "invalid_body", "", ""},
		"member of wrong type": {"POST", create, `{"template":1}`, 400, "invalid_body", "template", "string"},
		"member too long": {"POST", create, `{"template":"` + strings.Repeat("x", 64) + `"}`, 400, "invalid_body",
			"template", "63"},
		"member with a control character": {"POST", create, `{"template":"own","name":"a\nb"}`, 400, "invalid_body", "name",
			"without control characters"},
		"member with an override": {"POST", create, `{"template":"own","name":"a\u202eb"}`, 400, "invalid_body", "name",
			"bidirectional overrides"},
		"member with a NUL": {"POST", create, `{"template":"\u0000"}`, 400, "invalid_body", "template", "U+0000"},
		"body too large": {"POST", create, `{"name":"` + strings.Repeat("x", maxBody) + `"}`, 413, "body_too_large",
			"", "65536"},
		"large for no one": {"POST", "/api/v1/auth/logout", strings.Repeat("x", maxBody+1), 413, "body_too_large", "",
			""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := wantProblem(t, f.member(c.method, c.path, c.body), c.status, c.code)
			field, _ := got["field"].(string)
			if (c.field != "" && field != c.field) || !strings.Contains(got["detail"].(string), c.says) {
				t.Errorf("field %q, detail %q", field, got["detail"])
			}
		})
	}
}

// A pattern is told in words: the expression itself helps no one.
func TestEveryPatternHasWords(t *testing.T) {
	t.Parallel()
	for _, m := range regexp.MustCompile(`(?m)pattern: '([^']+)'`).FindAllStringSubmatch(string(contractBytes(t)), -1) {
		if patterns[m[1]] == "" {
			t.Errorf("no words for the pattern %s", m[1])
		}
	}
}

func TestAPasswordIsNotEchoed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.do(ask{method: http.MethodPost, path: "/api/v1/auth/login",
		body: `{"email":"x","password":"` + strings.Repeat("hunter2", 200) + `"}`})
	wantProblem(t, w, http.StatusBadRequest, "invalid_body")
	if strings.Contains(w.Body.String()+f.log.lines()[0], "hunter2") {
		t.Errorf("told: %s", w.Body)
	}
}

func TestOnlyPlainJSONIsRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		header map[string]string
		status int
	}{
		"JSON":           {map[string]string{"Content-Type": "application/json"}, 201},
		"with a charset": {map[string]string{"Content-Type": "application/json; charset=utf-8"}, 201},
		"a form":         {map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415},
		"text":           {map[string]string{"Content-Type": "text/plain"}, 415},
		"none":           {map[string]string{"Content-Type": ""}, 415},
		"junk":           {map[string]string{"Content-Type": ";;"}, 415},
		"compressed":     {map[string]string{"Content-Encoding": "gzip"}, 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := f.do(ask{method: "POST", path: "/api/v1/sessions", body: `{"template":"own"}`, token: f.token,
				header: c.header})
			if c.status == http.StatusUnsupportedMediaType {
				wantProblem(t, w, c.status, "unsupported_media_type")
			} else {
				wantStatus(t, w, c.status)
			}
		})
	}
}

// untold is a body of which nobody tells that it has 16 times too much.
type untold struct{ read int }

func (e *untold) Read(b []byte) (int, error) {
	if e.read > 16*maxBody {
		return 0, io.EOF
	}
	for i := range b {
		b[i] = ' '
	}
	e.read += len(b)
	return len(b), nil
}

func TestABodyWithoutALengthIsBoundedToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	body := &untold{}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/sessions", body)
	r.Header.Set("Authorization", "Bearer "+f.token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	wantProblem(t, w, http.StatusRequestEntityTooLarge, "body_too_large")
	if body.read > 4*maxBody {
		t.Errorf("%d bytes were read", body.read)
	}
}

func TestAnotherSitesPageIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		header  map[string]string
		refused bool
	}{
		"no browser":          {nil, false},
		"our page":            {map[string]string{"Sec-Fetch-Site": "same-origin"}, false},
		"our origin":          {map[string]string{"Origin": publicURL}, false},
		"our origin, proxied": {map[string]string{"Origin": publicURL, "Sec-Fetch-Site": "cross-site"}, false},
		"another site":        {map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		"a sibling":           {map[string]string{"Sec-Fetch-Site": "same-site"}, true},
		"another origin":      {map[string]string{"Origin": "https://evil.test"}, true},
		"no origin at all":    {map[string]string{"Origin": "null"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := f.do(ask{method: "POST", path: "/api/v1/sessions", body: `{"template":"own"}`, cookie: f.secret.Reveal(),
				header: c.header})
			if c.refused {
				wantProblem(t, w, http.StatusForbidden, "cross_origin")
			} else {
				wantStatus(t, w, http.StatusCreated)
			}
		})
	}
}
