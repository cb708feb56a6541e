package http

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// agentPrefix is where agents connect. They have credentials and rules of their own.
const agentPrefix = "/agent/v1/"

// unrouted is the route of a request for something that is not there, whatever it asked for.
const unrouted = "none"

// Observer is told of every answer, for metrics. The route is a pattern, never an address that somebody sent.
type Observer interface {
	Answered(route, method string, status int, took time.Duration)
}

// record is what the log tells of one request; whoever learns something adds it.
type record struct {
	id     string
	route  string
	client string // the address of whoever asks; it is not logged
	scope  org.Scope
	code   string
	err    error
	gone   bool // the client did not wait for the answer
}

type recordKey struct{}

// recordOf returns the record of a request. Outside of one, nobody will read it.
func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{}
}

// ServeHTTP answers one request, and logs it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &record{id: uuid.Must(uuid.NewV7()).String(), route: unrouted, client: s.clientIP(r)}
	r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
	w.Header().Set("X-Request-Id", rec.id)
	out, start := &statusWriter{ResponseWriter: w}, time.Now()
	defer func() { s.logRequest(r, rec, out.status, time.Since(start)) }()
	defer recoverPanic(out, r)
	if strings.HasPrefix(r.URL.Path, agentPrefix) && s.config.Agents != nil {
		rec.route = agentPrefix
		s.serveAgents(out, r)
		return
	}
	s.site.ServeHTTP(out, r)
}

// recoverPanic turns a panic into an answer, so that it costs one request. One that means to abort the connection does.
func recoverPanic(out *statusWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // this very value is net/http's sign
		recordOf(r.Context()).gone = true
		panic(cause)
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if out.status != 0 { // half an answer is out: all that is left is to break the connection
		recordOf(r.Context()).err = err
		panic(http.ErrAbortHandler)
	}
	Problem(out, r, err)
}

// logRequest logs a request. Neither its headers nor its query are told, for they can hold secrets.
func (s *Server) logRequest(r *http.Request, rec *record, status int, took time.Duration) {
	switch {
	case rec.gone:
		status = statusClientClosed
	case status == 0:
		status = http.StatusOK
	}
	if s.config.Observer != nil {
		s.config.Observer.Answered(rec.route, r.Method, status, took)
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("route", rec.route), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("request_id", rec.id),
	}
	if !rec.scope.IsZero() {
		attrs = append(attrs,
			slog.String("org_id", rec.scope.Org().String()), slog.String("user_id", rec.scope.User().String()))
	}
	if rec.code != "" {
		attrs = append(attrs, slog.String("code", rec.code))
	}
	if rec.err != nil && status >= http.StatusInternalServerError {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", rec.err.Error()))
	}
	log(r.Context(), s.config.Log.Handler(), level, attrs)
}

// log writes one line. A Logger would look up the line of code that it comes from, which is always this one.
func log(ctx context.Context, to slog.Handler, level slog.Level, attrs []slog.Attr) {
	if !to.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(time.Now(), level, "request", 0)
	line.AddAttrs(attrs...)
	_ = to.Handle(ctx, line) // as a Logger does: there is nobody left to tell
}

// statusWriter remembers the status that was sent. Whoever needs the connection itself unwraps it.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter. An early hint is not the answer.
func (a *statusWriter) WriteHeader(status int) {
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *statusWriter) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *statusWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }
