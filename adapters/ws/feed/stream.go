package feed

import (
	"fmt"
	"net/http"
	"time"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

// retryIn is when a browser connects again after a connection has ended, in milliseconds.
const retryIn = 2000

// Stream serves the log as server-sent events. It returns an error only before the response has begun.
func (h *Handler) Stream(w http.ResponseWriter, r *http.Request, l events.Lease) error {
	subscription, err := h.subscribe(r, l, events.View{})
	if err != nil {
		return err
	}
	defer subscription.Close()
	began := time.Now()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	out := eventStream{w, http.NewResponseController(w)}
	err = out.print("retry: %d\n\n", retryIn)
	for err == nil {
		var m *events.Message
		if m, err = subscription.Next(r.Context()); err == nil {
			err = out.send(m)
		}
	}
	if r.Context().Err() != nil {
		err = errGone.Because(err)
	}
	if why := fault.Of(err); why.Code != errGone.Code {
		_ = out.send(subscription.Closing(why)) // the client may have gone
		pause(r.Context(), why)
	}
	logEnd(r.Context(), h.Log, began, err)
	return nil
}

// eventStream writes server-sent events.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send writes a message. Its number is the id, with which a browser goes on when it connects again.
func (s eventStream) send(m *events.Message) error {
	return s.print("id: %d\ndata: %s\n\n", m.Seq, m.JSON)
}

// print writes and flushes within writeTimeout.
func (s eventStream) print(format string, args ...any) error {
	err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = fmt.Fprintf(s.w, format, args...) //nolint:gosec // our own JSON, as text/event-stream
	}
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil {
		return errGone.Because(err)
	}
	return nil
}
