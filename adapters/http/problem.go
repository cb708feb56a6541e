package http

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// statusClientClosed is how the log and the metrics name a request whose client did not wait for the answer, as nginx
// does. It is never sent.
const statusClientClosed = 499

// statusFault is a fault that HTTP has a status of its own for, rather than its kind's.
type statusFault struct {
	status int
	fault  *fault.Fault
}

func (r *statusFault) Error() string { return r.fault.Error() }

func (r *statusFault) Unwrap() error { return r.fault }

// Because returns a copy of r that remembers what caused it.
func (r *statusFault) Because(cause error) *statusFault {
	return &statusFault{r.status, r.fault.Because(cause)}
}

// maxBody bounds what a request may carry, in bytes. The largest body of the contract has less than 2 KiB.
const maxBody = 64 << 10

// Faults that are HTTP's.
var (
	errNoRoute = fault.New(fault.NotFound, "no_route", "there is nothing at this address")
	errMethod  = &statusFault{http.StatusMethodNotAllowed,
		fault.New(fault.Invalid, "method_not_allowed", "this address does not answer this method")}
	errTooLarge = &statusFault{http.StatusRequestEntityTooLarge,
		fault.New(fault.Invalid, "body_too_large", "the body has more than %d bytes", maxBody)}
	errMediaType = &statusFault{http.StatusUnsupportedMediaType,
		fault.New(fault.Invalid, "unsupported_media_type", "the body must be application/json, not compressed")}
	errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", "pages of another origin may not act here")
	errUnreadable  = fault.New(fault.Invalid, "invalid_request", "the request cannot be read")
)

// Problem answers with a problem document (RFC 9457) that says what went wrong, as far as whoever asks may know, and
// notes all of it for the log. It must be called at most once, and before anything else was written.
func Problem(w http.ResponseWriter, r *http.Request, err error) {
	rec := recordOf(r.Context())
	rec.err = err
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		rec.clientGone = true
		return
	}
	f := fault.Of(timedOut(err))
	status := f.Kind.Status()
	if own, ok := errors.AsType[*statusFault](err); ok {
		status = own.status
	}
	rec.code = f.Code
	headers(w.Header(), f, status)
	body := map[string]any{}
	for k, v := range f.Details {
		body[k] = v
	}
	body["type"], body["title"], body["status"] = "about:blank", http.StatusText(status), status
	body["code"], body["detail"] = f.Code, f.Message
	if rec.id != "" {
		body["request_id"] = rec.id
	}
	b, err := json.Marshal(body)
	if err != nil { // a detail that JSON has no word for: the code and the status say enough
		b = []byte(`{"type":"about:blank","code":"` + f.Code + `"}`)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // the client is gone: there is nobody to tell
	}
}

func headers(h http.Header, f *fault.Fault, status int) {
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusUpgradeRequired:
		h.Set("Upgrade", "websocket")
		h.Set("Connection", "Upgrade")
		h.Set("Sec-WebSocket-Version", "13")
	case http.StatusUnsupportedMediaType:
		h.Set("Accept", "application/json")
	}
}

// timedOut turns an operation that did not finish in time into a fault that says so.
func timedOut(err error) error {
	if _, told := errors.AsType[*fault.Fault](err); told || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f := fault.New(fault.Unavailable, "timeout", "this took too long").Because(err)
	f.RetryAfter = time.Second
	return f
}
