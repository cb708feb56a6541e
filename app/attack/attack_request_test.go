package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

const foreignOrigin = "https://elsewhere.example"

// asking is the caller of a request: a person with a token or a cookie, or an unknown caller.
type asking struct {
	label   string
	access  *access // nil: an unknown caller, who gets the code in refused
	refused string
	token   int // which of the access's tokens; -1: by cookie
	header  http.Header
}

// asker draws the caller of a request.
func (f *arena) asker(t *rapid.T) *asking {
	r := pick(t, "realm", f.realms)
	c := pick(t, "access", r.accesses)
	other := pick(t, "other realm", f.realms).accesses[0]
	h := http.Header{}
	cookie := func(c *access) { h.Add("Cookie", "__Host-session="+c.secret) }
	n := rapid.IntRange(0, len(c.tokens)-1).Draw(t, "token")
	known := func(how string, token int) *asking { return &asking{c.label + how, c, "", token, h} }
	unknown := func(how, code string) *asking { return &asking{"unknown caller, " + how, nil, code, 0, h} }
	switch rapid.IntRange(0, 31).Draw(t, "presents") {
	default:
		h.Set("Authorization", "Bearer "+c.tokens[n].text)
		return known(fmt.Sprintf(" by token %d", n), n)
	case 0, 1, 2, 3, 4, 5:
		cookie(c)
		return known(" by cookie", -1)
	case 25: // the token counts
		cookie(other)
		h.Set("Authorization", "bearer "+c.tokens[n].text)
		return known(fmt.Sprintf(" by token %d and a cookie of %s", n, other.label), n)
	case 26:
		return unknown("with nothing", "credentials_missing")
	case 27:
		h.Set("Authorization", "Bearer "+secret.New().Reveal())
		return unknown("with a token of nothing", "token_malformed")
	case 28:
		h.Set("Cookie", "__Host-session="+secret.New().Reveal())
		return unknown("with a cookie of nothing", "signed_out")
	case 29: // what one token says, signed as another
		h.Set("Authorization", "Bearer "+spliced(other.tokens[0].text, c.tokens[n].text))
		if other == c {
			return unknown("with a token mixed with itself", "") // it may be the very token
		}
		return unknown("with "+other.label+"'s token signed as "+c.label+"'s", "token_signature")
	case 30:
		cookie(c)
		h.Set("Authorization", "Basic "+c.secret)
		return unknown("with another scheme and "+c.label+"'s cookie", "credentials_missing")
	case 31: // a refresh token is no access token
		h.Set("Authorization", "Bearer "+c.secret)
		return unknown("with "+c.label+"'s refresh token", "token_malformed")
	}
}

// spliced is the first token's claims with the second one's signature.
func spliced(claims, signature string) string {
	return claims[:strings.LastIndexByte(claims, '.')] + signature[strings.LastIndexByte(signature, '.'):]
}

// of is the realm of the caller. Unknown callers belong to the arena's first realm.
func (w *asking) of(f *arena) *realm {
	if w.access == nil {
		return f.realms[0]
	}
	return w.access.of
}

// scope is the realm whose words the answer may hold.
func (w *asking) scope() *realm {
	if w.access == nil {
		return nil
	}
	return w.access.of
}

// authorize predicts what happens to a request before its operation runs, and with which role it reaches the operation.
// q.form is what is wrong with the request itself. A caller without permission must not learn about it.
func (w *asking) authorize(q request) (org.Role, verdict) {
	if w.access == nil {
		return "", verdict{401, w.refused}
	}
	c := w.access
	role := c.claimed
	switch {
	case w.token >= 0:
		role = c.tokens[w.token].role
	case role == "" && !c.holds():
		return "", signedOut
	case role == "":
		c.claimed = c.role()
		role = c.claimed
	}
	// Before a request is refused for its role, the server asks the database for the current role.
	now, refuses := c.role(), q.refuses(role)
	switch {
	case !refuses && q.form != proceed:
		return "", q.form
	case c.holds() && role == now && refuses:
		return "", forbidden
	case c.holds() && role == now:
		return role, proceed
	case w.token >= 0 && !c.holds():
		return "", signedOut
	case w.token >= 0:
		return "", staleToken
	}
	if c.claimed = ""; !c.holds() { // the cookie is looked up once more
		return "", signedOut
	}
	if c.claimed = now; q.refuses(now) {
		return "", forbidden
	}
	return now, q.form
}

// request is one request of the API.
type request struct {
	operation    string
	method, path string // the path with its query
	target       string // what the path or the body names, for a history
	body         string
	header       http.Header
	foreign      bool // a page of another origin makes a browser send it
	public       bool // callers need no credential
	changes      bool // a viewer may not
	manages      bool // only an admin may
	form         verdict
}

// refuses reports whether a role does not include the operation's permission.
func (q request) refuses(r org.Role) bool {
	return q.changes && r == org.RoleViewer || q.manages && !isAdmin(r)
}

