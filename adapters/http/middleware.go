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

// agentPrefix is the path below which agents connect. They have their own credentials and no session in a browser.
const agentPrefix = "/agent/v1/"

// defaultCSP is the Content-Security-Policy of all responses except the page. They are data: a browser that shows one
// as a page must load and run nothing.
const defaultCSP = "default-src 'none'; frame-ancestors 'none'"

// middleware is one step in the handling of every request, before the router. A step that applies to operations only is
// a stage.
type middleware = func(next http.Handler) http.Handler

// chain wraps last in the steps. A request passes them in the order in which they are listed.
func chain[Handler any](last Handler, steps ...func(Handler) Handler) Handler {
	for _, step := range slices.Backward(steps) {
		last = step(last)
	}
	return last
}

// logRequests gives each request an id and a record, and logs the record after the response, also after a panic. The
// client gets the id in X-Request-Id and in each problem document, so that a user can quote it. A request that brings
// an id of its own does not keep it, because a client could forge log entries with it.
func logRequests(log *slog.Logger, observer Observer, addressOf func(*http.Request) string) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &record{id: uuid.Must(uuid.NewV7()).String(), route: unrouted, client: addressOf(r), browser: r.UserAgent()}
			r = withRecord(r, rec)
			w.Header().Set("X-Request-Id", rec.id)
			start := time.Now()
			defer func() { logRequest(log, observer, r, time.Since(start)) }()
			next.ServeHTTP(statusWriter{w, rec}, r)
		})
	}
}

// logRequest writes one line for a request. It leaves out the headers, the query and the path that the client sent,
// because they can contain secrets. Only errors that are our fault (500 and above) are logged with their text.
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
		observer.Responded(rec.route, r.Method, status, took)
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

// writeLine writes one line. It does not use a slog.Logger, which would look up the caller's file and line for each
// request, and that is always this one.
func writeLine(ctx context.Context, to slog.Handler, level slog.Level, attrs []slog.Attr) {
	if !to.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(time.Now(), level, "request", 0)
	line.AddAttrs(attrs...)
	_ = to.Handle(ctx, line) // a Logger ignores this error too: there is no other place to report it
}

// recoverPanics turns a panic into a 500, so that a bug fails one request and not the process. http.ErrAbortHandler
// still aborts the connection.
func recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				respondToPanic(w, r, cause)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// respondToPanic sends a 500 if nothing was sent yet. Otherwise it breaks the connection: a client must not take half a
// response for a whole one.
func respondToPanic(w http.ResponseWriter, r *http.Request, cause any) {
	rec := recordOf(r.Context())
	if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares with this value, too
		rec.clientGone = rec.err == nil // otherwise an export was broken off
		panic(cause)
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if rec.status != 0 {
		rec.err = err
		panic(http.ErrAbortHandler)
	}
	Problem(w, r, err)
}

// serveAgents passes requests of agents to their own handler. A network that has sent too many invalid credentials has
// to wait, because each of them costs a query: until then its agents get 429 without a check of their credentials. A
// response of 401 counts as a failure. Only failures count, so that any number of working agents may share a network.
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

// hsts tells browsers to use HTTPS for this host for a year (RFC 6797). Other hosts of the domain are not included,
// because they may belong to other programs.
const hsts = "max-age=31536000"

// securityHeaders sets headers for browsers: load nothing, do not guess content types, send no Referer and, where the
// public URL is https, never use HTTP. The page replaces the first with its own policy.
func securityHeaders(publicURL string) middleware {
	secure := strings.HasPrefix(strings.ToLower(publicURL), "https://")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", defaultCSP)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			if secure { // also behind a proxy that ends TLS
				h.Set("Strict-Transport-Security", hsts)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// limitBody refuses bodies of more than maxBody bytes: at once if the length is declared, otherwise while reading.
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

// refuseCrossOrigin refuses requests that another site's page made a browser send (CSRF). Browsers mark them with
// Sec-Fetch-Site or Origin. Other programs send neither header and pass; they hold no cookie that a page could misuse.
func refuseCrossOrigin(protection *http.CrossOriginProtection) middleware {
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Problem(w, r, errCrossOrigin)
	}))
	return protection.Handler
}

// noStore keeps responses out of all caches, unless a handler says otherwise. A shared proxy would otherwise give one
// member's response to another.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
