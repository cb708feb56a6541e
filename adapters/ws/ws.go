// Package ws serves a desktop to a browser. It copies RFB (the VNC protocol) between the browser's WebSocket and the
// session's display. It does not parse the bytes: parsing would add a copy and an attack surface, and nothing here
// needs their content.
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
	// perOrg is how many streams an organisation may have open on one server. Each stream holds five goroutines and
	// two connections, so the limit keeps one organisation from using up the server.
	perOrg = 200
	// openTimeout is how long the agent may take to dial back.
	openTimeout = 10 * time.Second
	// recordTimeout is how long the audit entry of a stream's end may take.
	recordTimeout = 2 * time.Second
	// drainTimeout is how long the streams may take to end when the server shuts down. Each has closeTimeout, and
	// recordTimeout after it.
	drainTimeout = 2*closeTimeout + recordTimeout
	// maxMessage is the largest message from a browser, in bytes. The largest that noVNC sends is the clipboard.
	maxMessage = 4 << 20
	// subprotocol is the one that the server selects; noVNC requires it.
	subprotocol = "binary"
)

// Faults of opening a stream.
var (
	errTooMany = fault.New(fault.Exhausted, "too_many_streams",
		"Your organisation has too many desktops open in browsers. Close one, then try again.")
	errClosing = fault.New(fault.Unavailable, "shutting_down", "The server is restarting.").RetryIn(time.Second)
)

// Sessions is the part of *sessions.Service that streams use.
type Sessions interface {
	// AwaitRunning waits until the session runs and returns it.
	AwaitRunning(ctx context.Context, who org.Scope, id sessions.ID) (sessions.Session, error)
	// WatchAccess returns the reason when the caller loses access to the session or the session ends. It returns nil
	// when ctx is done.
	WatchAccess(ctx context.Context, who org.Scope, id sessions.ID) error
	// BeginLook records that the caller opens another member's desktop, and nothing for their own.
	BeginLook(ctx context.Context, who org.Scope, it sessions.Session) error
	// EndLook records for how long they had it open.
	EndLook(ctx context.Context, who org.Scope, it sessions.Session, lasted time.Duration) error
}

// Displays opens connections to sessions' displays. link.Commands implements it.
type Displays interface {
	Open(ctx context.Context, agent, session uuid.UUID) (io.ReadWriteCloser, error)
}

// Config is the configuration of Streams. All fields are required.
type Config struct {
	Sessions Sessions
	Displays Displays
	// Problem writes an error response. It is called only before the upgrade to a WebSocket.
	Problem func(w http.ResponseWriter, r *http.Request, err error)
	Log     *slog.Logger
}

// Streams serves authorized requests for a session's stream.
type Streams struct {
	config  Config
	closing chan struct{} // closed when the server shuts down
	open    sync.WaitGroup

	mu sync.Mutex
	// ended is true when the server shuts down. acquire then refuses.
	ended bool
	held  map[org.ID]int // how many each organisation has open
	all   int
}

// New returns Streams. Run must be called, too: it ends the streams when the server shuts down.
func New(c Config) *Streams {
	return &Streams{config: c, closing: make(chan struct{}), held: map[org.ID]int{}}
}

// Run ends every stream when ctx is done, and returns once they have ended.
func (s *Streams) Run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	s.ended = true // no stream is added from here on, so that the wait below ends
	s.mu.Unlock()
	close(s.closing)
	gone := make(chan struct{})
	go func() { s.open.Wait(); close(gone) }()
	timer := time.NewTimer(drainTimeout)
	defer timer.Stop()
	select {
	case <-gone:
		return nil
	case <-timer.C:
		return errors.New("a desktop's stream did not end within 6 seconds of the shutdown")
	}
}

// Open returns how many streams are open, for a metric.
func (s *Streams) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// ServeHTTP opens the stream of the session in the path value "session_id", for the scope in the request's context.
// The origin, the ticket and the handshake were checked before.
func (s *Streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		s.config.Problem(w, r, err)
	}
}

// serve returns an error only while an error response can still be sent.
func (s *Streams) serve(w http.ResponseWriter, r *http.Request) error {
	who := org.From(r.Context())
	id, err := uuid.Parse(r.PathValue("session_id"))
	if err != nil {
		return fmt.Errorf("read the id of a stream's session: %w", err)
	}
	if who.IsZero() {
		return errors.New("open a stream: the request has no signed-in user")
	}
	if err := s.acquire(who.Org()); err != nil {
		return err
	}
	defer s.release(who.Org())
	it, display, err := s.display(r.Context(), who, sessions.ID{UUID: id})
	if err != nil {
		return err
	}
	start := time.Now()
	if err := s.config.Sessions.BeginLook(r.Context(), who, it); err != nil {
		_ = display.Close()
		return err
	}
	defer func() { s.endLook(r.Context(), who, it, time.Since(start)) }()
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil { // Accept has responded already
		_ = display.Close()
		s.config.Log.DebugContext(r.Context(), "a stream's handshake failed", "session_id", id, "error", err)
		return nil
	}
	socket.SetReadLimit(maxMessage)
	end := s.splice(r.Context(), socket, display, func(ctx context.Context) error {
		return s.config.Sessions.WatchAccess(ctx, who, sessions.ID{UUID: id})
	})
	s.config.Log.InfoContext(r.Context(), "stream ended", "session_id", id, "org_id", who.Org().String(),
		"user_id", who.User().String(), "close", int(end.code), "reason", end.reason,
		"seconds", int(time.Since(start).Seconds()), "error", end.err)
	return nil
}

// endLook records the end of a look, also when the client has gone or the server shuts down. If the program is killed,
// only the begin is recorded.
func (s *Streams) endLook(ctx context.Context, who org.Scope, it sessions.Session, lasted time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := s.config.Sessions.EndLook(ctx, who, it, lasted); err != nil {
		s.config.Log.ErrorContext(ctx, "the end of a stream is not in the audit log", "session_id", it.ID.String(),
			"org_id", who.Org().String(), "user_id", who.User().String(), "seconds", int(lasted.Seconds()), "error", err)
	}
}

// display waits for the session to run and connects to its display. Both come before the upgrade: until then an error
// is an HTTP response with a code, which the console can show and retry.
func (s *Streams) display(
	ctx context.Context, who org.Scope, id sessions.ID,
) (sessions.Session, io.ReadWriteCloser, error) {
	ctx, cancel := s.untilClosing(ctx)
	defer cancel(nil)
	it, err := s.config.Sessions.AwaitRunning(ctx, who, id)
	if err != nil {
		return it, nil, becauseOf(ctx, err)
	}
	ctx, cancelOpen := context.WithTimeout(ctx, openTimeout)
	defer cancelOpen()
	display, err := s.config.Displays.Open(ctx, it.Agent, id.UUID)
	return it, display, becauseOf(ctx, err)
}

// untilClosing returns a context that is also done when the server shuts down, with errClosing as its cause.
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

// becauseOf returns errClosing when the shutdown of the server caused err. The browser then learns that it can retry,
// instead of reading about a cancelled request.
func becauseOf(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errClosing) {
		return errClosing
	}
	return err
}

// acquire counts one more stream of an organisation, up to perOrg. It counts before the session is looked up, so that
// requests that wait for a session to start count, too.
func (s *Streams) acquire(of org.ID) error {
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

// release is called once for each successful acquire. It removes the entry of an organisation without streams, so that
// the map does not grow with every organisation that was ever here.
func (s *Streams) release(of org.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.held[of]--; s.held[of] == 0 {
		delete(s.held, of)
	}
	s.open.Done()
}
