package tunnel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/hashicorp/yamux"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

func desired(n int) link.Desired {
	d := link.Desired{
		Namespace: "acme", Run: true, Generation: int64(n), State: "pending", Epoch: 3,
		Spec: runtime.Spec{Command: []string{"xterm", "-e", "top"}, Width: 800, Height: 600},
	}
	binary.BigEndian.PutUint64(d.Session[8:], uint64(n))
	return d
}

func TestPlacementsAreListedByPage(t *testing.T) {
	t.Parallel()
	for placed, pages := range map[int]int{0: 1, 199: 1, 200: 2, 450: 3} {
		r := newRig(t)
		for n := range placed {
			r.control.placed = append(r.control.placed, desired(n+1))
		}
		a := r.one(t)
		got, err := a.Placements(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.control.placed, got); diff != "" {
			t.Errorf("%d placements (-want +got):\n%s", placed, diff)
		}
		r.control.set(func(c *control) {
			if c.pages != pages || len(c.hellos) != 2 || c.hellos[1].Epoch != 1 {
				t.Errorf("%d placements: %d pages, %d hellos", placed, c.pages, len(c.hellos))
			}
		})
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	want := link.Report{Session: uuid.New(), State: "failed", Reason: "desktop_gone", Generation: 4}
	if err := a.Observe(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]link.Report{want}, r.control.reports); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	r.control.set(func(c *control) { c.fail = fault.New(fault.Conflict, "session_ended", "it has ended") })
	wantCode(t, a.Observe(t.Context(), want), "session_ended")
	r.control.set(func(c *control) { c.fail = errBroken })
	wantCode(t, a.Observe(t.Context(), want), "internal")
	r.control.set(func(c *control) { c.fail = nil })
	if err := a.Observe(t.Context(), want); err != nil {
		t.Errorf("a refused report cost the connection: %v", err)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	want := []link.Unknown{
		{Session: uuid.New(), Namespace: "acme", Started: time.Unix(100, 0).UTC()}, {Session: uuid.New()},
	}
	end, err := a.Unknown(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uuid.UUID{want[1].Session}, end); diff != "" {
		t.Errorf("to end (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, r.control.unknown); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if by := r.control.by[0]; by.ID != a.id() || by.Epoch != a.Epoch() {
		t.Errorf("told by %+v", by)
	}
	_, err = a.Unknown(t.Context(), make([]link.Unknown, link.UnknownPage+1))
	wantCode(t, err, "bad_body")
	for range link.UnknownPage - 2 {
		want = append(want, link.Unknown{Session: uuid.New(), Namespace: strings.Repeat("n", 63), Started: time.Now()})
	}
	if end, err := a.Unknown(t.Context(), want); err != nil || len(end) != link.UnknownPage-1 {
		t.Errorf("a whole page: %d to end, %v", len(end), err)
	}
}

// The agent counts the connections and syncs that were answered. A report is none.
func TestContactsAreCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	sync := func() error { _, err := a.Placements(t.Context()); return err }
	if err := sync(); err != nil {
		t.Fatal(err)
	}
	r.control.set(func(c *control) { c.fail = errBroken })
	wantCode(t, sync(), "internal")
	r.control.set(func(c *control) { c.fail, c.refuse = nil, link.ErrStaleAgent })
	if err := a.Observe(t.Context(), link.Report{Session: uuid.New(), State: "running"}); err == nil {
		t.Error("the report was accepted")
	}
	if err := sync(); err != nil {
		t.Fatal(err)
	}
	var numbers []int64
	r.control.set(func(c *control) {
		for _, h := range c.hellos {
			numbers = append(numbers, h.Contact)
		}
	})
	if diff := cmp.Diff([]int64{1, 2, 3, 0, 3}, numbers); diff != "" {
		t.Errorf("numbers of the contacts (-want +got):\n%s", diff)
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	if err := r.server.Put(t.Context(), a.id(), desired(1)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(desired(1), receive(t, "the command", a.puts)); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	wantCode(t, r.server.Put(t.Context(), uuid.New(), desired(1)), "agent_unreachable")
	large := desired(1)
	large.Spec.Command = []string{string(make([]byte, link.MaxMessage))}
	wantCode(t, r.server.Put(t.Context(), a.id(), large), "agent_unreachable")
}

func TestPutDoesNotWaitForASlowAgent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, key := r.control.enrol()
	h := newHost()
	h.hold = make(chan struct{})
	r.run(t, id, key, h)
	began := time.Now()
	wantCode(t, r.server.Put(t.Context(), id, desired(1)), "agent_unreachable")
	if took := time.Since(began); took < putTimeout {
		t.Errorf("waited only %s", took)
	}
	receive(t, "the end of the agent's request", h.puts)
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(conn io.Closer, display net.Conn, a *agent){
		"ended by the viewer":  func(conn io.Closer, _ net.Conn, _ *agent) { conn.Close() },
		"ended by the display": func(_ io.Closer, display net.Conn, _ *agent) { display.Close() },
		"ended by the agent":   func(_ io.Closer, _ net.Conn, a *agent) { a.stop() },
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
			exchange(t, conn, display, "keys")
			exchange(t, display, conn, "pixels")
			if got := r.server.Stats(); got != (Stats{Agents: 1, Streams: 1}) {
				t.Errorf("stats %+v", got)
			}
			end(conn, display, a)
			ends(t, "the viewer's end", conn)
			ends(t, "the display's end", display)
			conn.Close()
			if got := r.server.Stats().Streams; got != 0 {
				t.Errorf("%d streams left", got)
			}
		})
	}
}

