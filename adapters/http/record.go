package http

import (
	"context"
	"net/http"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// unrouted is the route of a request for an unknown path. The path itself is not logged.
const unrouted = "none"

// record collects what the log line of a request contains. Each step adds what it knows. One goroutine at a time uses
// it, so that it has no lock.
type record struct {
	id         string
	route      string
	client     string // the client's address, for rate limits and sign-ins; it is personal data and not logged
	browser    string // the User-Agent, for sign-ins; it is not logged
	scope      org.Scope
	status     int // the status that was sent; zero: none yet
	code       string
	err        error
	clientGone bool // the client did not wait for the response
}

type recordKey struct{}

func withRecord(r *http.Request, rec *record) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
}

// recordOf returns the record of a request. Outside of a request it returns a new one, which is never logged, so that
// callers need not check for nil.
func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{}
}

// statusWriter notes in the record which status was sent.
type statusWriter struct {
	http.ResponseWriter
	record *record
}

// WriteHeader implements http.ResponseWriter. It ignores statuses below 200 except 101, because the response follows
// them.
func (w statusWriter) WriteHeader(status int) {
	if w.record.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.record.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w statusWriter) Write(b []byte) (int, error) {
	if w.record.status == 0 {
		w.record.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection, which a WebSocket takes over.
func (w statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
