package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// beatEvery is how often each end of a stream sends something when it has nothing to send. Two of them, and a
	// reserve, are less than the 15 s after which a strict proxy closes an idle connection.
	beatEvery = 5 * time.Second
	// deadAfter is how long an end waits for the other's heartbeat before it closes the stream.
	deadAfter = 20 * time.Second
)

// streamSocket carries a stream over a WebSocket. Binary messages are its bytes, an empty one is the end of its
// direction, and text messages are heartbeats. Why not WebSocket's pings? Their answers wait behind the data of a
// browser that has stalled, and the library closes a connection on which they wait for 5 s.
type streamSocket struct {
	ws   *websocket.Conn
	life context.Context //nolint:containedctx // of the connection, which is used through io's interfaces
	end  context.CancelFunc

	message io.Reader    // the one that is being read; nil: none
	empty   bool         // nothing of it was read yet
	waits   atomic.Int64 // since when a read waits for the other end, in nanoseconds; zero: none does

	writing sync.Mutex
	wrote   atomic.Int64 // when something was last sent, in nanoseconds
}

// newStreamSocket takes over a WebSocket until Close. Only the values of ctx are used.
func newStreamSocket(ctx context.Context, ws *websocket.Conn) *streamSocket {
	ws.SetReadLimit(-1) // a stream has no end
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s := &streamSocket{ws: ws, life: life, end: end}
	s.wrote.Store(time.Now().UnixNano())
	go s.beat()
	return s
}

// beat sends heartbeats, and closes a stream whose other end sends none, until the stream is closed.
func (s *streamSocket) beat() {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-ticker.C:
		}
		if since := s.waits.Load(); since != 0 && time.Since(time.Unix(0, since)) > deadAfter {
			_ = s.Close()
			return
		}
		// What is being sent, even to an end that does not read, keeps the connection as well as a heartbeat.
		if time.Since(time.Unix(0, s.wrote.Load())) >= beatEvery && s.writing.TryLock() {
			err := s.ws.Write(s.life, websocket.MessageText, nil)
			s.wrote.Store(time.Now().UnixNano())
			s.writing.Unlock()
			if err != nil {
				return // the reader finds out, too
			}
		}
	}
}

// Read reads the other end's bytes, and io.EOF once it has sent all.
func (s *streamSocket) Read(p []byte) (int, error) {
	for {
		n, err := s.read(p)
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// read returns zero bytes without an error after a heartbeat and between two messages.
func (s *streamSocket) read(p []byte) (int, error) {
	s.waits.Store(time.Now().UnixNano())
	defer s.waits.Store(0)
	if s.message == nil {
		kind, message, err := s.ws.Reader(s.life)
		if err != nil {
			return 0, s.ended(err)
		}
		if kind == websocket.MessageText {
			_, err := io.Copy(io.Discard, message)
			return 0, s.ended(err)
		}
		s.message, s.empty = message, true
	}
	n, err := s.message.Read(p)
	if !errors.Is(err, io.EOF) {
		s.empty = s.empty && n == 0
		return n, s.ended(err)
	}
	s.message = nil
	if s.empty && n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// ended says how a connection ended.
func (s *streamSocket) ended(err error) error {
	switch {
	case err == nil:
		return nil
	case s.life.Err() != nil:
		return net.ErrClosed
	case errors.Is(err, io.EOF): // the other end has closed it
		return io.EOF
	}
	return fmt.Errorf("a stream's WebSocket: %w", err)
}

// Write sends bytes.
func (s *streamSocket) Write(p []byte) (int, error) {
	if len(p) == 0 { // which would be the end
		return 0, nil
	}
	return len(p), s.send(p)
}

// CloseWrite tells the other end that nothing more comes.
func (s *streamSocket) CloseWrite() error { return s.send(nil) }

func (s *streamSocket) send(p []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.ws.Write(s.life, websocket.MessageBinary, p)
	s.wrote.Store(time.Now().UnixNano())
	return s.ended(err)
}

// Close ends the stream at both of its ends, without a closing handshake, which would wait for a dead end.
func (s *streamSocket) Close() error {
	s.end()
	return s.ws.CloseNow()
}
