package tunnel

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for an event that must come.
const patience = time.Minute

func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
		panic("unreachable")
	}
}

// control is the control plane's database as far as a tunnel can tell: who may connect, what is placed, what was said.
type control struct {
	mu      sync.Mutex
	secrets map[uuid.UUID]secret.Hash
	epochs  map[uuid.UUID]int64
	placed  []link.Desired
	pages   int
	hellos  []link.Hello
	reports []link.Report
	by      []link.Agent // who made each report
	unknown []link.Unknown
	fail    error // what every call answers, when set
	refuse  error // what every report is answered, when set
}

func newControl() *control {
	return &control{secrets: make(map[uuid.UUID]secret.Hash), epochs: make(map[uuid.UUID]int64)}
}

func (c *control) enrol() (uuid.UUID, secret.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, s := uuid.New(), secret.New()
	c.secrets[id] = s.Hash()
	return id, s
}

func (c *control) set(change func(*control)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

func (c *control) Connect(_ context.Context, h link.Hello) (link.Agent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hellos = append(c.hellos, h)
	known, ok := c.secrets[h.Agent]
	switch {
	case c.fail != nil:
		return link.Agent{}, c.fail
	case !ok || !known.Equal(h.Secret.Hash()):
		return link.Agent{}, fault.New(fault.Unauthenticated, "bad_credential", "unknown agent")
	case h.Epoch == 0:
		c.epochs[h.Agent]++
	case h.Epoch != c.epochs[h.Agent]:
		return link.Agent{}, fault.New(fault.Conflict, "stale_agent", "replaced")
	}
	return link.Agent{ID: h.Agent, Epoch: c.epochs[h.Agent]}, nil
}

func (c *control) Placements(_ context.Context, _ link.Agent, after uuid.UUID) ([]link.Desired, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages++
	from := 0
	if after != uuid.Nil {
		from = 1 + slices.IndexFunc(c.placed, func(d link.Desired) bool { return d.Session == after })
	}
	return c.placed[from:min(from+link.PlacementPage, len(c.placed))], c.fail
}

func (c *control) Observe(_ context.Context, a link.Agent, r link.Report) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reports, c.by = append(c.reports, r), append(c.by, a)
	if c.refuse != nil {
		return c.refuse
	}
	return c.fail
}

func (c *control) Unknown(_ context.Context, a link.Agent, all []link.Unknown) ([]uuid.UUID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by, c.unknown = append(c.by, a), all
	var end []uuid.UUID
	for _, u := range all[min(1, len(all)):] { // the first one is kept
		end = append(end, u.Session)
	}
	return end, c.fail
}

// host is an agent's sessions: every one of them has a display, whose far ends come out of displays.
type host struct {
	connected chan struct{}
	puts      chan link.Desired
	displays  chan net.Conn
	queries   chan link.LogQuery                          // for output
	dial      func(ctx context.Context) (net.Conn, error) // instead of a pipe
	hold      chan struct{}                               // what Put waits for, when set
	greet     bool                                        // a display says which session it is of
}

func newHost() *host {
	return &host{
		connected: make(chan struct{}, 64), puts: make(chan link.Desired, 64), displays: make(chan net.Conn, 64),
		queries: make(chan link.LogQuery, 64),
	}
}

// Log is the output of a session, whose far end comes out of displays.
func (h *host) Log(_ context.Context, session uuid.UUID, q link.LogQuery) (io.ReadWriteCloser, error) {
	h.queries <- q
	if session == uuid.Nil {
		return nil, link.ErrNoLog
	}
	near, far := net.Pipe()
	h.displays <- far
	return near, nil
}

func (h *host) Connected(context.Context) { h.connected <- struct{}{} }

func (h *host) Put(ctx context.Context, d link.Desired) {
	if h.hold != nil {
		select {
		case <-h.hold:
		case <-ctx.Done():
		}
	}
	h.puts <- d
}

