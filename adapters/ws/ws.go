// Package ws is the browsers' end of a desktop: RFB over a WebSocket, carried to the session's agent and back. Bytes
// are copied, not parsed.
package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// perOrg is how many streams an organisation may have open on one replica. Each holds two goroutines, a connection to
	// the browser and one to the agent.
	perOrg = 200
	// openPatience is how long the agent may take to dial back.
	openPatience = 10 * time.Second
	// drainPatience is how long the streams may take to end with the server, each within leaveWithin.
	drainPatience = 2 * leaveWithin
	// maxMessage bounds one message of a client, in bytes. The largest that noVNC sends is a clipboard.
	maxMessage = 4 << 20
	// subprotocol is what is answered; noVNC insists on it.
	subprotocol = "binary"
)

// Faults of opening a stream.
var (
	errTooMany = fault.New(fault.Exhausted, "too_many_streams",
		"Your organisation has too many desktops open. Close one.")
	errClosing = fault.New(fault.Unavailable, "shutting_down", "This server is restarting.").RetryIn(time.Second)
)

// Sessions is what a stream asks of *sessions.Service.
type Sessions interface {
	// AwaitRunning returns the session once it runs.
	AwaitRunning(ctx context.Context, who org.Scope, id sessions.ID) (sessions.Session, error)
	// WatchAccess returns when the caller may no longer see the session, or it has ended, with the reason; and with nil
	// when ctx is done.
	WatchAccess(ctx context.Context, who org.Scope, id sessions.ID) error
}

// Displays opens connections to sessions' displays; link.Commands does.
type Displays interface {
	Open(ctx context.Context, agent, session uuid.UUID) (io.ReadWriteCloser, error)
}

// Config is what streams are made of.
type Config struct {
	Sessions Sessions
	Displays Displays
	// Problem answers with an error, as long as the connection has not become a WebSocket.
	Problem func(w http.ResponseWriter, r *http.Request, err error)
	Log     *slog.Logger
}

// Streams answers admitted requests for a session's stream.
type Streams struct {
	config  Config
	closing chan struct{} // closed when the server ends
	open    sync.WaitGroup

	mu    sync.Mutex
	ended bool
	held  map[org.ID]int // how many each organisation has open
	all   int
}

// New makes streams. None ends by itself with the server unless Run runs.
func New(c Config) *Streams {
	return &Streams{config: c, closing: make(chan struct{}), held: map[org.ID]int{}}
}

// Run ends every stream when ctx is done, and returns once they have ended.
func (s *Streams) Run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	s.ended = true // from here on none is added, so that waiting for them ends
	s.mu.Unlock()
	close(s.closing)
	gone := make(chan struct{})
	go func() { s.open.Wait(); close(gone) }()
	timer := time.NewTimer(drainPatience)
	defer timer.Stop()
	select {
	case <-gone:
		return nil
	case <-timer.C:
		return errors.New("a desktop's stream did not end with the server")
	}
}

// Open is how many streams are open, for a metric.
func (s *Streams) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// ServeHTTP opens the stream of the session in the path value "session_id", for the scope in the request's context.
// Origin, ticket and handshake have been looked at.
func (s *Streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		s.config.Problem(w, r, err)
	}
}

// serve returns an error as long as it can be answered with.
func (s *Streams) serve(w http.ResponseWriter, r *http.Request) error {
	who := org.From(r.Context())
	id, err := uuid.Parse(r.PathValue("session_id"))
	if err != nil {
		return fmt.Errorf("read the id of a stream's session: %w", err)
	}
	if who.IsZero() {
		return errors.New("a stream was asked for by nobody")
	}
	if err := s.take(who.Org()); err != nil {
		return err
	}
	defer s.give(who.Org())
	display, err := s.display(r.Context(), who, sessions.ID{UUID: id})
	if err != nil {
		return err
	}
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil { // Accept has answered
		_ = display.Close()
		s.config.Log.DebugContext(r.Context(), "a stream's handshake broke off", "session_id", id, "error", err)
		return nil
	}
	socket.SetReadLimit(maxMessage)
	start := time.Now()
	end := s.splice(r.Context(), socket, display, func(ctx context.Context) error {
		return s.config.Sessions.WatchAccess(ctx, who, sessions.ID{UUID: id})
	})
	s.config.Log.InfoContext(r.Context(), "stream ended", "session_id", id, "org_id", who.Org().String(),
		"user_id", who.User().String(), "close", int(end.code), "reason", end.reason,
		"seconds", int(time.Since(start).Seconds()), "error", end.err)
	return nil
}

// display waits for the session to run and connects to its display.
func (s *Streams) display(ctx context.Context, who org.Scope, id sessions.ID) (io.ReadWriteCloser, error) {
	ctx, cancel := s.untilClosing(ctx)
	defer cancel(nil)
	it, err := s.config.Sessions.AwaitRunning(ctx, who, id)
	if err != nil {
		return nil, becauseOf(ctx, err)
	}
	ctx, cancelOpen := context.WithTimeout(ctx, openPatience)
	defer cancelOpen()
	display, err := s.config.Displays.Open(ctx, it.Agent, id.UUID)
	return display, becauseOf(ctx, err)
}

// untilClosing gives a context that is done with the server, too, and then says so.
func (s *Streams) untilClosing(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-s.closing:
			cancel(errClosing)
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// becauseOf names the end of the server where that is what an error came of.
func becauseOf(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errClosing) {
		return errClosing
	}
	return err
}

// take counts one stream of an organisation.
func (s *Streams) take(of org.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return errClosing
	case s.held[of] >= perOrg:
		return errTooMany
	}
	s.held[of]++
	s.all++
	s.open.Add(1)
	return nil
}

func (s *Streams) give(of org.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.held[of]--; s.held[of] == 0 {
		delete(s.held, of)
	}
	s.open.Done()
}
