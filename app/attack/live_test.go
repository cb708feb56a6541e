package attack

import (
	"context"
	"io"
	"net/http"
	"time"
)

// moment is how long a live stream is read. Its history comes first, and at once.
const moment = 100 * time.Millisecond

// read reads a response: all of it, or what a live stream, which has no end, sends within a moment.
func read(r *http.Response, cancel context.CancelFunc) ([]byte, error) {
	if r.StatusCode != http.StatusSwitchingProtocols && r.Header.Get("Content-Type") != "text/event-stream" {
		return io.ReadAll(r.Body)
	}
	defer time.AfterFunc(moment, func() { cancel(); _ = r.Body.Close() }).Stop()
	b, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // it ends with an error, since it was broken off
	return b, nil
}

// handshake asks for a WebSocket (RFC 6455 §4.1).
func handshake() http.Header {
	return http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
}
