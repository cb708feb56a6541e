package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// told is a message of a live stream.
type told struct {
	Type    string
	Seq     int64
	Actor   string
	Subject struct{ ID, Name string }
	Data    json.RawMessage
	text    string // all of it
}

// follower reads one live stream.
type follower struct {
	t      testing.TB
	who    dbtest.Person
	socket *websocket.Conn // nil: server-sent events
	stream *bufio.Reader
	id     string // of the last server-sent event
}

// patience is far above what a message takes to arrive.
const patience = time.Minute

// promptly is far above what an event takes to end a stream, and below the look each 30 s that would end it as well.
const promptly = 20 * time.Second

// follow opens a WebSocket.
func follow(t *testing.T, who dbtest.Person, query string) *follower {
	t.Helper()
	return followAt(t, running, who, query)
}

// followAt is follow on a control plane of the test's own.
func followAt(t testing.TB, at *servertest.Server, who dbtest.Person, query string) *follower {
	t.Helper()
	token := http.Header{"Authorization": {"Bearer " + at.Bearer(t, who)}}
	socket, status := dialAt(t, at, "/api/v1/ws/events"+query, token)
	if socket == nil {
		t.Fatalf("open a stream: %d", status)
	}
	return &follower{t: t, who: who, socket: socket}
}

// dial asks for a WebSocket. Without one it returns the status.
func dial(t *testing.T, query string, header http.Header) (*websocket.Conn, int) {
	t.Helper()
	return dialAt(t, running, "/api/v1/ws/events"+query, header)
}

func dialAt(t testing.TB, at *servertest.Server, path string, header http.Header) (*websocket.Conn, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	//nolint:bodyclose // the body is the WebSocket, or empty
	socket, response, err := websocket.Dial(ctx, at.URL+path, &websocket.DialOptions{
		HTTPClient: at.Client, HTTPHeader: header,
	})
	if response == nil {
		t.Fatal(err)
	}
	if socket != nil {
		t.Cleanup(func() { _ = socket.CloseNow() })
	}
	return socket, response.StatusCode
}

// listen opens server-sent events.
func listen(t *testing.T, who dbtest.Person, query, last string) *follower {
	t.Helper()
	return listenAt(t, running, who, query, last)
}

func listenAt(t testing.TB, at *servertest.Server, who dbtest.Person, query, last string) *follower {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.URL+"/api/v1/events/stream"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+at.Bearer(t, who))
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	response, err := at.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("open a stream: %d %s", response.StatusCode, kind)
	}
	return &follower{t: t, who: who, stream: bufio.NewReader(response.Body)}
}

// next reads one message, or why there is none.
func (f *follower) next() (told, error) {
	var text []byte
	if f.socket != nil {
		ctx, cancel := context.WithTimeout(f.t.Context(), patience)
		defer cancel()
		var err error
		if _, text, err = f.socket.Read(ctx); err != nil {
			return told{}, err
		}
	}
	for text == nil {
		line, err := f.stream.ReadString('\n')
		if err != nil {
			return told{}, err
		}
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			f.id = strings.TrimSpace(id)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			text = []byte(strings.TrimSpace(data))
		}
	}
	m := told{text: string(text)}
	return m, json.Unmarshal(text, &m)
}

// until reads up to the message that says that everything up to a number was sent, and returns the events.
func (f *follower) until(seq int64) []told {
	f.t.Helper()
	var all []told
	for {
		m, err := f.next()
		if err != nil {
			f.t.Fatalf("after %d events: %v", len(all), err)
		}
		switch m.Type {
		case "heartbeat":
		case "reset", "closing":
			f.t.Fatalf("after %d events: %s", len(all), m.text)
		default:
			all = append(all, m)
		}
		if m.Seq >= seq {
			return all
		}
	}
}

// first reads the first message of a type.
func (f *follower) first(kind string) told {
	f.t.Helper()
	for {
		m, err := f.next()
		if err != nil {
			f.t.Fatalf("no %s: %v", kind, err)
		}
		if m.Type == kind {
			return m
		}
	}
}

// ends reads to the end and returns the close code and its reason, and how long it took.
func (f *follower) ends() (websocket.StatusCode, string, time.Duration) {
	f.t.Helper()
	began := time.Now()
	for {
		if _, err := f.next(); err != nil {
			closed, _ := errors.AsType[websocket.CloseError](err)
			if f.socket == nil && !errors.Is(err, io.EOF) {
				f.t.Errorf("the stream ended with %v", err)
			}
			return websocket.CloseStatus(err), closed.Reason, time.Since(began)
		}
	}
}

