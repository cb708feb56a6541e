package http

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

const (
	publicURL = "https://streamspace.test"
	password  = "correct horse"
)

// fixture is a server over the real modules over a world of fakes, with somebody in it.
type fixture struct {
	*Server
	t      *testing.T
	world  *world
	tokens *jwt.Tokens
	log    *logged
	seen   *streamed
	who    identity.SignIn // of a member of acme
	secret secret.Secret
	token  string
	acme   org.ID
	globex org.ID

	mu       sync.Mutex
	shown    map[string]bool // everything like a secret that requests and answers held
	unserved []string        // tags of operations that the world has no rows for
}

// streamed is what the stream's handler was given.
type streamed struct {
	mu      sync.Mutex
	scope   org.Scope
	session string
	lease   events.Lease
}

func (s *streamed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scope, s.session = org.From(r.Context()), r.PathValue("session_id")
	w.WriteHeader(http.StatusSwitchingProtocols)
}

// Socket implements Feed.
func (s *streamed) Socket(w http.ResponseWriter, r *http.Request, l events.Lease, _ events.View) error {
	s.mu.Lock()
	s.lease = l
	s.mu.Unlock()
	s.ServeHTTP(w, r)
	return nil
}

// Stream implements Feed.
func (s *streamed) Stream(w http.ResponseWriter, r *http.Request, l events.Lease) error {
	return s.Socket(w, r, l, events.View{})
}

// loggedOutput implements LogFeed.
type loggedOutput struct{ *streamed }

// Socket implements LogFeed.
func (s loggedOutput) Socket(w http.ResponseWriter, r *http.Request, l events.Lease) error {
	return s.streamed.Socket(w, r, l, events.View{})
}

// logged is a log that tests read.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.b.String()), "\n")
}

func contractBytes(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newFixture(t *testing.T, change ...func(*Config)) *fixture {
	t.Helper()
	f := &fixture{
		t: t, world: newWorld(), log: &logged{}, seen: &streamed{},
		acme: org.ID{UUID: uuid.New()}, globex: org.ID{UUID: uuid.New()}, shown: map[string]bool{},
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if f.tokens, err = jwt.New(jwt.Config{Keys: jwt.Keys{Signing: key}, Issuer: publicURL}); err != nil {
		t.Fatal(err)
	}
	c := f.config()
	for _, apply := range change {
		apply(&c)
	}
	if f.Server, err = New(c); err != nil {
		t.Fatal(err)
	}
	f.populate()
	t.Cleanup(f.nothingSecretIsLogged)
	return f
}

// secretLike is what tokens, cookies, tickets and their like look like: no id is as long, and a token has three parts.
var secretLike = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)

// show remembers what must not be in the log.
func (f *fixture) show(texts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, text := range texts {
		for _, secret := range secretLike.FindAllString(text, -1) {
			f.shown[secret] = true
		}
	}
}

// nothingSecretIsLogged looks at all that a test has asked for, once it is over.
func (f *fixture) nothingSecretIsLogged() {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := strings.Join(f.log.lines(), "\n")
	f.shown[password] = true
	for secret := range f.shown {
		if at := strings.Index(log, secret); at >= 0 {
			f.t.Errorf("the log holds a secret: %s", log[max(at-200, 0):at+len(secret)])
		}
	}
}

// stranger is what an agent shows that nobody enrolled.
const stranger = "nobody's"

func (f *fixture) config() Config {
	w, log := f.world, slog.New(slog.NewJSONHandler(f.log, nil))
	return f.withOtherServices(Config{
		PublicURL: publicURL, Spec: contractBytes(f.t), Tokens: f.tokens, Log: log, Stream: f.seen,
		Events: f.seen, Logs: loggedOutput{f.seen},
		Page: fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html>")},
			"reference.html":   {Data: []byte("<!doctype html>")},
			"assets/main-1.js": {Data: []byte("1")},
		},
		Agents: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer "+stranger {
				w.WriteHeader(http.StatusUnauthorized)
			}
			_, _ = io.Copy(w, r.Body)
		}),
		Identity: identity.NewService(identity.Config{
			Directory: w, InOrg: scoped(w, func(r rows) identity.Tx { return r }), Passwords: identity.NewPasswords(2),
			Read: func(in org.Scope) identity.Queries { return queries{rows{w, in}} },
		}),
		Templates: templates.NewService(func(in org.Scope) templates.Queries { return queries{rows{w, in}} },
			scoped(w, func(r rows) templates.Tx { return r }), uncounted{}, log),
		Sessions: sessions.NewService(sessions.Config{
			InOrg: scoped(w, func(r rows) sessions.Tx { return r }),
			Read:  func(in org.Scope) sessions.Queries { return queries{rows{w, in}} },
			AsService: func(_ context.Context, _ org.ID, _ string, fn func(sessions.ServiceTx) error) error {
				w.mu.Lock()
				defer w.mu.Unlock()
				return fn(service{rows: rows{w: w}})
			},
			Tickets: w, Counter: uncounted{}, Nudger: sessions.NewNudger(nobody{}, log), Bus: membus.New(),
		}),
	})
}

