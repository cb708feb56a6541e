package ws

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a session with its display, and what its streams ask of the rest.
type desk struct {
	*Streams
	t        *testing.T
	url      string
	session  sessions.Session
	who      org.Scope
	await    error           // why the session does not run
	base     context.Context // of all requests; nil: the server's own
	waiting  chan struct{}   // closed when a stream waits for the session, when await is errWait
	withdraw chan error      // what WatchAccess returns
	displays chan net.Conn   // the display's own ends
	opening  error           // why the display cannot be reached
	problems chan error      // what was answered before the upgrade
	ended    chan struct{}   // a value for each request that ended
	log      bytes.Buffer    // to be read once a stream has ended
	looks    []string        // what was recorded of looks; to be read once a stream has ended
	looking  error           // why a look cannot be recorded
}

// patience is far above what anything here takes.
const patience = time.Minute

var errWait = errors.New("wait until the context is done")

func (d *desk) AwaitRunning(ctx context.Context, _ org.Scope, id sessions.ID) (sessions.Session, error) {
	if errors.Is(d.await, errWait) {
		close(d.waiting)
		<-ctx.Done()
		return sessions.Session{}, ctx.Err()
	}
	if id != d.session.ID {
		d.t.Errorf("session %s, want %s", id, d.session.ID)
	}
	return d.session, d.await
}

func (d *desk) WatchAccess(ctx context.Context, _ org.Scope, _ sessions.ID) error {
	select {
	case err := <-d.withdraw:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (d *desk) Open(_ context.Context, agent, session uuid.UUID) (io.ReadWriteCloser, error) {
	if d.opening != nil {
		return nil, d.opening
	}
	if agent != d.session.Agent || session != d.session.ID.UUID {
		d.t.Errorf("opened %s on %s", session, agent)
	}
	ours, theirs := net.Pipe()
	_ = theirs.SetDeadline(time.Now().Add(20 * time.Second)) // a pipe that is left open must not hold the tests up
	d.displays <- theirs
	return ours, nil
}

// newDesk serves the stream of one session as adapters/http does, once it has admitted somebody.
func newDesk(t *testing.T, change ...func(*desk)) *desk {
	t.Helper()
	d := &desk{
		t: t, session: sessions.Session{ID: sessions.ID{UUID: uuid.New()}, Agent: uuid.New()},
		who:     org.Member(org.ID{UUID: uuid.New()}, org.UserID{UUID: uuid.New()}, org.RoleMember, org.CredentialID{}),
		waiting: make(chan struct{}), withdraw: make(chan error, 1), displays: make(chan net.Conn, 1),
		problems: make(chan error, 1), ended: make(chan struct{}, 8),
	}
	for _, apply := range change {
		apply(d)
	}
	d.Streams = New(Config{
		Sessions: d, Displays: d, Log: slog.New(slog.NewJSONHandler(&d.log, nil)),
		Problem: func(w http.ResponseWriter, _ *http.Request, err error) {
			d.problems <- err
			http.Error(w, err.Error(), http.StatusTeapot)
		},
	})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue("session_id", d.session.ID.String())
		d.ServeHTTP(w, r.WithContext(org.With(r.Context(), d.who)))
		d.ended <- struct{}{}
	}))
	if d.base != nil {
		srv.Config.BaseContext = func(net.Listener) context.Context { return d.base }
	}
	srv.Start()
	t.Cleanup(srv.Close)
	d.url = srv.URL
	return d
}

func (d *desk) dial() (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, d.url, &websocket.DialOptions{Subprotocols: []string{"binary", "ticket.x"}})
	if resp != nil && resp.Body != nil && err != nil {
		_ = resp.Body.Close()
	}
	return c, err
}

// connect opens a stream and returns both of its ends.
func (d *desk) connect() (*websocket.Conn, net.Conn) {
	d.t.Helper()
	c, err := d.dial()
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = c.CloseNow() })
	c.SetReadLimit(-1)
	return c, <-d.displays
}

// refused asks for a stream and returns the error that it was refused with.
func (d *desk) refused() error {
	d.t.Helper()
	c, err := d.dial()
	if err == nil {
		_ = c.CloseNow()
		d.t.Fatal("the stream was opened")
	}
	return <-d.problems
}