// Displays that are asked of one agent at the same time come to whoever asked for each.
func TestOpenOfSeveralAtOnce(t *testing.T) {
	t.Parallel()
	const several = 16
	r, h := newRig(t), newHost()
	h.greet = true
	id, key := r.control.enrol()
	r.run(t, id, key, h)
	var all sync.WaitGroup
	for range several {
		all.Go(func() {
			session := uuid.New()
			conn, err := r.server.Open(t.Context(), id, session)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer conn.Close()
			got := make([]byte, len(session.String()))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != session.String() {
				t.Errorf("asked for %s, got %q (%v)", session, got, err)
			}
		})
	}
	all.Wait()
	for range several {
		receive(t, "a display", h.displays).Close()
	}
}

func TestOpenOfNoAgent(t *testing.T) {
	t.Parallel()
	_, err := newRig(t).server.Open(t.Context(), uuid.New(), uuid.New())
	wantCode(t, err, "agent_unreachable")
}

func TestOpenOfNoDisplay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, key := r.control.enrol()
	h := newHost()
	h.dial = func(context.Context) (net.Conn, error) { return nil, errBroken }
	r.run(t, id, key, h)
	_, err := r.server.Open(t.Context(), id, uuid.New())
	wantCode(t, err, "display_unreachable")
}

func TestOpenStopsWaiting(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, key := r.control.enrol()
	dialling, gone := make(chan struct{}), make(chan struct{})
	h := newHost()
	h.dial = func(ctx context.Context) (net.Conn, error) {
		close(dialling)
		<-ctx.Done()
		close(gone)
		return nil, ctx.Err()
	}
	r.run(t, id, key, h)
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan error, 1)
	go func() { _, err := r.server.Open(ctx, id, uuid.New()); opened <- err }()
	receive(t, "the agent's dial", dialling)
	if got := r.server.Stats().Pending; got != 1 {
		t.Errorf("%d streams pending", got)
	}
	cancel()
	if err := receive(t, "Open", opened); !errors.Is(err, context.Canceled) {
		t.Errorf("Open ended with %v", err)
	}
	receive(t, "the end of the agent's dial", gone)
	if got := r.server.Stats().Pending; got != 0 {
		t.Errorf("%d streams still pending", got)
	}
}

// silent is an agent that is asked for a stream and does not dial back: the test does.
type silent struct {
	*Client
	stop  context.CancelFunc
	asked chan openStream
	hold  chan struct{} // what its answer waits for, when set
}

