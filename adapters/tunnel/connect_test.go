package tunnel

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/hashicorp/yamux"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// request is what a stranger may try, as the headers it sends.
type request struct {
	agent       uuid.UUID
	secret      secret.Secret
	epoch       int64
	origin      string
	auth        string // instead of agent and secret
	upgrade     string
	stream      string
	session     uuid.UUID
	subprotocol string
	version     string
	contact     string
	limits      string
}

// try sends a request and returns its status, and the code of the problem that it is answered with.
func (r *rig) try(t testing.TB, path string, q request) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.http.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if q.agent != uuid.Nil {
		present(req.Header, link.Hello{Agent: q.agent, Secret: q.secret, Epoch: q.epoch})
	}
	for name, value := range map[string]string{
		"Authorization": q.auth, "Origin": q.origin, "Upgrade": q.upgrade, headerStream: q.stream,
		"Sec-WebSocket-Protocol": q.subprotocol, headerVersion: q.version, headerContact: q.contact,
		headerLimits: q.limits,
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	req.Header.Set(headerSession, q.session.String())
	if q.upgrade != "" {
		req.Header.Set("Connection", "Upgrade")
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp.StatusCode, ""
	}
	var p problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatalf("answer %d is no problem: %v", resp.StatusCode, err)
	}
	want := p // its code and detail are its own
	want.Type, want.Title, want.Status = "about:blank", http.StatusText(resp.StatusCode), resp.StatusCode
	if diff := cmp.Diff(want, p); diff != "" || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
	return resp.StatusCode, p.Code
}

func TestConnect(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	if a.Epoch() != 1 {
		t.Errorf("first process has epoch %d", a.Epoch())
	}
	if got := r.server.Stats(); got != (Stats{Agents: 1}) {
		t.Errorf("stats %+v", got)
	}
	a.stop()
	if err := receive(t, "Run", a.ended); err != nil {
		t.Errorf("Run ended with %v", err)
	}
	receive(t, "the end of the connection", r.ended)
	if got := r.server.Stats(); got != (Stats{}) {
		t.Errorf("stats after the end %+v", got)
	}
}

