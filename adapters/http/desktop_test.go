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
)

// echoing is a display that sends back what it is sent.
type echoing struct{}

func (echoing) Open(context.Context, uuid.UUID, uuid.UUID) (io.ReadWriteCloser, error) {
	ours, theirs := net.Pipe()
	go func() { _, _ = io.Copy(theirs, theirs) }() // until ours is closed
	return ours, nil
}

// desktop is a server with real streams, listening.
func desktop(t *testing.T) (*fixture, string) {
	t.Helper()
	f := newFixture(t, func(c *Config) {
		c.Stream = ws.New(ws.Config{
			Sessions: c.Sessions, Displays: echoing{}, Problem: Problem, Log: slog.New(slog.DiscardHandler),
		})
	})
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, srv.URL
}

// dial opens a stream as a browser does, and returns the status and, when it was refused, why.
func dial(t *testing.T, url, ticket, origin string) (*websocket.Conn, int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return c.Read(ctx)
}

func TestADesktopThroughTheWholeServer(t *testing.T) {
	t.Parallel()
	f, url := desktop(t)
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
	start := time.Now()
	_, _, err := read(t, c)
	if took := time.Since(start); websocket.CloseStatus(err) != 4401 || took > 2*time.Second {
		t.Errorf("access withdrawn: %v after %v, want 4401 within 2 s", err, took)
	}
}

func TestTheStreamOfASessionThatEnds(t *testing.T) {
	t.Parallel()
	f, url := desktop(t)
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
