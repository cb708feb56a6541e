package tunnel

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// problem is the body of an error response (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// writeProblem responds with err. It logs an internal error, whose details the other end must not see.
func writeProblem(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	f := fault.Of(err)
	status := f.Kind.Status()
	if f.Kind == fault.Internal && r.Context().Err() == nil {
		log.ErrorContext(r.Context(), "agent connection: request failed", "path", r.URL.Path, "error", err)
	}
	if f.Kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="agent"`)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Round(time.Second)/time.Second)))
	}
	body := problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Message,
	}
	writeJSON(w, status, "application/problem+json", body)
}

// readProblem returns the fault in a response. A response without a code did not come from the other end's handlers
// but from a proxy, for example; only its status is used.
func readProblem(resp *http.Response) error {
	var p problem
	_ = json.NewDecoder(io.LimitReader(resp.Body, maxProblem)).Decode(&p)
	if p.Code == "" {
		p.Code, p.Detail = errUnexpected.Code, resp.Status
	}
	f := fault.Received(fault.KindOf(resp.StatusCode), p.Code, p.Detail)
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		f.RetryAfter = time.Duration(seconds) * time.Second
	}
	return f
}

// writeJSON responds with a body. It encodes the whole body before it sends the status, so that an encoding error
// cannot follow a success status.
func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	b, err := json.Marshal(body)
	if err != nil { // no value written here can fail to encode
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// readJSON decodes a request's body. It ignores unknown members, because the other end may be a newer version.
func readJSON(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return errBadBody.Because(err)
	}
	return nil
}
