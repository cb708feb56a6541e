package feed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// LineType is the type of a message that has a line of a session's output.
	LineType = "log.line"
	// recordTimeout is how long the audit entry of a reader's end may take.
	recordTimeout = 2 * time.Second
	// ahead is how many parts are read before the client has taken them. The agent keeps the rest.
	ahead = 16
)

var (
	// errLogEnded ends a socket that has sent everything.
	errLogEnded = fault.New(fault.Conflict, "log_ended", "This is all of the output.")
	errLogLost  = fault.New(fault.Unavailable, "log_lost",
		"The connection to the session's host was lost. Go on after the last line that arrived.").RetryIn(time.Second)
)

// Line is the data of a message with a line.
type Line struct {
	Text string `json:"text"`
}

// LogSessions is the part of *sessions.Service that reading output uses.
type LogSessions interface {
	// Get returns a session that the caller may see.
	Get(ctx context.Context, who org.Scope, id sessions.ID) (sessions.Session, error)
	// WatchSight returns the reason when the caller may no longer see the session, and nil when ctx is done.
	WatchSight(ctx context.Context, who org.Scope, id sessions.ID) error
	// BeginReading records that the caller reads the output of another member's session, and nothing for their own.
	BeginReading(ctx context.Context, who org.Scope, it sessions.Session) error
	// EndReading records for how long they did.
	EndReading(ctx context.Context, who org.Scope, it sessions.Session, lasted time.Duration) error
}

// Logs serves the output of sessions over WebSockets. All fields are required.
//
// A subscription that selects no event keeps the rules of live streams: the limits, the token's end and renewal, the
// end of the access, and the server's stop.
type Logs struct {
	Feed     *events.Feed
	Sessions LogSessions
	Agents   link.Logs
	Log      *slog.Logger
}

// noEvents selects none: no event has such a type.
var noEvents = events.Types{"-"}

// Socket serves the output of the session in the path value "session_id". It returns an error only before the upgrade.
func (l *Logs) Socket(w http.ResponseWriter, r *http.Request, lease events.Lease) error {
	who := org.From(r.Context())
	id, err := uuid.Parse(r.PathValue("session_id"))
	if err != nil {
		return fmt.Errorf("read the id of a session: %w", err)
	}
	asked := r.URL.Query()
	query, err := logQuery(asked)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	subscription, err := l.Feed.Subscribe(ctx, events.Query{
		Who: who, Lease: lease, Org: asked.Get("org"), Namespace: asked.Get("namespace"), Types: noEvents,
	})
	if err != nil {
		return err
	}
	defer subscription.Close()
	it, err := l.Sessions.Get(ctx, who, sessions.ID{UUID: id})
	if err != nil {
		return err
	}
	if it.Agent == uuid.Nil {
		return link.ErrNoLog
	}
	output, err := l.Agents.Log(ctx, it.Agent, id, query)
	if err != nil {
		return err
	}
	defer output.Close()
	if err := l.Sessions.BeginReading(ctx, who, it); err != nil {
		return err
	}
	began := time.Now()
	defer func() { l.endReading(r.Context(), who, it, time.Since(began)) }()
	socket, err := accept(w, r)
	if err != nil { // it has responded already
		l.Log.DebugContext(r.Context(), "a log's handshake failed", "error", err)
		return nil
	}
	s := &logSocket{
		socket: socket, subscription: subscription, output: output, position: number(asked.Get("after")),
		watch: func(ctx context.Context) error { return l.Sessions.WatchSight(ctx, who, it.ID) },
	}
	logEnd(r.Context(), l.Log.With("session_id", id), began, serve(r.Context(), socket, subscription, s))
	return nil
}

// endReading records the end, also when the client has gone or the server stops.
func (l *Logs) endReading(ctx context.Context, who org.Scope, it sessions.Session, lasted time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := l.Sessions.EndReading(ctx, who, it, lasted); err != nil {
		l.Log.ErrorContext(ctx, "the end of a log stream is not in the audit log", "session_id", it.ID.String(),
			"org_id", who.Org().String(), "user_id", who.User().String(), "error", err)
	}
}