// served are the operations of the modules that the world has rows of, in the order of their ids.
func (f *fixture) served() []operation {
	var out []operation
	for _, id := range slices.Sorted(maps.Keys(f.contract.operations)) {
		op := f.contract.operations[id]
		if !slices.ContainsFunc(op.route.Operation.Tags, func(tag string) bool { return slices.Contains(f.unserved, tag) }) {
			out = append(out, op)
		}
	}
	return out
}

// withOtherServices gives the server an empty service for each module that the world has no rows of. Its operations,
// whose tag is the module's name, are not asked for here: app/attack asks them of a real database.
func (f *fixture) withOtherServices(c Config) Config {
	fields := reflect.ValueOf(&c).Elem()
	for i := range fields.NumField() {
		field := fields.Field(i)
		if field.Kind() == reflect.Pointer && field.IsNil() && strings.HasSuffix(field.Type().String(), ".Service") {
			field.Set(reflect.New(field.Type().Elem()))
			f.unserved = append(f.unserved, strings.ToLower(fields.Type().Field(i).Name))
		}
	}
	f.unserved = append(f.unserved, "events") // their responses have no end
	return c
}

// populate makes two organisations, and signs a member of the first in.
func (f *fixture) populate() {
	u := f.addUser("member@acme.test", identity.Membership{
		Org: identity.Org{ID: f.acme, Slug: "acme", Name: "Acme"}, Role: org.RoleMember,
	})
	f.world.templates[org.ID{}] = []templates.Template{
		{ID: templates.ID{UUID: uuid.New()}, Name: "terminal", Title: "Terminal", Public: true},
	}
	f.world.templates[f.acme] = []templates.Template{{ID: templates.ID{UUID: uuid.New()}, Name: "own", Title: "Own"}}
	f.world.templates[f.globex] = []templates.Template{{ID: templates.ID{UUID: uuid.New()}, Name: "theirs",
		Title: "Theirs"}}
	f.who, f.secret, f.token = f.signIn(u)
}

func (f *fixture) addUser(email string, in ...identity.Membership) org.UserID {
	u := identity.User{ID: org.UserID{UUID: uuid.New()}, Email: email, Name: "Somebody"}
	for i := range in {
		in[i].User = u.ID
	}
	f.world.users[email], f.world.memberships[u.ID] = u, in
	return u.ID
}

// setPassword is apart from addUser because a hash takes its time.
func (f *fixture) setPassword(email string) {
	hash, err := identity.NewPasswords(1).Hash(f.t.Context(), password)
	if err != nil {
		f.t.Fatal(err)
	}
	f.world.passwords[email] = hash
}

