package feed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/coder/websocket"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

const (
	// maxMessage is the largest message from a client, in bytes: one with an access token.
	maxMessage = 8 << 10
	// closeTimeout is how long a client may take to complete the closing handshake.
	closeTimeout = time.Second
)

// Close codes of our own, from the private range (RFC 6455 §7.4.2). The close reason is the fault's code.
const (
	closeSignedOut websocket.StatusCode = 4401 // refresh the token, or sign in again
	closeForbidden websocket.StatusCode = 4403
	closeSlow      websocket.StatusCode = 4408 // go on after the last event that arrived
)

// errInvalidMessage ends a socket whose client sends what is no message of ours.
var errInvalidMessage = fault.New(fault.Invalid, "invalid_message", `A client sends only {"type":"token","token":"…"}.`)

// Socket serves a view of the log over a WebSocket. It returns an error only before the upgrade.
func (h *Handler) Socket(w http.ResponseWriter, r *http.Request, l events.Lease, v events.View) error {
	subscription, err := h.subscribe(r, l, v)
	if err != nil {
		return err
	}
	socket, err := accept(w, r)
	if err != nil { // it has responded already
		subscription.Close()
		h.Log.DebugContext(r.Context(), "an event stream's handshake failed", "error", err)
		return nil
	}
	// The request ends here: its goroutine, buffers and headers would take five times as much memory as the socket does.
	// The feed ends the subscription, and waits for it, when the server stops.
	go h.run(context.WithoutCancel(r.Context()), socket, subscription)
	return nil
}

// run serves a socket to its end. A bug ends one socket and not the process.
func (h *Handler) run(ctx context.Context, socket *websocket.Conn, s *events.Subscription) {
	defer s.Close()
	defer func() {
		if cause := recover(); cause != nil {
			h.Log.ErrorContext(ctx, "an event stream panicked", "cause", cause, "stack", string(debug.Stack()))
			_ = socket.CloseNow()
		}
	}()
	began := time.Now()
	logEnd(ctx, h.Log, began, serve(ctx, socket, s, &eventSocket{socket, s}))
}

// writer is what a socket is for.
type writer interface {
	// write sends messages until the subscription or what it shows ends, and returns why. Nothing of it runs on.
	write(ctx context.Context) error
	// closing is the message that says why the socket closes.
	closing(why *fault.Fault) *events.Message
}

// serve writes messages until a side ends it, and returns why it ended.
func serve(ctx context.Context, socket *websocket.Conn, s *events.Subscription, to writer) error {
	socket.SetReadLimit(maxMessage)
	// Reading does not use ctx: the library drops the connection when a reader's context is done, and the client would get
	// no close code.
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	left := make(chan struct{})
	go func() {
		defer close(left)
		cancel(listen(reading, socket, s))
	}()
	err := to.write(ctx)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	why := closing(err)
	if why.tell {
		_ = send(ctx, socket, to.closing(why.fault)) // the client may have gone
		pause(ctx, why.fault)
	}
	defer time.AfterFunc(closeTimeout, stop).Stop()
	_ = socket.Close(why.code, why.fault.Code)
	stop()
	<-left
	return err
}

// eventSocket is one client that follows events.
type eventSocket struct {
	socket       *websocket.Conn
	subscription *events.Subscription
}

func (s *eventSocket) write(ctx context.Context) error {
	for {
		m, err := s.subscription.Next(ctx)
		if err != nil {
			return err
		}
		if err := send(ctx, s.socket, m); err != nil {
			return errGone.Because(err)
		}
	}
}

func (s *eventSocket) closing(why *fault.Fault) *events.Message { return s.subscription.Closing(why) }

func send(ctx context.Context, socket *websocket.Conn, m *events.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	return socket.Write(ctx, websocket.MessageText, m.JSON)
}

// errGone ends a socket whose client has gone, or does not accept a message in time.
var errGone = fault.New(fault.Unavailable, "client_gone", "The client has gone.")

// listen reads what the client sends: new access tokens, and nothing else.
func listen(ctx context.Context, socket *websocket.Conn, s *events.Subscription) error {
	for {
		kind, text, err := socket.Read(ctx)
		if err != nil {
			if errors.Is(err, websocket.ErrMessageTooBig) {
				return errInvalidMessage.Because(err)
			}
			return errGone.Because(err)
		}
		var m struct {
			Type  string `json:"type"`
			Token string `json:"token"`
		}
		if kind != websocket.MessageText || json.Unmarshal(text, &m) != nil || m.Type != "token" {
			return errInvalidMessage
		}
		if err := s.Renew(ctx, m.Token); err != nil {
			return err
		}
	}
}

// end is how a socket is closed.
type end struct {
	fault *fault.Fault
	code  websocket.StatusCode
	tell  bool // the client is told why before
}

// closing says how an error closes the socket.
func closing(err error) end {
	f := fault.Of(err)
	switch {
	case f.Code == errGone.Code:
		return end{f, websocket.StatusNormalClosure, false}
	case f.Code == errLogEnded.Code:
		return end{f, websocket.StatusNormalClosure, true}
	case f.Code == events.ErrSlow.Code:
		return end{f, closeSlow, true}
	case f.Code == events.ErrStopping.Code:
		return end{f, websocket.StatusServiceRestart, true}
	case f.Kind == fault.Unauthenticated:
		return end{f, closeSignedOut, true}
	case f.Kind == fault.Forbidden, f.Kind == fault.NotFound:
		return end{f, closeForbidden, true}
	case f.Kind == fault.Invalid:
		return end{f, websocket.StatusPolicyViolation, true}
	case f.Kind == fault.Unavailable:
		return end{f, websocket.StatusTryAgainLater, true}
	default:
		return end{f, websocket.StatusInternalError, true}
	}
}
