package server_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

const metricsPath = "/api/v1/ws/metrics"

// measured is what a test compares of a message with numbers.
type measured struct {
	Sessions map[string]int
	Room     *bool
	Quotas   *struct {
		Sessions struct {
			UsedByOrg  int `json:"used_by_org"`
			UsedByUser int `json:"used_by_user"`
		}
	}
}

// state is the numbers of sessions, and of the quota used by the organisation and by the member.
type state struct{ Pending, Running, UsedByOrg, UsedByUser int }

func followMetrics(t *testing.T, p dbtest.Person) *follower {
	t.Helper()
	socket, status := dialAt(t, running, metricsPath, http.Header{"Authorization": {"Bearer " + running.Bearer(t, p)}})
	if socket == nil {
		t.Fatalf("open a stream: %d", status)
	}
	return &follower{t: t, who: p, socket: socket}
}

// measured reads a message with numbers.
func (m told) measured(t testing.TB) measured {
	t.Helper()
	var out measured
	if err := json.Unmarshal(m.Data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// shows reads until the numbers are these.
func (f *follower) shows(want state) measured {
	f.t.Helper()
	for {
		m := f.first("metrics").measured(f.t)
		if m.Quotas == nil {
			f.t.Fatal("there are no quotas")
		}
		q := m.Quotas.Sessions
		if got := (state{m.Sessions["pending"], m.Sessions["running"], q.UsedByOrg, q.UsedByUser}); got == want {
			return m
		}
	}
}

// quiet reads up to the heartbeat that says that everything up to a number was considered.
func (f *follower) quiet(seq int64) {
	f.t.Helper()
	for {
		m, err := f.next()
		switch {
		case err != nil:
			f.t.Fatal(err)
		case m.Type != "heartbeat":
			f.t.Errorf("nothing has changed: %s", m.text)
		case m.Seq >= seq:
			return
		}
	}
}

// TestMetricsAreWhatAMemberMaySee has two organisations, each of which runs a session.
func TestMetricsAreWhatAMemberMaySee(t *testing.T) {
	t.Parallel()
	spec := dbtest.Spec{PerOrg: 50, PerUser: 50}
	o, another := running.NewOrg(t, spec), running.NewOrg(t, spec)
	running.AgentSeen(t, o)
	admin, member, viewer := followMetrics(t, o.Admin), followMetrics(t, o.Member), followMetrics(t, o.Viewer)
	if room := admin.shows(state{}).Room; room == nil || !*room {
		t.Error("an admin is not told that there is room")
	}
	for _, f := range []*follower{member, viewer} {
		if f.shows(state{}).Room != nil {
			t.Errorf("a %s is told of hosts", f.who.Role)
		}
	}
	id := launch(t, o, o.Member, "a")
	admin.shows(state{1, 0, 1, 0})
	member.shows(state{1, 0, 1, 1})
	viewer.shows(state{0, 0, 1, 0})
	running.Report(t, o, id, "running")
	admin.shows(state{0, 1, 1, 0})
	member.shows(state{0, 1, 1, 1})

	launch(t, another, another.Member, "foreign")
	running.Call(t, servertest.Request{
		Method: http.MethodPatch, Path: "/api/v1/sessions/" + id, Bearer: running.Bearer(t, o.Member),
		Body: map[string]string{"name": "b"},
	}, nil)
	_, newest := entitled(t, o, o.Admin, 0)
	for _, f := range []*follower{member, viewer} { // an admin may be told of room meanwhile
		f.quiet(newest)
	}

	running.Call(t, servertest.Request{
		Method: http.MethodDelete, Path: "/api/v1/sessions/" + id, Bearer: running.Bearer(t, o.Member),
	}, nil)
	running.Report(t, o, id, "terminated")
	for _, f := range []*follower{admin, member, viewer} {
		f.shows(state{})
	}
}

func TestMetricsOfAKeyAreWithinItsScopes(t *testing.T) {
	t.Parallel()
	o := running.NewOrg(t, dbtest.Spec{})
	token := newKey(t, o.Admin, "session.read")
	socket, status := dialAt(t, running, metricsPath, http.Header{"Authorization": {"Bearer " + token}})
	if socket == nil {
		t.Fatalf("open a stream: %d", status)
	}
	got := (&follower{t: t, who: o.Admin, socket: socket}).first("metrics").measured(t)
	want := measured{Sessions: map[string]int{"pending": 0, "starting": 0, "running": 0, "terminating": 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a key for sessions (-want +got):\n%s", diff)
	}
	refused := newKey(t, o.Admin, "quota.read")
	if _, status := dialAt(t, running, metricsPath, http.Header{"Authorization": {"Bearer " + refused}}); status != 403 {
		t.Errorf("a key for quotas: %d", status)
	}
}

// TestMetricsEndWithTheAccess removes the member.
func TestMetricsEndWithTheAccess(t *testing.T) {
	t.Parallel()
	o := running.NewOrg(t, dbtest.Spec{})
	f := followMetrics(t, o.Member)
	f.first("metrics")
	running.Call(t, servertest.Request{
		Method: http.MethodDelete, Path: "/api/v1/members/" + o.Member.User.String(), Bearer: running.Bearer(t, o.Admin),
	}, nil)
	if code, reason, _ := f.ends(); code != websocket.StatusCode(4401) || reason != "signed_out" {
		t.Errorf("it ended with %d %s", code, reason)
	}
}

// TestMetricsAreRefused asks in ways that are refused before the upgrade.
func TestMetricsAreRefused(t *testing.T) {
	t.Parallel()
	o, other := running.NewOrg(t, dbtest.Spec{}), running.NewOrg(t, dbtest.Spec{})
	bearer := http.Header{"Authorization": {"Bearer " + running.Bearer(t, o.Member)}}
	cookie := "__Host-session=" + o.Member.Secret.Reveal()
	for name, c := range map[string]struct {
		query  string
		header http.Header
		status int
	}{
		"no credential":        {"", http.Header{}, 401},
		"a cookie, no Origin":  {"", http.Header{"Cookie": {cookie}}, 403},
		"another organisation": {"?org=" + other.Slug, bearer, 403},
		"another namespace":    {"?namespace=" + other.Slug, bearer, 403},
		"a number":             {"?after=1", bearer, 400},
		"its own organisation": {"?org=" + o.Slug, bearer, 101},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, status := dialAt(t, running, metricsPath+c.query, c.header); status != c.status {
				t.Errorf("%d, want %d", status, c.status)
			}
		})
	}
}

// newKey makes an API key with one scope and returns its token.
func newKey(t *testing.T, p dbtest.Person, scope string) string {
	t.Helper()
	var made struct{ Token string }
	status := running.Call(t, servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/keys", Bearer: running.Bearer(t, p),
		Body: map[string]any{"name": scope, "scopes": []string{scope}},
	}, &made)
	if status != http.StatusCreated {
		t.Fatalf("make a key: %d", status)
	}
	return made.Token
}