// signIn makes a sign-in in the first organisation of a user.
func (f *fixture) signIn(u org.UserID) (identity.SignIn, secret.Secret, string) {
	m, key := f.world.memberships[u][0], secret.New()
	s := identity.SignIn{
		Membership: m, Credential: org.CredentialID{UUID: uuid.New()}, EndsAt: time.Now().Add(identity.Lifetime),
	}
	f.world.credentials[key.Hash()] = &s
	token, _, err := f.tokens.Mint(s)
	if err != nil {
		f.t.Fatal(err)
	}
	return s, key, token
}

// apiKey makes a key of the fixture's member.
func (f *fixture) apiKey(scopes ...string) string {
	token := keys.NewToken(keys.ID{UUID: uuid.New()})
	s := f.who
	s.Credential, s.Scopes = org.CredentialID{UUID: uuid.New()}, scopes
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	f.world.credentials[token.Hash()] = &s
	return token.Reveal()
}

// as signs a new member of acme in with a role.
func (f *fixture) as(r org.Role) string {
	u := f.addUser(string(r)+uuid.NewString()+"@acme.test", identity.Membership{
		Org: identity.Org{ID: f.acme, Slug: "acme", Name: "Acme"}, Role: r,
	})
	_, _, token := f.signIn(u)
	return token
}

func (f *fixture) addSession(in org.ID) sessions.ID {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	id := sessions.ID{UUID: uuid.Must(uuid.NewV7())}
	f.world.sessions[id] = owned{in, sessions.Session{
		ID: id, Owner: f.who.User, Name: "A", State: link.Running, CreatedAt: time.Now(),
		Template: f.world.templates[org.ID{}][0],
	}}
	return id
}

// ask is one request.
type ask struct {
	method, path, body string
	token, cookie      string
	header             map[string]string
}

func (f *fixture) do(a ask) *httptest.ResponseRecorder {
	f.t.Helper()
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	r := httptest.NewRequestWithContext(f.t.Context(), a.method, a.path, body)
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: a.cookie})
	}
	for k, v := range a.header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	h := r.Header
	f.show(a.body, h.Get("Authorization"), h.Get("Cookie"), h.Get("Sec-WebSocket-Protocol"))
	f.show(w.Header().Get("Set-Cookie"))
	if strings.HasPrefix(a.path, "/api/") {
		f.show(w.Body.String())
	}
	return w
}

// refresh returns a new access token of f.who.
func (f *fixture) refresh() string {
	f.t.Helper()
	w := f.do(ask{method: http.MethodPost, path: "/api/v1/auth/refresh",
		body: `{"refresh_token":"` + f.secret.Reveal() + `"}`})
	wantStatus(f.t, w, http.StatusOK)
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		f.t.Fatal(err)
	}
	return got.Token
}

// member is a request by the fixture's member.
func (f *fixture) member(method, path, body string) *httptest.ResponseRecorder {
	f.t.Helper()
	return f.do(ask{method: method, path: path, body: body, token: f.token})
}

// wantProblem checks that an answer is a problem document with this status and code, and returns it.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code string) map[string]any {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("status %d, body %q: %v", w.Code, w.Body, err)
	}
	if w.Code != status || got["code"] != code || got["status"] != float64(status) ||
		w.Header().Get("Content-Type") != "application/problem+json" || got["request_id"] != w.Header().Get("X-Request-Id") {
		t.Fatalf("got %d %s, want %d %s\nheader %v", w.Code, w.Body, status, code, w.Header())
	}
	return got
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("got %d %s, want %d", w.Code, w.Body, status)
	}
}

type uncounted struct{}

func (uncounted) Refusals(string) func() { return func() {} }

// nobody is told anything.
type nobody struct{}

func (nobody) Put(context.Context, uuid.UUID, link.Desired) error { return nil }

func (nobody) Open(context.Context, uuid.UUID, uuid.UUID) (io.ReadWriteCloser, error) {
	return nil, io.EOF
}
