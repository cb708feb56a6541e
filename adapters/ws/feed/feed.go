// Package feed serves an organisation's event log while it grows: over a WebSocket, and as server-sent events. modules/
// events decides what a subscriber gets; this package writes it to the connection. Logs serves the output of a session
// by the same rules.
//
// Each message is one JSON object with type, seq and time. docs/events.md describes the messages and the close codes.
package feed

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// openTimeout bounds what is done before the first message.
	openTimeout = 10 * time.Second
	// writeTimeout is how long a client may take to accept a message when all buffers on the way are full. It is not more
	// than the time in which an ended access must have an effect.
	writeTimeout = 2 * time.Second
	// jitter spreads the clients of a stopping server, so that they do not all come back at once.
	jitter = 2 * time.Second
)

// Handler serves subscriptions. All fields are required.
type Handler struct {
	Feed *events.Feed
	Log  *slog.Logger
}

// subscribe reads what a request asks for, whose form was validated.
func (h *Handler) subscribe(r *http.Request, l events.Lease, v events.View) (*events.Subscription, error) {
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	asked := r.URL.Query()
	q := events.Query{
		Who: org.From(r.Context()), Lease: l, After: number(asked.Get("after")), Org: asked.Get("org"),
		Namespace: asked.Get("namespace"), Types: v.Types, Snapshot: v.Snapshot,
		State: v.State,
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" { // a browser's own, when it connects again
		q.After = number(last)
	}
	if types := asked.Get("type"); types != "" && v.Types == nil {
		q.Types = strings.Split(types, ",")
	}
	return h.Feed.Subscribe(ctx, q)
}

// number is the number of the last event that a client has. Text that is no number is a number that no event has, so
// that the client is told to list again.
func number(text string) *int64 {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		n = -1
	}
	return &n
}

// pause waits a random part of jitter when the server stops.
func pause(ctx context.Context, why *fault.Fault) {
	if why.Code != events.ErrStopping.Code {
		return
	}
	wait := time.NewTimer(rand.N(jitter)) //nolint:gosec // spreads clients out; guessing it gains nothing
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// logEnd logs how a stream ended, and an error that is our own with its text.
func logEnd(ctx context.Context, log *slog.Logger, began time.Time, why error) {
	who, f := org.From(ctx), fault.Of(why)
	attrs := []any{"org_id", who.Org().String(), "user_id", who.User().String(), "reason", f.Code,
		"seconds", int(time.Since(began).Seconds())}
	level := slog.LevelInfo
	if f.Kind == fault.Internal {
		level, attrs = slog.LevelError, append(attrs, "error", why)
	}
	log.Log(ctx, level, "live stream ended", attrs...)
}
