package feed

import (
	"context"
	"testing"

	"github.com/coder/websocket"
)

// A client that sends garbage, or a message of 100 MB, loses its stream, and another one does not notice. Seen to fail
// with a listener that ignores messages of another form.
func TestHostileClientsLoseOnlyTheirOwnStream(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.dial(t)
	for name, c := range map[string]struct {
		send []byte
		want websocket.StatusCode
	}{
		"garbage": {[]byte("\x00{"), websocket.StatusPolicyViolation},
		"100 MB":  {make([]byte, 100<<20), websocket.StatusMessageTooBig},
	} {
		socket := r.dial(t)
		go func() { _ = socket.Write(t.Context(), websocket.MessageText, c.send) }() // it may not get to the end
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		var err error
		for err == nil {
			_, _, err = socket.Read(ctx)
		}
		if ctx.Err() != nil {
			t.Errorf("%s: the stream stays open", name)
		}
		cancel()
		// Whoever still sends may find the connection reset, before the close code was read.
		if got := websocket.CloseStatus(err); got != c.want && got != -1 {
			t.Errorf("%s: closed with %v: %v", name, got, err)
		}
		_ = socket.CloseNow()
		until(t, name+" was released", func() bool { return r.feed.Open() == 1 })
	}
	r.append(1)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, text, err := other.Read(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 8000 { // the event
			return
		}
	}
}