func (r *rig) silent(t *testing.T, hold chan struct{}) *silent {
	t.Helper()
	id, key := r.control.enrol()
	client, err := NewClient(ClientConfig{URL: r.http.URL, Agent: id, Secret: key, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ws, err := client.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPeer(ctx, ws, yamux.Client, quiet())
	if err != nil {
		t.Fatal(err)
	}
	s := &silent{Client: client, stop: cancel, asked: make(chan openStream, 1), hold: hold}
	over := make(chan struct{})
	go func() { p.serve(ctx, s); close(over) }()
	t.Cleanup(func() { cancel(); <-over })
	receive(t, "the connection", r.joined)
	return s
}

// ServeHTTP tells the test of a request, after it is answered or, with a hold, before.
func (s *silent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var want openStream
	_ = readJSON(r, &want)
	if s.hold != nil {
		s.asked <- want
		select {
		case <-s.hold:
		case <-r.Context().Done():
		}
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	_ = http.NewResponseController(w).Flush()
	if s.hold == nil {
		s.asked <- want
	}
}

type opened struct {
	conn io.ReadWriteCloser
	err  error
}

// open asks an agent for a stream and gives what came of it.
func (r *rig) open(ctx context.Context, agent uuid.UUID) <-chan opened {
	done := make(chan opened, 1)
	go func() {
		conn, err := r.server.Open(ctx, agent, uuid.New())
		done <- opened{conn, err}
	}()
	return done
}

func TestDialBackIsBoundToItsRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold := make(chan struct{}) // Open waits for the agent's answer, so that it cannot forget the id itself
	a, other := r.silent(t, hold), r.silent(t, nil)
	done := r.open(t.Context(), a.cfg.Agent)
	want := receive(t, "the request", a.asked)
	good := request{
		agent: a.cfg.Agent, secret: a.cfg.Secret, epoch: a.Epoch(),
		upgrade: streamUpgrade, stream: want.Stream, session: want.Session,
	}
	for _, c := range []struct {
		name   string
		change func(*request)
		status int
		code   string
	}{
		{"a wrong secret", func(q *request) { q.secret = other.cfg.Secret }, 401, "bad_credential"},
		{"an agent that is not connected", func(q *request) { q.agent = uuid.New() }, 401, "bad_credential"},
		{"another process", func(q *request) { q.epoch++ }, 409, "stale_agent"},
		{"no epoch", func(q *request) { q.epoch = 0 }, 409, "stale_agent"},
		{"a browser", func(q *request) { q.origin = r.http.URL }, 403, "origin_refused"},
		{"no upgrade", func(q *request) { q.upgrade = "" }, 400, "upgrade_required"},
		{"no id", func(q *request) { q.stream = "" }, 404, "unknown_stream"},
		{"an unknown id", func(q *request) { q.stream = secret.New().Reveal() }, 404, "unknown_stream"},
		{"another session", func(q *request) { q.session = uuid.New() }, 404, "unknown_stream"},
		{"another agent", func(q *request) {
			q.agent, q.secret, q.epoch = other.cfg.Agent, other.cfg.Secret, other.Epoch()
		}, 404, "unknown_stream"},
		{"the one that was asked", func(*request) {}, 101, ""}, // none of those above has used the id up
		{"the same once more", func(*request) {}, 404, "unknown_stream"},
	} {
		q := good
		c.change(&q)
		if status, code := r.try(t, streamsPath, q); status != c.status || code != c.code {
			t.Errorf("%s: got %d %s, want %d %s", c.name, status, code, c.status, c.code)
		}
	}
	close(hold)
	got := receive(t, "Open", done)
	if got.err != nil {
		t.Fatal(got.err)
	}
	got.conn.Close()
}

func TestLateDialBackIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.silent(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := r.open(ctx, a.cfg.Agent)
	want := receive(t, "the request", a.asked)
	cancel()
	if got := receive(t, "Open", done); got.err == nil {
		t.Fatal("Open gave a stream that nobody dialled")
	}
	_, err := a.dialBack(t.Context(), want)
	wantCode(t, err, "unknown_stream")
}

func TestDialBackThatNobodyTakesEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.silent(t, make(chan struct{}))
	ctx, cancel := context.WithCancel(t.Context())
	done := r.open(ctx, a.cfg.Agent)
	conn, err := a.dialBack(t.Context(), receive(t, "the request", a.asked))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if got := receive(t, "Open", done); got.err == nil {
		t.Fatal("Open gave a stream after its end")
	}
	ends(t, "the stream", conn)
}

func TestOpenEndsWithTheControlConnection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.silent(t, nil)
	done := r.open(t.Context(), a.cfg.Agent)
	receive(t, "the request", a.asked)
	a.stop() // after its answer
	wantCode(t, receive(t, "Open", done).err, "agent_unreachable")
}

func TestFirstBytesMayComeWithTheRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.silent(t, nil)
	done := r.open(t.Context(), a.cfg.Agent)
	want := receive(t, "the request", a.asked)
	conn, err := net.Dial("tcp", r.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	header := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {streamUpgrade},
		headerStream: {want.Stream}, headerSession: {want.Session.String()},
	}
	present(header, a.hello())
	var raw bytes.Buffer
	raw.WriteString("GET " + streamsPath + " HTTP/1.1\r\nHost: control\r\n")
	_ = header.Write(&raw)
	raw.WriteString("\r\nRFB 003.008\n")
	if _, err := conn.Write(raw.Bytes()); err != nil {
		t.Fatal(err)
	}
	got := receive(t, "Open", done)
	if got.err != nil {
		t.Fatal(got.err)
	}
	defer got.conn.Close()
	greeting := make([]byte, len("RFB 003.008\n"))
	if _, err := io.ReadFull(got.conn, greeting); err != nil || string(greeting) != "RFB 003.008\n" {
		t.Fatalf("got %q (%v)", greeting, err)
	}
	exchange(t, conn, got.conn, "and so on")
}

func TestRefusedDialBackClosesTheDisplay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	near, far := net.Pipe()
	err := a.stream(t.Context(), openStream{Stream: secret.New().Reveal(), Session: uuid.New()}, near)
	wantCode(t, err, "unknown_stream")
	ends(t, "the display", far)
}