// gone waits for everything of a stream to have ended.
func (d *desk) gone() {
	d.t.Helper()
	select {
	case <-d.ended:
	case <-time.After(patience):
		d.t.Fatal("the stream goes on")
	}
	if n := d.Streams.Open(); n != 0 {
		d.t.Errorf("%d streams are open", n)
	}
}

// wantClose reads until the stream is closed.
func (d *desk) wantClose(c *websocket.Conn, code websocket.StatusCode, reason string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	for {
		_, _, err := c.Read(ctx)
		if err == nil {
			continue
		}
		closed, ok := errors.AsType[websocket.CloseError](err)
		if !ok || closed.Code != code || closed.Reason != reason {
			d.t.Errorf("closed with %v, want %d %s", err, code, reason)
		}
		return
	}
}

func TestBytesGoBothWays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, display := d.connect()
	if c.Subprotocol() != "binary" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	if n := d.Streams.Open(); n != 1 {
		t.Errorf("%d streams are open", n)
	}
	go func() { _, _ = io.Copy(display, display) }() // until the display is closed
	want := make([]byte, 1<<20)
	_, _ = rand.Read(want)
	go func() { _ = c.Write(t.Context(), websocket.MessageBinary, want) }()
	var got []byte
	for len(got) < len(want) {
		kind, b, err := c.Read(t.Context())
		if err != nil || kind != websocket.MessageBinary {
			t.Fatalf("read %v: %v", kind, err)
		}
		got = append(got, b...)
	}
	if !bytes.Equal(got, want) {
		t.Error("what came back is not what was sent")
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
	d.gone()
	if _, err := display.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Error("the display was left open")
	}
}

func TestHowAStreamEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by     func(d *desk, c *websocket.Conn, display net.Conn)
		code   websocket.StatusCode
		reason string
	}{
		"the display ends": {func(_ *desk, _ *websocket.Conn, display net.Conn) { _ = display.Close() },
			websocket.StatusNormalClosure, "display_closed"},
		"the session ends":   {withdrawing(sessions.ErrEnded), 4410, "session_ended"},
		"they sign out":      {withdrawing(fault.New(fault.Unauthenticated, "signed_out", "")), 4401, "signed_out"},
		"their role changes": {withdrawing(fault.New(fault.Unauthenticated, "stale_token", "")), 4401, "stale_token"},
		"it is not theirs":   {withdrawing(fault.New(fault.Forbidden, "other_org", "")), 4403, "other_org"},
		"it is not shown":    {withdrawing(fault.New(fault.NotFound, "session_not_found", "")), 4403, "session_not_found"},
		"nobody watches":     {withdrawing(nil), websocket.StatusGoingAway, "shutting_down"},
		"nobody can tell":    {withdrawing(errors.New("no database")), websocket.StatusTryAgainLater, "internal"},
		"they send text": {func(d *desk, c *websocket.Conn, _ net.Conn) {
			_ = c.Write(d.t.Context(), websocket.MessageText, []byte("x"))
		}, websocket.StatusUnsupportedData, "binary_only"},
		"they send too much": {func(d *desk, c *websocket.Conn, display net.Conn) {
			go func() { _, _ = io.Copy(io.Discard, display) }()
			_ = c.Write(d.t.Context(), websocket.MessageBinary, make([]byte, maxMessage+1))
		}, websocket.StatusMessageTooBig, "read limited at 4194305 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			conn, display := d.connect()
			defer display.Close()
			c.by(d, conn, display)
			d.wantClose(conn, c.code, c.reason)
			d.gone()
			if _, err := display.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
				t.Error("the display was left open")
			}
		})
	}
}

func withdrawing(err error) func(*desk, *websocket.Conn, net.Conn) {
	return func(d *desk, _ *websocket.Conn, _ net.Conn) { d.withdraw <- err }
}

// The ticket came in a header, and the log tells who, which session and how it ended.
func TestTheLogDoesNotHoldTheTicket(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, _ := d.connect()
	_ = c.CloseNow()
	d.gone()
	if log := d.log.String(); !strings.Contains(log, d.who.User().String()) || strings.Contains(log, "ticket") {
		t.Errorf("the log: %s", log)
	}
}

