package http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// statusClientClosed is the status in the log and the metrics of a request whose client did not wait for the response,
// as in nginx. It is never sent. Without it such requests would count as successes or as our errors.
const statusClientClosed = 499

// maxBody is the maximum size of a request's body, in bytes. The largest body of the contract has less than 2 KiB.
const maxBody = 64 << 10

// Faults of HTTP itself.
var (
	errNoRoute = fault.New(fault.NotFound, "no_route", "There is nothing at this address.")
	errMethod  = fault.New(fault.Invalid, "method_not_allowed", "This address does not allow this method.").
			WithStatus(http.StatusMethodNotAllowed)
	errTooLarge = fault.New(fault.Invalid, "body_too_large", "The body has more than 65536 bytes.").
			WithStatus(http.StatusRequestEntityTooLarge)
	errMediaType = fault.New(fault.Invalid, "unsupported_media_type",
		"The body must be application/json, not compressed.").WithStatus(http.StatusUnsupportedMediaType)
	errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", "Pages of another origin may not do this.")
	errUnreadable  = fault.New(fault.Invalid, "invalid_request", "The request cannot be read.")
	errTimeout     = fault.New(fault.Unavailable, "timeout", "This took too long.").RetryIn(time.Second)
)

// Problem sends err as a problem document (RFC 9457) and notes it for the log. The caller sees the fault that err
// carries: its code, message and details. An error without a fault is sent as "internal", and only the log has its
// text. If the client has gone, nothing is sent.
//
// Call it at most once, before anything else was written. adapters/ws gets it from app/server, so that errors have one
// form.
func Problem(w http.ResponseWriter, r *http.Request, err error) {
	rec := recordOf(r.Context())
	rec.err = err
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		rec.clientGone = true
		return
	}
	f := fault.Of(timedOut(err))
	status := f.Status()
	rec.code = f.Code
	headers(w.Header(), f, status)
	body := map[string]any{}
	for k, v := range f.Details {
		body[k] = v
	}
	body["type"], body["title"], body["status"] = "about:blank", http.StatusText(status), status
	body["code"], body["detail"] = f.Code, detailOf(f)
	if rec.id != "" {
		body["request_id"] = rec.id
	}
	b, err := json.Marshal(body)
	if err != nil { // a detail that JSON cannot represent: the code and the status are enough
		b = []byte(`{"type":"about:blank","code":"` + f.Code + `"}`)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // it fails only if the client has gone
	}
}

// headers sets the headers that RFC 9110 requires for a status: what to authenticate with, what to upgrade to, what is
// accepted.
func headers(h http.Header, f *fault.Fault, status int) {
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(retrySeconds(f)))
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

// retrySeconds rounds up: a client that comes back a moment too early is refused again.
func retrySeconds(f *fault.Fault) int { return int(math.Ceil(f.RetryAfter.Seconds())) }

// detailOf is the fault's message and, if the request can be retried, in how many seconds.
func detailOf(f *fault.Fault) string {
	switch n := retrySeconds(f); {
	case n <= 0:
		return f.Message
	case n == 1:
		return f.Message + " Try again in 1 second."
	default:
		return fmt.Sprintf("%s Try again in %d seconds.", f.Message, n)
	}
}

// timedOut turns the end of an operation's deadline into the fault "timeout". A fault of a module stays as it is,
// because it says more.
func timedOut(err error) error {
	if _, told := errors.AsType[*fault.Fault](err); told || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errTimeout.Because(err)
}