// logQuery reads what a request asks for. The form of all but the time was validated: a day that no month has has it.
func logQuery(asked url.Values) (link.LogQuery, error) {
	q := link.LogQuery{After: number(asked.Get("after")), Follow: asked.Get("follow") != "false"}
	if n, err := strconv.Atoi(asked.Get("tail")); err == nil {
		q.Tail = &n
	}
	if since := asked.Get("since"); since != "" {
		var err error
		if q.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return q, input.Invalid("since", "must be a time such as 2026-01-05T09:30:00Z")
		}
	}
	return q, nil
}

// logSocket is one client that reads a session's output.
type logSocket struct {
	socket       *websocket.Conn
	subscription *events.Subscription
	output       io.ReadCloser
	watch        func(context.Context) error // returns when the client may no longer read

	position *int64 // the number of the last line that the client has; nil: not known yet
	caught   bool   // everything that there was has been sent
}

// write implements writer.
func (s *logSocket) write(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer s.output.Close() // for what reads it
	defer cancel(nil)
	start := func(run func() error) {
		running.Go(func() {
			if err := run(); err != nil {
				cancel(err)
			}
		})
	}
	beats, parts := make(chan struct{}, 1), make(chan link.LogPart, ahead)
	start(func() error { return heartbeats(ctx, s.subscription, beats) })
	start(func() error { return s.watch(ctx) })
	start(func() error { return readParts(ctx, s.output, parts) })
	err := s.pass(ctx, beats, parts)
	if errors.Is(err, context.Canceled) {
		return context.Cause(ctx)
	}
	return err
}

// closing implements writer.
func (s *logSocket) closing(why *fault.Fault) *events.Message {
	return s.message(events.ClosingType, time.Now(), events.ClosingData(why))
}

// heartbeats says when a heartbeat is due, until the subscription ends.
func heartbeats(ctx context.Context, s *events.Subscription, beats chan<- struct{}) error {
	for {
		m, err := s.Next(ctx)
		if err != nil {
			return err
		}
		if m.Type != events.HeartbeatType {
			continue
		}
		select {
		case beats <- struct{}{}:
		default: // the client is behind, and gets lines
		}
	}
}

// readParts reads what the agent sends. An agent is another program, which may send anything: what is no part of a log,
// or too long, ends the stream.
func readParts(ctx context.Context, output io.Reader, parts chan<- link.LogPart) error {
	in := bufio.NewScanner(output)
	in.Buffer(nil, link.MaxLogPart)
	for in.Scan() {
		var p link.LogPart
		if err := json.Unmarshal(in.Bytes(), &p); err != nil {
			return errLogLost.Because(err)
		}
		select {
		case parts <- p:
		case <-ctx.Done():
			return nil
		}
		if p.Kind == link.LogEnd || p.Kind == link.LogSlow {
			return nil
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return errLogLost.Because(in.Err())
}

// pass sends messages until the output or the right to read it ends.
func (s *logSocket) pass(ctx context.Context, beats <-chan struct{}, parts <-chan link.LogPart) error {
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beats:
			if s.caught {
				err = s.send(ctx, events.HeartbeatType, time.Now(), nil)
			}
		case p := <-parts:
			err = s.sendPart(ctx, p)
		}
		if err != nil {
			return err
		}
	}
}

// sendPart sends what the agent sent, made safe once more.
func (s *logSocket) sendPart(ctx context.Context, p link.LogPart) error {
	s.position = &p.Seq
	switch p.Kind {
	case link.LogLine:
		return s.send(ctx, LineType, p.Time, Line{link.CleanLine(p.Text)})
	case link.LogReset:
		return s.send(ctx, events.ResetType, time.Now(), nil)
	case link.LogAt:
		s.caught = true
		return s.send(ctx, events.HeartbeatType, time.Now(), nil)
	case link.LogSlow:
		return events.ErrSlow
	case link.LogEnd:
		return errLogEnded
	default: // a newer agent's
		return nil
	}
}

// send writes one message.
func (s *logSocket) send(ctx context.Context, kind string, at time.Time, data any) error {
	if err := send(ctx, s.socket, s.message(kind, at, data)); err != nil {
		return errGone.Because(err)
	}
	return nil
}

// message has the number of the last line that the client has.
func (s *logSocket) message(kind string, at time.Time, data any) *events.Message {
	if s.position == nil {
		return events.Control(kind, 0, at, data)
	}
	return events.Control(kind, *s.position, at, data)
}
