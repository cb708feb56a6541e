package feed

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// patience is far above what anything here takes.
const patience = time.Minute

// endless is a log to which a test appends, of one organisation.
type endless struct{ newest chan int64 }

var acme = org.ID{UUID: uuid.UUID{0xa}}

func (endless) Access(context.Context) (events.Access, error) {
	return events.Access{Credential: uuid.UUID{1}, EndsAt: time.Now().Add(time.Hour)}, nil
}

func (endless) OwnEvents(context.Context, int64, int64, int) ([]events.Entry, error) { return nil, nil }

func (e endless) EventBounds(context.Context) (events.Bounds, error) {
	n := <-e.newest
	e.newest <- n
	return events.Bounds{Oldest: 1, Newest: n}, nil
}

func (e endless) EventsAfter(ctx context.Context, after int64, n int) ([]events.Entry, error) {
	b, _ := e.EventBounds(ctx)
	var out []events.Entry
	for seq := after + 1; seq <= b.Newest && len(out) < n; seq++ {
		out = append(out, events.Entry{
			Seq: seq, Type: "session.updated", Audience: events.Everyone,
			Data: json.RawMessage(`{"text":"` + strings.Repeat("x", 8000) + `"}`),
		})
	}
	return out, nil
}

// rig is a server whose log a test writes.
type rig struct {
	*httptest.Server
	log  endless
	bus  *membus.Bus
	feed *events.Feed
	stop context.CancelFunc
	done chan error
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &rig{log: endless{make(chan int64, 1)}, bus: membus.New(), stop: stop, done: make(chan error, 1)}
	r.log.newest <- 0
	r.feed = events.NewFeed(events.Config{
		Read:      func(org.Scope) events.Queries { return r.log },
		AsService: func(org.ID, string) events.ServiceQueries { return r.log },
		Newest: func(context.Context, []org.ID) (map[org.ID]int64, error) {
			b, err := r.log.EventBounds(ctx)
			return map[org.ID]int64{acme: b.Newest}, err
		},
		Bus: r.bus, Log: slog.New(slog.DiscardHandler),
	})
	go func() { r.done <- r.feed.Run(ctx) }()
	h := &Handler{Feed: r.feed, Log: slog.New(slog.DiscardHandler)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		who := org.Member(acme, org.UserID{UUID: uuid.New()}, org.RoleAdmin, org.CredentialID{})
		q = q.WithContext(org.With(q.Context(), who))
		serve := func(w http.ResponseWriter, q *http.Request, l events.Lease) error {
			return h.Socket(w, q, l, events.View{})
		}
		if q.URL.Path == "/stream" {
			serve = h.Stream
		}
		if err := serve(w, q, events.Lease{}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(func() {
		stop()
		if err := <-r.done; err != nil {
			t.Error(err)
		}
		r.Close()
		r.Client().CloseIdleConnections()
	})
	return r
}

func (r *rig) append(n int64) {
	r.log.newest <- <-r.log.newest + n
	r.bus.Wake(events.Topic(acme))
}

func (r *rig) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	socket, _, err := websocket.Dial(t.Context(), r.URL, nil) //nolint:bodyclose // the body is the WebSocket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	socket.SetReadLimit(-1)
	return socket
}

// until waits for something that is soon so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// A client is told that the server stops, when to come back, and then gets the close code.
func TestAStoppingServerTellsItsClients(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	socket := r.dial(t)
	r.stop()
	told := ""
	for {
		_, text, err := socket.Read(t.Context())
		if err != nil {
			if websocket.CloseStatus(err) != websocket.StatusServiceRestart {
				t.Errorf("it was closed with %v", err)
			}
			break
		}
		told = string(text)
	}
	if !strings.Contains(told, `"type":"closing"`) || !strings.Contains(told, `"retry_after":2`) {
		t.Errorf("before it closed: %s", told)
	}
}