func TestConnectTellsUnconfinedAndSlots(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, key := r.control.enrol()
	client, err := NewClient(ClientConfig{
		URL: r.http.URL, Agent: id, Secret: key, Unconfined: true, Slots: 7, Version: "v1.2.3", Log: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ws, err := client.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if h := r.control.hellos[0]; !h.Unconfined || h.Slots != 7 || h.Version != "v1.2.3" || h.Epoch != 0 {
		t.Errorf("control plane was told %+v", h)
	}
}

// dial connects an agent that does nothing but what the test does.
func (r *rig) dial(t *testing.T, cfg ClientConfig) *peer {
	t.Helper()
	cfg.URL, cfg.Log = r.http.URL, quiet()
	client, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ws, err := client.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPeer(t.Context(), ws, yamux.Client, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.close() })
	return p
}

// TestConnectTellsUnenforcedLimits has every list of limits, and an agent that does not say. A sync says them again.
func TestConnectTellsUnenforcedLimits(t *testing.T) {
	t.Parallel()
	lists := [][]string{nil, {}}
	for bits := 1; bits < 1<<len(link.LimitNames()); bits++ {
		var list []string
		for i, name := range link.LimitNames() {
			if bits>>i&1 == 1 {
				list = append(list, name)
			}
		}
		lists = append(lists, list)
	}
	for _, limits := range lists {
		h := http.Header{}
		present(h, link.Hello{Agent: uuid.New(), Secret: secret.New(), UnenforcedLimits: limits})
		got, err := presented(h)
		if err != nil {
			t.Fatalf("%q: %v", limits, err)
		}
		if diff := cmp.Diff(limits, got.UnenforcedLimits); diff != "" {
			t.Errorf("limits (-want +got):\n%s", diff)
		}
	}
	r := newRig(t)
	id, key := r.control.enrol()
	p := r.dial(t, ClientConfig{Agent: id, Secret: key, UnenforcedLimits: []string{"cpu", "disk"}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://peer/placements", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	r.control.set(func(c *control) {
		if len(c.hellos) < 2 {
			t.Fatalf("%d hellos", len(c.hellos))
		}
		for _, h := range c.hellos {
			if diff := cmp.Diff([]string{"cpu", "disk"}, h.UnenforcedLimits); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		}
	})
}

func TestConnectRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, key := r.control.enrol()
	r.control.set(func(c *control) { c.epochs[id] = 7 })
	busy := newRig(t)
	busy.control.fail = &fault.Fault{Kind: fault.Unavailable, Code: "busy", RetryAfter: 3 * time.Second}
	broken := newRig(t)
	broken.control.fail = errBroken

	good := request{agent: id, secret: key, upgrade: "websocket", subprotocol: subprotocol}
	with := func(change func(*request)) request { q := good; change(&q); return q }
	for name, c := range map[string]struct {
		rig    *rig
		q      request
		status int
		code   string
	}{
		"no credential":        {r, request{}, 401, "bad_credential"},
		"a member's token":     {r, request{auth: "Bearer aaa.bbb.ccc"}, 401, "bad_credential"},
		"another scheme":       {r, request{auth: "Basic " + id.String() + ".x"}, 401, "bad_credential"},
		"an empty secret":      {r, request{auth: "Bearer " + id.String() + "."}, 401, "bad_credential"},
		"a wrong secret":       {r, with(func(q *request) { q.secret = secret.New() }), 401, "bad_credential"},
		"a long version":       {r, with(func(q *request) { q.version = strings.Repeat("1", 101) }), 400, "bad_version"},
		"a version in Greek":   {r, with(func(q *request) { q.version = "α" }), 400, "bad_version"},
		"an unknown agent":     {r, with(func(q *request) { q.agent = uuid.New() }), 401, "bad_credential"},
		"no epoch at all":      {r, with(func(q *request) { q.epoch = -1 }), 400, "bad_epoch"},
		"no number":            {r, with(func(q *request) { q.contact = "x" }), 400, "bad_contact"},
		"a negative number":    {r, with(func(q *request) { q.contact = "-1" }), 400, "bad_contact"},
		"an unknown limit":     {r, with(func(q *request) { q.limits = "cpu,network" }), 400, "bad_limits"},
		"no words":             {r, with(func(q *request) { q.limits = "," }), 400, "bad_limits"},
		"limits out of order":  {r, with(func(q *request) { q.limits = "memory,cpu" }), 400, "bad_limits"},
		"a limit twice":        {r, with(func(q *request) { q.limits = "cpu,cpu" }), 400, "bad_limits"},
		"none and a limit":     {r, with(func(q *request) { q.limits = "none,cpu" }), 400, "bad_limits"},
		"an old epoch":         {r, with(func(q *request) { q.epoch = 6 }), 409, "stale_agent"},
		"a browser":            {r, with(func(q *request) { q.origin = r.http.URL }), 403, "origin_refused"},
		"a sandboxed browser":  {r, with(func(q *request) { q.origin = "null" }), 403, "origin_refused"},
		"no upgrade":           {r, with(func(q *request) { q.upgrade = "" }), 400, "upgrade_required"},
		"another upgrade":      {r, with(func(q *request) { q.upgrade = streamUpgrade }), 400, "upgrade_required"},
		"another subprotocol":  {r, with(func(q *request) { q.subprotocol = "binary" }), 400, "upgrade_required"},
		"a busy control plane": {busy, good, 503, "busy"},
		"a broken one":         {broken, good, 500, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			status, code := c.rig.try(t, connectPath, c.q)
			if status != c.status || code != c.code {
				t.Errorf("got %d %s, want %d %s", status, code, c.status, c.code)
			}
		})
	}
	r.control.set(func(c *control) {
		if c.epochs[id] != 7 {
			t.Errorf("refused requests raised the epoch to %d", c.epochs[id])
		}
	})
}

func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, route := range Routes {
		if status, _ := r.try(t, route.Path, request{}); status != http.StatusUnauthorized {
			t.Errorf("%s without a credential: %d", route.Path, status)
		}
		if status, _ := r.try(t, route.Path, request{origin: "https://evil.test"}); status != http.StatusForbidden {
			t.Errorf("%s from a browser: %d", route.Path, status)
		}
	}
	if status, code := r.try(t, Prefix+"placements", request{}); status != http.StatusNotFound || code != "not_found" {
		t.Errorf("an unlisted path: %d %s", status, code)
	}
}

