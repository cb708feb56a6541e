package ws

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// Close codes of our own, from the private range (RFC 6455 §7.4.2). The close reason is the fault's code.
const (
	closeSignedOut websocket.StatusCode = 4401 // sign in again
	closeForbidden websocket.StatusCode = 4403 // the user no longer has access to the session
	closeEnded     websocket.StatusCode = 4410 // the session has ended
)

const (
	// pingEvery and pongWithin detect within 40 s a browser that disappeared without closing its connection.
	pingEvery  = 20 * time.Second
	pongWithin = 20 * time.Second
	// closeTimeout is how long a browser may take to complete the closing handshake.
	closeTimeout = 2 * time.Second
)

// buffers is shared by all streams: most streams are idle most of the time, and an idle one holds no buffer for the
// browser's direction.
var buffers = sync.Pool{New: func() any { return new([link.CopyBuffer]byte) }}

// end says how a stream ended.
type end struct {
	code   websocket.StatusCode
	reason string // at most 123 bytes
	err    error  // for the log; nil for an ordinary end
}

// goingAway is the end when the server shuts down.
var goingAway = end{code: websocket.StatusGoingAway, reason: "shutting_down"}

// splice copies both ways until a side closes, the user loses access or the server shuts down. The first of these
// ends the stream on every hop, and gives the close code and the reason that the browser receives.
func (s *Streams) splice(
	ctx context.Context, socket *websocket.Conn, display io.ReadWriteCloser, watch func(context.Context) error,
) end {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	// Reading and writing do not use inner: the WebSocket library drops the connection when their context is done,
	// and the browser would get no close code.
	moving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ends := make(chan end, 5) // one slot for each goroutine below, so that none blocks
	var running sync.WaitGroup
	start := func(run func() end) { running.Go(func() { ends <- run() }) }
	start(func() end { return toDisplay(moving, display, socket) })
	start(func() end { return toBrowser(moving, socket, display) })
	start(func() end { return withdrawn(watch(inner)) })
	start(func() end { return unresponsive(inner, socket) })
	start(func() end {
		select {
		case <-s.closing:
		case <-inner.Done():
		}
		return goingAway
	})
	first := <-ends
	cancel()
	// The display is closed first, so that a browser that lost access and is slow to close receives nothing more.
	_ = display.Close()
	defer time.AfterFunc(closeTimeout, stop).Stop()
	_ = socket.Close(first.code, first.reason)
	running.Wait()
	return first
}

// toDisplay copies what the browser sends. RFB is a byte stream, so it passes a message on in pieces and never holds a
// whole one.
func toDisplay(ctx context.Context, display io.Writer, socket *websocket.Conn) end {
	for {
		kind, message, err := socket.Reader(ctx)
		switch {
		case err != nil:
			return left(err)
		case kind != websocket.MessageBinary:
			return end{code: websocket.StatusUnsupportedData, reason: "binary_only"}
		}
		if ended, ok := copyMessage(display, message); !ok {
			return ended
		}
	}
}

// copyMessage copies one message. It holds a buffer only for that time, because a browser sends nothing most of the
// time. It returns false, and how the stream ended, when the stream has ended.
func copyMessage(display io.Writer, message io.Reader) (end, bool) {
	buf := buffers.Get().(*[link.CopyBuffer]byte)
	defer buffers.Put(buf)
	for {
		n, err := message.Read(buf[:])
		if n > 0 {
			if _, err := display.Write(buf[:n]); err != nil {
				return lost(err), false
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return end{}, true
		case err != nil:
			return left(err), false
		}
	}
}

// toBrowser copies what the display sends, each piece as one message. When the browser is slow, Write blocks, then
// nothing more is read from the display: the display waits, and no data piles up here.
func toBrowser(ctx context.Context, socket *websocket.Conn, display io.Reader) end {
	buf := buffers.Get().(*[link.CopyBuffer]byte)
	defer buffers.Put(buf)
	for {
		n, err := display.Read(buf[:])
		if n > 0 {
			if err := socket.Write(ctx, websocket.MessageBinary, buf[:n]); err != nil {
				return left(err)
			}
		}
		if err != nil {
			return lost(err)
		}
	}
}

// unresponsive pings the browser until a pong is missing. A computer that was suspended or lost its network sends no
// end of the connection, and would otherwise count against the organisation's limit.
func unresponsive(ctx context.Context, socket *websocket.Conn) end {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return goingAway
		case <-tick.C:
		}
		pong, cancel := context.WithTimeout(ctx, pongWithin)
		err := socket.Ping(pong)
		cancel()
		switch {
		case ctx.Err() != nil:
			return goingAway
		case err != nil:
			return end{code: websocket.StatusPolicyViolation, reason: "no_pong", err: err}
		}
	}
}

// left says how the browser ended the stream. A lost connection is an ordinary end for the close code, because no one
// is there to read it; the log gets the error.
func left(err error) end {
	switch status := websocket.CloseStatus(err); {
	case status == websocket.StatusNormalClosure, status == websocket.StatusGoingAway,
		status == websocket.StatusNoStatusRcvd:
		return end{code: websocket.StatusNormalClosure, reason: "closed"}
	case errors.Is(err, websocket.ErrMessageTooBig):
		return end{code: websocket.StatusMessageTooBig, reason: "message_too_big"}
	default:
		return end{code: websocket.StatusNormalClosure, reason: "connection_lost", err: err}
	}
}

// lost says how the display ended the stream.
func lost(err error) end {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return end{code: websocket.StatusNormalClosure, reason: "display_closed"}
	}
	return end{code: websocket.StatusInternalError, reason: "display_lost", err: err}
}

// withdrawn says how the end of the user's access ends the stream. If access cannot be checked for long, it ends: it
// must not outlive access that may be gone.
func withdrawn(err error) end {
	f := fault.Of(err)
	switch {
	case err == nil: // the stream has ended for another reason
		return goingAway
	case errors.Is(err, sessions.ErrEnded):
		return end{code: closeEnded, reason: f.Code}
	case f.Kind == fault.Unauthenticated:
		return end{code: closeSignedOut, reason: f.Code}
	case f.Kind == fault.Forbidden, f.Kind == fault.NotFound:
		return end{code: closeForbidden, reason: f.Code}
	default:
		return end{code: websocket.StatusTryAgainLater, reason: f.Code, err: err}
	}
}
