package http

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/ws"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// echoing is a display that sends back what it is sent.
type echoing struct{}

func (echoing) Open(context.Context, uuid.UUID, uuid.UUID) (io.ReadWriteCloser, error) {
	ours, theirs := net.Pipe()
	go func() { _, _ = io.Copy(theirs, theirs) }() // until ours is closed
	return ours, nil
}

// streams are real streams of the world's sessions.
func streams(w *world, s *sessions.Service) *ws.Streams {
	log := slog.New(slog.DiscardHandler)
	watch := sessions.NewAccessWatch(sessions.AccessConfig{
		Changes: func(org.ID, func(events.Entry) bool) (sessions.Changing, error) {
			woken, stop := w.changed.Watch("")
			return changing{woken, stop}, nil
		},
		Access: func(in org.Scope) sessions.AccessQueries { return queries{rows{w, in}} },
		Ended:  func(context.Context, []sessions.Stream) ([]int, error) { return nil, nil }, // it never runs
		Log:    log,
	})
	return ws.New(ws.Config{
		Sessions: struct {
			*sessions.Service
			*sessions.AccessWatch
		}{s, watch},
		Displays: echoing{}, Problem: Problem, Log: log,
	})
}

// changing is the log of the world: each change concerns each stream.
type changing struct {
	woken <-chan struct{}
	stop  func()
}

func (c changing) Ready() <-chan struct{} { return c.woken }

func (changing) Due() (bool, time.Time) { return true, time.Now() }

func (c changing) Stop() { c.stop() }

// SessionAccess implements sessions.AccessQueries.
func (q queries) SessionAccess(ctx context.Context, id sessions.ID) (sessions.Access, error) {
	s, err := q.SessionByID(ctx, id)
	return sessions.Access{Ended: s.EndWanted || s.State.Final(), Lasts: time.Hour}, err
}

// desktop is a server with real streams, listening.
func desktop(t *testing.T) (*fixture, *ws.Streams, string) {
	t.Helper()
	var open *ws.Streams
	var service *sessions.Service
	f := newFixture(t, func(c *Config) {
		service = c.Sessions
		c.Stream = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { open.ServeHTTP(w, r) })
	})
	open = streams(f.world, service)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, open, srv.URL
}

// dial opens a stream as a browser does, and returns the status and, when it was refused, why.
func dial(t *testing.T, url, ticket, origin string) (*websocket.Conn, int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		Subprotocols: []string{"binary", "ticket." + ticket}, HTTPHeader: http.Header{"Origin": {origin}},
	})
	if resp == nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Cleanup(func() { _ = c.CloseNow() })
		return c, resp.StatusCode, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return nil, resp.StatusCode, string(b)
}

// read waits for what a stream that goes on would never say.
func read(t *testing.T, c *websocket.Conn) (websocket.MessageType, []byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return c.Read(ctx)
}

func TestADesktopThroughTheWholeServer(t *testing.T) {
	t.Parallel()
	f, _, url := desktop(t)
	id := f.addSession(f.acme).String()
	ticket := f.ticket(id)
	stream := url + "/api/v1/sessions/" + id + "/stream"

	if _, status, why := dial(t, stream, ticket, "https://evil.test"); status != http.StatusForbidden {
		t.Fatalf("a foreign origin: %d %s", status, why)
	}
	c, status, why := dial(t, stream, ticket, publicURL)
	if c == nil || c.Subprotocol() != "binary" {
		t.Fatalf("not opened: %d %s", status, why)
	}
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, b, err := read(t, c); err != nil || string(b) != "hello" {
		t.Fatalf("read %q, %v", b, err)
	}
	if _, status, why := dial(t, stream, ticket, publicURL); status != http.StatusUnauthorized {
		t.Fatalf("a used ticket: %d %s", status, why)
	}

	f.world.expel(f.who.User)
	if _, _, err := read(t, c); websocket.CloseStatus(err) != 4401 {
		t.Errorf("access withdrawn: %v, want 4401", err)
	}
}

func TestTheStreamOfASessionThatEnds(t *testing.T) {
	t.Parallel()
	f, _, url := desktop(t)
	id := f.addSession(f.acme).String()
	late := f.ticket(id)
	stream := url + "/api/v1/sessions/" + id + "/stream"
	c, status, why := dial(t, stream, f.ticket(id), publicURL)
	if c == nil {
		t.Fatalf("not opened: %d %s", status, why)
	}
	wantStatus(t, f.member(http.MethodDelete, "/api/v1/sessions/"+id, ""), http.StatusAccepted)
	if _, _, err := read(t, c); websocket.CloseStatus(err) != 4410 {
		t.Errorf("closed with %v, want 4410", err)
	}
	_, status, why = dial(t, stream, late, publicURL)
	if status != http.StatusConflict || !strings.Contains(why, "session_ended") {
		t.Errorf("afterwards: %d %s", status, why)
	}
}

// A desktop that is another member's is recorded from the answer on to the end of the stream, whatever ends it.
func TestAnothersDesktopIsRecorded(t *testing.T) {
	t.Parallel()
	f, open, url := desktop(t)
	own, others := f.addSession(f.acme), f.addSession(f.acme)
	it := f.world.sessions[others]
	it.Owner = org.UserID{UUID: uuid.New()}
	f.world.sessions[others] = it
	audited := func() string {
		f.world.mu.Lock()
		defer f.world.mu.Unlock()
		return strings.Join(f.world.audited, " ")
	}
	for _, id := range []string{own.String(), others.String()} {
		if c, status, why := dial(t, url+"/api/v1/sessions/"+id+"/stream", f.ticket(id), publicURL); c == nil {
			t.Fatalf("not opened: %d %s", status, why)
		}
	}
	if got := audited(); got != "session.connect" {
		t.Errorf("while both are open: %s", got)
	}
	f.world.expel(f.who.User)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open.Run(ctx); err != nil { // it waits for the end of all
		t.Fatal(err)
	}
	if got := audited(); got != "session.connect session.disconnect" {
		t.Errorf("afterwards: %s", got)
	}
}