func TestNewerProcessReplacesOlder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	older := r.one(t)
	conn, err := r.server.Open(t.Context(), older.id(), uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	newer := r.run(t, older.id(), older.cfg.Secret, newHost())
	wantCode(t, receive(t, "the older process", older.ended), "stale_agent")
	ends(t, "the older process's stream", conn)
	if newer.Epoch() != 2 || r.server.Stats() != (Stats{Agents: 1}) {
		t.Errorf("epoch %d, stats %+v", newer.Epoch(), r.server.Stats())
	}
	if err := r.server.Put(t.Context(), newer.id(), link.Desired{Session: uuid.New()}); err != nil {
		t.Errorf("the newer process is not reached: %v", err)
	}
	receive(t, "the command", newer.puts)
}

func TestOlderProcessCannotReplaceNewer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	newer := r.one(t)
	c, _ := r.server.live(newer.id())
	// The older one was admitted before the newer, and is late to join.
	late := &connection{peer: c.peer, agent: link.Agent{ID: newer.id(), Epoch: newer.Epoch() - 1}}
	wantCode(t, r.server.join(late), "stale_agent")
}

// A report that an older process has under way as a newer one connects is still the older one's: only so can the
// database refuse it. It is about the session that it is sent to, whatever it says itself.
func TestReportIsMadeAsTheProcessThatSendsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	older := r.one(t)
	c, _ := r.server.live(older.id())
	newer := r.run(t, older.id(), older.cfg.Secret, newHost())
	if newer.Epoch() == c.agent.Epoch {
		t.Fatal("the newer process has the older one's epoch")
	}
	session := uuid.New()
	w := httptest.NewRecorder()
	r.server.routes(c).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPut,
		"/sessions/"+session.String()+"/observed",
		strings.NewReader(`{"session":"`+uuid.NewString()+`","state":"running","generation":1}`)))
	r.control.set(func(control *control) {
		if len(control.by) != 1 || control.by[0] != c.agent || control.reports[0].Session != session {
			t.Errorf("answered %d: %+v reported %+v, want %+v", w.Code, control.by, control.reports, c.agent)
		}
	})
}

func TestRevokedAgentIsCutOff(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{
		"by its credential":  fault.New(fault.Unauthenticated, "bad_credential", "revoked"),
		"as a stale one":     fault.New(fault.Conflict, "stale_agent", "revoked"),
		"as an unconfined":   fault.New(fault.Forbidden, "unconfined", "not here"),
		"stays when we fail": errBroken,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			a := r.one(t)
			conn, err := r.server.Open(t.Context(), a.id(), uuid.New())
			if err != nil {
				t.Fatal(err)
			}
			display := receive(t, "the display", a.displays)
			r.control.set(func(c *control) { c.fail = refusal })
			_, err = a.Placements(t.Context())
			wantCode(t, err, fault.Of(refusal).Code)
			if errors.Is(refusal, errBroken) {
				exchange(t, conn, display, "still here")
				return
			}
			receive(t, "the end of the connection", r.ended)
			ends(t, "the stream", conn)
			ends(t, "the display", display)
		})
	}
}

// An agent that keeps its connection after the refusal gets nothing more, even if its credential holds again.
func TestAgentThatDoesNotHangUpIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, key := r.control.enrol()
	p := r.dial(t, ClientConfig{Agent: id, Secret: key})
	receive(t, "the connection", r.joined)
	r.control.set(func(c *control) { c.fail = fault.New(fault.Unauthenticated, "bad_credential", "revoked") })
	for _, query := range []string{"", "?after=" + uuid.NewString()} { // only the first page checks the credential
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://peer/placements"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, readProblem(resp), "bad_credential")
		_ = resp.Body.Close()
		if resp.Header.Get(headerHangUp) == "" {
			t.Error("the refusal does not tell the agent to hang up")
		}
		r.control.set(func(c *control) { c.fail = nil })
		_, err = r.server.Open(t.Context(), id, uuid.New())
		wantCode(t, err, "agent_unreachable")
	}
	receive(t, "the end of the connection", r.ended)
}

func TestStaleReportCutsTheAgentOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	r.control.set(func(c *control) { c.fail = fault.New(fault.Conflict, "stale_agent", "replaced") })
	wantCode(t, a.Observe(t.Context(), link.Report{Session: uuid.New(), State: "running"}), "stale_agent")
	receive(t, "the end of the connection", r.ended)
	wantCode(t, receive(t, "Run", a.ended), "stale_agent")
}

func TestReportOfASessionPlacedElsewhereCostsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	r.control.set(func(c *control) { c.refuse = fault.New(fault.Conflict, "stale_agent", "or not placed here") })
	report := link.Report{Session: uuid.New(), State: "running"}
	wantCode(t, a.Observe(t.Context(), report), "session_not_placed")
	r.control.set(func(c *control) { c.refuse = nil })
	if err := a.Observe(t.Context(), report); err != nil {
		t.Errorf("the connection is gone: %v", err)
	}
}

func TestAgentReturnsAfterTheServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	conn, err := r.server.Open(t.Context(), a.id(), uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	address := r.http.Listener.Addr().String()
	r.close(t)
	ends(t, "the stream", conn)
	if _, err := a.Placements(t.Context()); fault.Of(err).Code != "control_unreachable" {
		t.Errorf("without a control plane: %v", err)
	}
	r.reopen(t, address)
	receive(t, "the second connection", a.connected)
	receive(t, "its other end", r.joined)
	if a.Epoch() != 1 {
		t.Errorf("the same process has epoch %d", a.Epoch())
	}
	if err := a.Observe(t.Context(), link.Report{Session: uuid.New(), State: "running"}); err != nil {
		t.Error(err)
	}
}

func TestStreamOutlivesItsControlConnection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	conn, err := r.server.Open(t.Context(), a.id(), uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	display := receive(t, "the display", a.displays)
	c, _ := r.server.live(a.id())
	c.close()
	receive(t, "the second connection", a.connected)
	exchange(t, conn, display, "to the display")
	exchange(t, display, conn, "from the display")
}

func TestClosedServerRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, key := r.control.enrol()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.server.Run(ctx); err != nil {
		t.Fatal(err)
	}
	q := request{agent: id, secret: key, upgrade: "websocket", subprotocol: subprotocol}
	if status, code := r.try(t, connectPath, q); status != http.StatusServiceUnavailable || code != "closing" {
		t.Errorf("got %d %s", status, code)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	within := func(name string, got, low, high time.Duration) {
		if got < low || got > high {
			t.Errorf("%s: waits %s, want %s to %s", name, got, low, high)
		}
	}
	var b backoff
	within("first", b.next(errLost), 0, 0)
	for _, most := range []int{100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000} {
		high := time.Duration(most) * time.Millisecond
		within("after "+strconv.Itoa(b.attempts), b.next(errLost), high/2, high)
	}
	b = backoff{}
	within("revoked", b.next(fault.New(fault.Unauthenticated, "bad_credential", "")), refusedWait, refusedWait)
	b = backoff{attempts: 1 << 40}
	within("at length", b.next(errors.New("refused")), lastWait/2, lastWait)
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	good := ClientConfig{URL: "https://streamspace.test", Agent: uuid.New(), Secret: secret.New(), Log: quiet()}
	for name, change := range map[string]func(*ClientConfig){
		"no URL":     func(c *ClientConfig) { c.URL = "" },
		"no host":    func(c *ClientConfig) { c.URL = "https://" },
		"a ws URL":   func(c *ClientConfig) { c.URL = "wss://streamspace.test" },
		"a bad URL":  func(c *ClientConfig) { c.URL = "https://%" },
		"no id":      func(c *ClientConfig) { c.Agent = uuid.Nil },
		"no secret":  func(c *ClientConfig) { c.Secret = secret.Secret{} },
		"none wrong": func(*ClientConfig) {},
	} {
		cfg := good
		change(&cfg)
		if _, err := NewClient(cfg); (err == nil) != (name == "none wrong") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
