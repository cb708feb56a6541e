package http

import (
	"context"
	"net/http"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// unrouted is the route of a request for an unknown address, whatever the address was.
const unrouted = "none"

// record is what the log tells of one request. Each stage adds what it learns.
type record struct {
	id         string
	route      string
	client     string // the client's address; it is not logged
	scope      org.Scope
	status     int // that was sent; zero: none yet
	code       string
	err        error
	clientGone bool // the client did not wait for the answer
}

type recordKey struct{}

func withRecord(r *http.Request, rec *record) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
}

// recordOf returns the record of a request. Outside of a request it returns one that is never logged.
func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{}
}

// statusWriter notes in the record the status that was sent. A handler that needs the connection itself unwraps it.
type statusWriter struct {
	http.ResponseWriter
	record *record
}

// WriteHeader implements http.ResponseWriter. An early hint is not the answer.
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

// Unwrap lets http.ResponseController reach the connection.
func (w statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