// entitled is the log that a person may see, by the rule and not by a policy.
func entitled(t *testing.T, o *dbtest.Org, p dbtest.Person, after int64) (all []int64, newest int64) {
	t.Helper()
	return entitledAt(t, database.Superuser(t), o, p, after)
}

func entitledAt(t *testing.T, super *pgx.Conn, o *dbtest.Org, p dbtest.Person, after int64) (
	all []int64, newest int64) {
	t.Helper()
	admin := p.Role == org.RoleAdmin || p.Role == org.RoleOwner
	err := super.QueryRow(t.Context(), `select coalesce(array_agg(seq order by seq) filter
			(where $3 and audience <> 'private' or audience = 'everyone' or owner_id = $2), '{}'),
			(select event_seq from app.org_heads where org_id = $1)
		from app.events where org_id = $1 and seq > $4`, o.ID.UUID, p.User.UUID, admin, after).Scan(&all, &newest)
	if err != nil {
		t.Fatal(err)
	}
	return all, newest
}

func numbers(all []told) []int64 {
	out := []int64{}
	for _, m := range all {
		out = append(out, m.Seq)
	}
	return out
}

func launch(t *testing.T, o *dbtest.Org, p dbtest.Person, name string) string {
	t.Helper()
	running.AgentSeen(t, o)
	var made struct{ ID string }
	create := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: running.Bearer(t, p),
		Body: map[string]string{"template": "desk", "name": name},
	}
	if s := running.Call(t, create, &made); s != http.StatusCreated {
		t.Fatalf("launch: %d", s)
	}
	return made.ID
}

// TestEventsReachThoseWhoMaySeeThem has two organisations with four members each, who all follow by both protocols.
func TestEventsReachThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	spec := dbtest.Spec{PerOrg: 50, PerUser: 50, Members: 1}
	orgs := []*dbtest.Org{running.NewOrg(t, spec), running.NewOrg(t, spec)}
	var all []*follower
	of := map[*follower]int{}
	for i, o := range orgs {
		for _, p := range []dbtest.Person{o.Admin, o.Member, o.Members[0], o.Viewer} {
			for _, f := range []*follower{follow(t, p, "?after=0"), listen(t, p, "?after=0", ""), follow(t, p, "?after=0")} {
				all = append(all, f)
				of[f] = i
			}
		}
	}
	for i, o := range orgs {
		for _, p := range []dbtest.Person{o.Member, o.Members[0], o.Admin} {
			id := launch(t, o, p, fmt.Sprintf("canary-%d of %s", i, p.Role))
			running.Report(t, o, id, "running")
			running.Call(t, servertest.Request{
				Method: http.MethodDelete, Path: "/api/v1/sessions/" + id, Bearer: running.Bearer(t, p),
			}, nil)
		}
	}
	for _, f := range all {
		o := orgs[of[f]]
		want, newest := entitled(t, o, f.who, 0)
		got := f.until(newest)
		if diff := cmp.Diff(want, numbers(got)); diff != "" {
			t.Errorf("what %s was told (-want +got):\n%s", f.who.Role, diff)
		}
		foreign := fmt.Sprintf("canary-%d", 1-of[f])
		for _, m := range got {
			if strings.Contains(m.text, foreign) || strings.Contains(m.text, orgs[1-of[f]].ID.String()) {
				t.Errorf("%s was told of the other organisation: %s", f.who.Role, m.text)
			}
		}
		if f.who.Role != org.RoleViewer && len(got) == 0 {
			t.Errorf("%s was told nothing", f.who.Role)
		}
	}
}

func TestAStreamGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	o := running.NewOrg(t, dbtest.Spec{PerOrg: 50, PerUser: 50})
	launch(t, o, o.Member, "first")
	_, newest := entitled(t, o, o.Member, 0)
	s := listen(t, o.Member, "?after=0", "")
	s.until(newest)
	last := s.id
	live := follow(t, o.Member, "")
	if m := live.first("heartbeat"); m.Seq != newest {
		t.Errorf("a stream of what is to come begins at %d, want %d", m.Seq, newest)
	}
	launch(t, o, o.Member, "second")
	launch(t, o, o.Admin, "another's")
	want, end := entitled(t, o, o.Member, newest)
	for how, f := range map[string]*follower{
		"live": live, "after": follow(t, o.Member, "?after="+last), "Last-Event-ID": listen(t, o.Member, "", last),
	} {
		if diff := cmp.Diff(want, numbers(f.until(end))); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", how, diff)
		}
	}
	only := follow(t, o.Member, "?after=0&type=session.created,key")
	for _, m := range only.until(end) {
		if m.Type != "session.created" || m.Subject.Name == "" || m.Actor != "user:"+o.Member.User.String() {
			t.Errorf("selected: %s", m.text)
		}
	}
}

// A history that does not reach back, and a number that no event has, as after a restore: the client must list again.
func TestAStreamSaysThatItCannotGoOn(t *testing.T) {
	t.Parallel()
	o := running.NewOrg(t, dbtest.Spec{PerOrg: 50, PerUser: 50})
	launch(t, o, o.Member, "first")
	_, newest := entitled(t, o, o.Member, 0)
	if _, err := database.Superuser(t).Exec(t.Context(), "delete from app.events where org_id = $1 and seq = 1",
		o.ID.UUID); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"?after=0", fmt.Sprintf("?after=%d", newest+1)} {
		f := follow(t, o.Member, query)
		if m, err := f.next(); err != nil || m.Type != "reset" || m.Seq != newest {
			t.Errorf("%s: %s, %v", query, m.text, err)
		}
	}
	if m, err := listen(t, o.Member, "", "junk").next(); err != nil || m.Type != "reset" {
		t.Errorf("an id that was never sent: %s, %v", m.text, err)
	}
	f := follow(t, o.Member, "?after=1")
	if m, err := f.next(); err != nil || m.Type == "reset" {
		t.Errorf("the oldest that is known follows: %s, %v", m.text, err)
	}
}