// answered is the response to a request.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// dress draws headers that mean nothing here, and elsewhere would name an organisation or another method.
func (f *arena) dress(t *rapid.T, q *request) {
	if q.header == nil {
		q.header = http.Header{}
	}
	other := pick(t, "named realm", f.realms)
	switch rapid.IntRange(0, 15).Draw(t, "headers") {
	case 12:
		q.header.Set("X-Org-Id", other.id.String())
		q.header.Set("X-Organization", other.slug)
	case 13:
		q.header.Set("X-Tenant-Id", other.id.String())
		q.header.Set("Forwarded", "host="+other.slug)
		q.header.Set("X-HTTP-Method-Override", http.MethodDelete)
	case 14:
		q.header.Set("X-User-Id", other.people[0].id.String())
		q.header.Set("X-Role", "owner")
	case 15:
		q.header.Set("Origin", foreignOrigin)
		q.foreign = q.method != http.MethodGet
	}
	if q.body != "" && q.header.Get("Content-Type") == "" {
		q.header.Set("Content-Type", "application/json")
	}
}

// apiShot is a request and what it must be answered: do says so for one that is let through to its operation.
func (f *arena) apiShot(
	t *rapid.T, who *asking, q request, do func(*asking, org.Role) verdict, look func([]byte) error,
) *shot {
	f.dress(t, &q)
	s := &shot{of: who.of(f), what: strings.TrimSpace(fmt.Sprintf("%s: %s %s", who.label, q.operation, q.target))}
	s.fire = func() *difference {
		want := q.form
		switch {
		case q.foreign:
			want = crossOrigin
		case !q.public:
			role, v := who.authorize(q)
			if want = v; want == proceed {
				want = do(who, role)
			}
		}
		got, err := f.send(q, who.header)
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		return s.judge(who.scope(), want, got, look)
	}
	if who.access == nil && who.refused == "" { // nothing is sure about it
		s.fire = func() *difference { return nil }
	}
	return s
}

// send sends the request and reads the whole response.
func (f *arena) send(q request, who http.Header) (answered, error) {
	f.attack.requests.Add(1)
	f.attack.noteOperation(q.method, q.path)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, q.method, f.attack.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		return answered{}, err
	}
	for _, h := range []http.Header{q.header, who} {
		for name, values := range h {
			r.Header[name] = values
		}
	}
	response, err := f.attack.Client.Do(r)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	body, err := read(response, cancel)
	return answered{response.StatusCode, response.Header, body}, err
}

// judge compares a response with the prediction, and searches it for canaries of other organisations.
func (s *shot) judge(scope *realm, want verdict, got answered, look func([]byte) error) *difference {
	was := verdict{status: got.status}
	if want.code != "" || got.status >= 400 {
		var p struct{ Code string }
		_ = json.Unmarshal(got.body, &p) // no problem document: no code
		was.code = p.Code
	}
	s.what += " → " + was.String()
	s.of.f.attack.tally(was)
	detail := fmt.Sprintf("the answer: %d %s\n%s", got.status, flat(got.header), got.body)
	if word := scope.foreignWord(append(flat(got.header), got.body...)); word != "" {
		return &difference{"the answer holds a word of another organisation", word + " in " + detail}
	}
	if was.status != want.status || (want.code != "" && was.code != want.code) {
		return &difference{"want " + want.String(), detail}
	}
	if look != nil && got.status < 300 {
		if err := look(got.body); err != nil {
			return &difference{"the answer is another than it must be", err.Error() + "\n" + detail}
		}
	}
	return nil
}

// decode reads an answer that has the members of out and no others.
func decode(body []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(out)
}

// near draws a realm, more often one's own.
func (f *arena) near(t *rapid.T, own *realm) *realm {
	if rapid.Bool().Draw(t, "elsewhere") {
		return pick(t, "whose", f.realms)
	}
	return own
}

// identifier is an id as a client writes it into a path.
type identifier struct {
	label string
	id    uuid.UUID
	text  string
	form  verdict
}

// name draws an id of a session or a template, of one's own realm, another's or none's; and how it is written.
func (f *arena) name(t *rapid.T, kind string, own *realm) identifier {
	r := f.near(t, own)
	i := identifier{"an id of nothing", uuid.Must(uuid.NewV7()), "", proceed}
	switch {
	case rarely(t, "unknown", 8):
	case kind == "template":
		p := pick(t, "template", r.usable())
		i.label, i.id = p.label, p.id
	case len(r.sessions) > 0:
		s := pick(t, "session", r.sessions)
		i.label, i.id = s.label, s.id
	}
	i.text = i.id.String()
	switch rapid.IntRange(0, 23).Draw(t, "written") {
	case 20:
		i.text, i.label = strings.ToUpper(i.text), i.label+" in capitals"
	case 21:
		i.text, i.form, i.label = strings.ReplaceAll(i.text, "-", ""), invalidParam, i.label+" without dashes"
	case 22:
		i.text, i.form, i.label = i.text+"%00", invalidParam, i.label+" and a NUL"
	case 23:
		i.text, i.form, i.label = i.text+","+f.realms[0].id.String(), invalidParam, i.label+" and another"
	}
	return i
}