// Streams share their buffers one after the other: what waits for a slow browser is nobody else's until it was sent.
func TestStreamsDoNotMix(t *testing.T) {
	t.Parallel()
	const (
		streams = 6
		size    = 16 << 20 // bytes: more than the system holds back for a browser that does not read
	)
	var all, quick sync.WaitGroup
	slow := make(chan struct{}) // closed when the quick half has been read
	for i := range streams {
		d := newDesk(t)
		c, display := d.connect()
		piece := bytes.Repeat([]byte{'a' + byte(i)}, link.CopyBuffer)
		all.Go(func() {
			for range size / link.CopyBuffer {
				if _, err := display.Write(piece); err != nil {
					return // whoever reads says why
				}
			}
		})
		read := func() {
			for got := 0; got < size; {
				_, b, err := c.Read(t.Context())
				if err != nil || !bytes.Equal(b, piece[:len(b)]) {
					t.Errorf("the stream of %c holds something else after %d bytes (%v)", piece[0], got, err)
					_ = display.Close()
					return
				}
				got += len(b)
			}
		}
		if i < streams/2 {
			all.Go(func() { <-slow; read() })
		} else {
			quick.Go(read)
		}
	}
	quick.Wait()
	close(slow)
	all.Wait()
}

func TestAClientThatIsCutOffEndsItsStream(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, _ := d.connect()
	_ = c.CloseNow()
	d.gone()
}

func TestABrowserThatTakesNothingInIsGivenUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, display := d.connect() // nobody reads its other end
	stuck := make(chan struct{})
	go func() {
		defer close(stuck)
		for b := make([]byte, 1<<20); ; {
			_ = display.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)) // by then every buffer is full
			if _, err := display.Write(b); err != nil {
				return
			}
		}
	}()
	<-stuck
	start := time.Now()
	d.withdraw <- sessions.ErrEnded
	d.gone()
	if took := time.Since(start); took > closeTimeout+10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, _ := d.connect()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	cancel()
	d.wantClose(c, websocket.StatusGoingAway, "shutting_down")
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
	d.gone()
	if err := d.refused(); fault.Of(err).Code != "shutting_down" {
		t.Errorf("afterwards: %v", err)
	}
}

func TestStreamsEndWithTheContextOfTheirRequests(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	d := newDesk(t, func(d *desk) { d.base = ctx })
	c, _ := d.connect()
	cancel()
	d.wantClose(c, websocket.StatusGoingAway, "shutting_down")
	d.gone()
}

func TestOneThatWaitsEndsWithTheServer(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(d *desk) { d.await = errWait })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	go func() { <-d.waiting; cancel() }()
	if err := d.refused(); fault.Of(err).Code != "shutting_down" {
		t.Errorf("refused with %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestWhoIsRefusedIsToldBeforeTheUpgrade(t *testing.T) {
	t.Parallel()
	unreachable := fault.New(fault.Unavailable, "agent_unreachable", "")
	for name, c := range map[string]struct {
		change func(*desk)
		code   string
	}{
		"the session has ended":    {func(d *desk) { d.await = sessions.ErrEnded }, "session_ended"},
		"the agent is not there":   {func(d *desk) { d.opening = unreachable }, "agent_unreachable"},
		"nobody is in the context": {func(d *desk) { d.who = org.Scope{} }, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, c.change)
			if err := d.refused(); fault.Of(err).Code != c.code {
				t.Errorf("refused with %v, want %s", err, c.code)
			}
			d.gone()
		})
	}
}

func TestAnOrganisationHasSoManyStreams(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range perOrg {
		if err := d.acquire(d.who.Org()); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.refused(); fault.Of(err).Code != "too_many_streams" {
		t.Errorf("refused with %v", err)
	}
	if err := d.acquire(org.ID{UUID: uuid.New()}); err != nil {
		t.Errorf("another organisation: %v", err)
	}
	d.release(d.who.Org())
	c, display := d.connect() // one was closed
	_ = display.Close()
	d.wantClose(c, websocket.StatusNormalClosure, "display_closed")
	for range 2 { // the one that was refused, and this one
		<-d.ended
	}
}

func TestAHandshakeThatBreaksOffLeavesNoDisplay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	resp, err := http.Get(d.url) // a plain GET cannot become a WebSocket
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	d.gone()
	if _, err := (<-d.displays).Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the display was left open: %v", err)
	}
}