// TestAStreamEndsWithTheAccess ends an access in each of the ways in which one ends.
func TestAStreamEndsWithTheAccess(t *testing.T) {
	t.Parallel()
	super := func(sql string, args ...any) func(*testing.T, *dbtest.Org) {
		return func(t *testing.T, o *dbtest.Org) {
			if _, err := database.Superuser(t).Exec(t.Context(), sql, append([]any{o.ID.UUID}, args...)...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		end    func(*testing.T, *dbtest.Org)
		reason string
	}{
		"signing out": {func(t *testing.T, o *dbtest.Org) {
			running.Call(t, servertest.Request{
				Method: http.MethodPost, Path: "/api/v1/auth/logout", Bearer: running.Bearer(t, o.Member),
			}, nil)
		}, "signed_out"},
		"another role": {func(t *testing.T, o *dbtest.Org) {
			running.Call(t, servertest.Request{
				Method: http.MethodPatch, Path: "/api/v1/members/" + o.Member.User.String(), Bearer: running.Bearer(t, o.Admin),
				Body: map[string]string{"role": "viewer"},
			}, nil)
		}, "stale_token"},
		"removal": {func(t *testing.T, o *dbtest.Org) {
			running.Call(t, servertest.Request{
				Method: http.MethodDelete, Path: "/api/v1/members/" + o.Member.User.String(), Bearer: running.Bearer(t, o.Admin),
			}, nil)
		}, "signed_out"},
		"suspension":      {super("update app.organizations set suspended = true where id = $1"), "signed_out"},
		"a disabled user": {disableMember, "signed_out"},
		"an earlier end": {super("update app.credentials set ends_at = now() + interval '1.5 s' where org_id = $1"),
			"stream_token_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := running.NewOrg(t, dbtest.Spec{})
			f, s := follow(t, o.Member, ""), listen(t, o.Member, "", "")
			f.first("heartbeat")
			s.first("heartbeat")
			c.end(t, o)
			code, reason, took := f.ends()
			if code != 4401 || reason != c.reason || took > promptly {
				t.Errorf("it ended with %d %s after %v, want %s", code, reason, took, c.reason)
			}
			if _, _, took := s.ends(); took > promptly {
				t.Errorf("the events ended after %v", took)
			}
		})
	}
}

func disableMember(t *testing.T, o *dbtest.Org) {
	t.Helper()
	if _, err := database.Superuser(t).Exec(t.Context(), "update app.users set disabled = true where id = $1",
		o.Member.User.UUID); err != nil {
		t.Fatal(err)
	}
}

// TestAStreamIsRefused asks for streams in ways that are refused before the upgrade.
func TestAStreamIsRefused(t *testing.T) {
	t.Parallel()
	o, other := running.NewOrg(t, dbtest.Spec{}), running.NewOrg(t, dbtest.Spec{})
	bearer := "Bearer " + running.Bearer(t, o.Member)
	cookie := "__Host-session=" + o.Member.Secret.Reveal()
	const own = "http://localhost" // the public URL of a test
	for name, c := range map[string]struct {
		query  string
		header http.Header
		status int
	}{
		"no credential":            {"", http.Header{}, 401},
		"a token in the URL":       {"?access_token=x", http.Header{"Authorization": {bearer}}, 400},
		"a cookie, no Origin":      {"", http.Header{"Cookie": {cookie}}, 403},
		"a cookie, from elsewhere": {"", http.Header{"Cookie": {cookie}, "Origin": {"https://elsewhere.example"}}, 403},
		"a token, from elsewhere":  {"", http.Header{"Authorization": {bearer}, "Origin": {"https://else.example"}}, 403},
		"another organisation":     {"?org=" + other.Slug, http.Header{"Authorization": {bearer}}, 403},
		"its id":                   {"?org=" + other.ID.String(), http.Header{"Authorization": {bearer}}, 403},
		"another namespace":        {"?namespace=" + other.Slug, http.Header{"Authorization": {bearer}}, 403},
		"a negative number":        {"?after=-1", http.Header{"Authorization": {bearer}}, 400},
		"no types":                 {"?type=,", http.Header{"Authorization": {bearer}}, 400},
		"a cookie":                 {"", http.Header{"Cookie": {cookie}, "Origin": {own}}, 101},
		"its own organisation": {"?org=" + o.Slug + "&namespace=" + o.Slug, http.Header{"Authorization": {bearer}},
			101},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, status := dial(t, c.query, c.header); status != c.status {
				t.Errorf("%d, want %d", status, c.status)
			}
		})
	}
	for name, c := range map[string]struct {
		header http.Header
		status int
	}{
		"a page of ours":      {http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-origin"}}, 200},
		"a page of a sibling": {http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-site"}}, 403},
		"a cookie alone":      {http.Header{"Cookie": {cookie}}, 403},
		"a foreign page":      {http.Header{"Cookie": {cookie}, "Origin": {"https://elsewhere.example"}}, 403},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, running.URL+"/api/v1/events/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = c.header
		response, err := running.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("events for %s: %d, want %d", name, response.StatusCode, c.status)
		}
	}
}

// TestAClientThatMisbehavesLosesItsStream sends what is no message.
func TestAClientThatMisbehavesLosesItsStream(t *testing.T) {
	t.Parallel()
	o := running.NewOrg(t, dbtest.Spec{})
	for name, c := range map[string]struct {
		kind websocket.MessageType
		text string
		code websocket.StatusCode
	}{
		"garbage":         {websocket.MessageText, "garbage", websocket.StatusPolicyViolation},
		"bytes":           {websocket.MessageBinary, `{"type":"token"}`, websocket.StatusPolicyViolation},
		"too much":        {websocket.MessageText, strings.Repeat("x", 100_000), websocket.StatusMessageTooBig},
		"a forged token":  {websocket.MessageText, `{"type":"token","token":"x"}`, 4401},
		"another's token": {websocket.MessageText, `{"type":"token","token":"` + running.Bearer(t, o.Admin) + `"}`, 4401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := follow(t, o.Member, "")
			f.first("heartbeat")
			if err := f.socket.Write(t.Context(), c.kind, []byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if code, reason, _ := f.ends(); code != c.code {
				t.Errorf("it ended with %d %s, want %d", code, reason, c.code)
			}
		})
	}
	f := follow(t, o.Member, "")
	f.first("heartbeat")
	renewed := `{"type":"token","token":"` + running.Bearer(t, o.Member) + `"}`
	if err := f.socket.Write(t.Context(), websocket.MessageText, []byte(renewed)); err != nil {
		t.Fatal(err)
	}
	launch(t, o, o.Member, "after the renewal")
	f.first("session.created")
}