func (h *host) Dial(ctx context.Context, session uuid.UUID) (net.Conn, error) {
	if h.dial != nil {
		return h.dial(ctx)
	}
	near, far := net.Pipe()
	if h.greet {
		go func() { _, _ = io.WriteString(far, session.String()) }() // until it is read or closed
	}
	h.displays <- far
	return near, nil
}

// rig is a control plane on a loopback address.
type rig struct {
	control *control
	server  *Server
	http    *httptest.Server
	joined  chan struct{} // a value for each control connection that the server has taken
	ended   chan struct{} // and one for each that it has let go
}

func newRig(t testing.TB) *rig {
	r := &rig{control: newControl(), joined: make(chan struct{}, 64), ended: make(chan struct{}, 64)}
	r.server = NewServer(ServerConfig{Control: r.control, Log: slog.New(watcher{r})})
	r.http = httptest.NewServer(r.server)
	t.Cleanup(func() { r.close(t) })
	return r
}

// reopen replaces a closed control plane by another process of it, at the same address and on the same database.
func (r *rig) reopen(t testing.TB, address string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r.server = NewServer(ServerConfig{Control: r.control, Log: slog.New(watcher{r})})
	r.http = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r.server}}
	r.http.Start()
}

func (r *rig) close(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	if err := r.server.Close(ctx); err != nil {
		t.Error(err)
	}
	r.http.Close()
}

// agent is one running process of an agent.
type agent struct {
	*Client
	*host
	stop  context.CancelFunc
	ended chan error // what Run returned
}

// run starts a process of an agent and waits until it has connected.
func (r *rig) run(t testing.TB, id uuid.UUID, key secret.Secret, h *host) *agent {
	t.Helper()
	client, err := NewClient(ClientConfig{URL: r.http.URL, Agent: id, Secret: key, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return r.start(t, client, h)
}

// start runs a client and waits until it has connected.
func (r *rig) start(t testing.TB, client *Client, h *host) *agent {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	a := &agent{Client: client, host: h, stop: cancel, ended: make(chan error, 1)}
	over := make(chan struct{})
	go func() { a.ended <- client.Run(ctx, h); close(over) }()
	t.Cleanup(func() { cancel(); <-over })
	receive(t, "the connection", h.connected)
	receive(t, "the connection at its other end", r.joined)
	return a
}

// one starts a process of a new agent.
func (r *rig) one(t testing.TB) *agent {
	t.Helper()
	id, key := r.control.enrol()
	return r.run(t, id, key, newHost())
}

func (a *agent) id() uuid.UUID { return a.cfg.Agent }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// watcher turns lines of the server's log into events.
type watcher struct{ *rig }

func (watcher) Enabled(context.Context, slog.Level) bool { return true }
func (w watcher) WithAttrs([]slog.Attr) slog.Handler     { return w }
func (w watcher) WithGroup(string) slog.Handler          { return w }
func (w watcher) Handle(_ context.Context, r slog.Record) error {
	switch r.Message {
	case "agent connected":
		w.joined <- struct{}{}
	case "agent disconnected":
		w.ended <- struct{}{}
	}
	return nil
}

// exchange sends a text in at one end and expects it out of the other.
func exchange(t testing.TB, in io.Writer, out io.Reader, text string) {
	t.Helper()
	wrote := make(chan error, 1)
	go func() { _, err := io.WriteString(in, text); wrote <- err }()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(out, got); err != nil {
		t.Fatalf("read %q: %v", text, err)
	}
	if err := receive(t, "the write", wrote); err != nil || string(got) != text {
		t.Fatalf("sent %q, got %q (%v)", text, got, err)
	}
}

// ends waits until reading from a connection says that it is over.
func ends(t testing.TB, what string, conn io.Reader) {
	t.Helper()
	over := make(chan error, 1)
	go func() { _, err := conn.Read(make([]byte, 1)); over <- err }()
	if err := receive(t, "the end of "+what, over); err == nil {
		t.Fatalf("%s goes on", what)
	}
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if fault.Of(err).Code != code {
		t.Fatalf("got error %v, want the code %s", err, code)
	}
}

var errBroken = errors.New("broken")
