package http

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// agentPrefix is where agents connect. They have credentials and rules of their own.
const agentPrefix = "/agent/v1/"

// defaultCSP is that of everything else: nothing but data, which no page may show as its own.
const defaultCSP = "default-src 'none'; frame-ancestors 'none'"

// middleware is one step of every request, before the router.
type middleware = func(next http.Handler) http.Handler

// chain puts steps in front of last. A request passes them in the order in which they are written.
func chain[Handler any](last Handler, steps ...func(Handler) Handler) Handler {
	for _, step := range slices.Backward(steps) {
		last = step(last)
	}
	return last
}

// logRequests gives each request an id and a record, and logs the record when the request has been answered.
func logRequests(log *slog.Logger, observer Observer, addressOf func(*http.Request) string) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &record{id: uuid.Must(uuid.NewV7()).String(), route: unrouted, client: addressOf(r)}
			r = withRecord(r, rec)
			w.Header().Set("X-Request-Id", rec.id)
			start := time.Now()
			defer func() { logRequest(log, observer, r, time.Since(start)) }()
			next.ServeHTTP(statusWriter{w, rec}, r)
		})
	}
}

// logRequest logs a request. It leaves out headers and query, which can hold secrets.
func logRequest(log *slog.Logger, observer Observer, r *http.Request, took time.Duration) {
	rec := recordOf(r.Context())
	status := rec.status
	switch {
	case rec.clientGone:
		status = statusClientClosed
	case status == 0:
		status = http.StatusOK
	}
	if observer != nil {
		observer.Answered(rec.route, r.Method, status, took)
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
	writeLine(r.Context(), log.Handler(), level, attrs)
}

// writeLine writes one line. A Logger would look up the line of code that it comes from, which is always this one.
func writeLine(ctx context.Context, to slog.Handler, level slog.Level, attrs []slog.Attr) {
	if !to.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(time.Now(), level, "request", 0)
	line.AddAttrs(attrs...)
	_ = to.Handle(ctx, line) // a Logger ignores this error too: a log that fails has nowhere to say so
}

// recoverPanics turns a panic into an answer, so that it costs one request. A panic that means to abort the connection
// aborts it.
func recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				answerPanic(w, r, cause)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func answerPanic(w http.ResponseWriter, r *http.Request, cause any) {
	rec := recordOf(r.Context())
	if cause == http.ErrAbortHandler { //nolint:errorlint // this very value is net/http's sign
		rec.clientGone = true
		panic(cause)
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if rec.status != 0 { // half an answer is out: all that is left is to break the connection
		rec.err = err
		panic(http.ErrAbortHandler)
	}
	Problem(w, r, err)
}

// serveAgents answers agents. A network that has sent too many invalid agent credentials has to wait: the database
// looks each of them up.
func serveAgents(agents http.Handler, unknownAgents *limiter[string]) middleware {
	return func(next http.Handler) http.Handler {
		if agents == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, agentPrefix) {
				next.ServeHTTP(w, r)
				return
			}
			rec := recordOf(r.Context())
			rec.route = agentPrefix
			from := networkOf(r.Context())
			if wait := unknownAgents.retryAfter(from); wait > 0 {
				Problem(w, r, errTooManyGuesses.Saying("Too many agents of this network have failed to sign in.").RetryIn(wait))
				return
			}
			agents.ServeHTTP(w, r)
			if rec.status == http.StatusUnauthorized {
				unknownAgents.count(from)
			}
		})
	}
}

// securityHeaders sets the headers that keep browsers from being helpful.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", defaultCSP)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// limitBody refuses bodies that are too large: at once where the length is told, else when so much was read.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			Problem(w, r, errTooLarge)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// refuseCrossOrigin refuses what another site's page makes a browser send; programs that are no browsers pass.
func refuseCrossOrigin(protection *http.CrossOriginProtection) middleware {
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Problem(w, r, errCrossOrigin)
	}))
	return protection.Handler
}

// noStore keeps answers out of every cache, unless a handler says otherwise.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
