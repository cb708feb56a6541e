// Package fault has the errors that a caller may see. Modules and adapters return a Fault for a failure that the caller
// can understand or act on. An error that carries no Fault is internal: adapters/http logs it and shows the caller
// nothing of it. So a forgotten case hides too much and never reveals too much.
//
// Each code is declared once, as a package variable of the package that it belongs to, and compared with errors.Is.
// tools/faultcodes checks that, and lists the declarations in docs/errors.md.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says who can do something about a failure. The zero value is Internal. status.go maps each kind to an HTTP
// status.
type Kind int

// The kinds.
const (
	Internal        Kind = iota // a bug or an outage on our side
	Invalid                     // the request is wrong; the fault names the field
	Unauthenticated             // the caller is unknown, or their sign-in has ended
	Forbidden                   // the caller is known and has no permission
	NotFound                    // the id is unknown, or hidden from the caller
	Conflict                    // the current state does not allow the request
	Exhausted                   // a rate limit is used up: the same request succeeds later
	Unavailable                 // the same request will work later; RetryAfter says when
)

// Fault is a failure that may be shown to the caller. Methods return copies, so that a package variable never changes.
type Fault struct {
	Kind Kind
	// Code identifies the failure for programs, in lower_snake. It never changes.
	Code string
	// Message is one sentence for a person. It must contain no secret and no data of another organisation.
	Message string
	// Details has further members of the response, such as a quota's kind and limit. Nil means none.
	Details map[string]any
	// RetryAfter is how long to wait before the same request may work. Zero: unknown, or never.
	RetryAfter time.Duration
	// Miss marks a request for an id that does not exist or belongs to another organisation. Such requests are rate
	// limited, because many of them are a search for ids.
	Miss bool
	// HTTPStatus is set if HTTP has a more exact status than the kind's. Zero means the kind's.
	HTTPStatus int

	cause error
}

// New declares a fault. Outside of tests it is called once for each code, for a package variable, with literals.
func New(kind Kind, code, message string) *Fault {
	return &Fault{Kind: kind, Code: code, Message: message}
}

// Received is a fault that another program sent: it has the code that was declared there. It equals that declaration,
// as far as errors.Is can tell.
func Received(kind Kind, code, message string) *Fault { return New(kind, code, message) }

// Saying returns a copy of f with a more exact message, formatted as fmt.Sprintf does.
func (f *Fault) Saying(format string, args ...any) *Fault {
	c := *f
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// RetryIn returns a copy of f that says when the same request may work.
func (f *Fault) RetryIn(wait time.Duration) *Fault {
	c := *f
	c.RetryAfter = wait
	return &c
}

// AsMiss returns a copy of f that counts as a request for an id that does not exist or is another organisation's.
func (f *Fault) AsMiss() *Fault {
	c := *f
	c.Miss = true
	return &c
}

// WithStatus returns a copy of f with another HTTP status than its kind's.
func (f *Fault) WithStatus(status int) *Fault {
	c := *f
	c.HTTPStatus = status
	return &c
}

// Status is the HTTP status of a response with this fault.
func (f *Fault) Status() int {
	if f.HTTPStatus != 0 {
		return f.HTTPStatus
	}
	return f.Kind.Status()
}

// Because returns a copy of f with its cause, for errors.Is and the log. The cause is never shown to the caller.
func (f *Fault) Because(cause error) *Fault {
	c := *f
	c.cause = cause
	return &c
}

// With returns a copy of f with one more detail.
func (f *Fault) With(key string, value any) *Fault {
	c := *f
	c.Details = map[string]any{key: value}
	for k, v := range f.Details {
		c.Details[k] = v
	}
	return &c
}

// Error is for the log: the code, the message and the cause.
func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Code + ": " + f.Message + ": " + f.cause.Error()
	}
	return f.Code + ": " + f.Message
}

// Unwrap returns the cause, or nil.
func (f *Fault) Unwrap() error { return f.cause }

// Is lets errors.Is match two faults by their code. It also looks at the causes, as with every error.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Of returns the outermost fault that err carries, or an internal one whose cause is err. It never returns nil.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return errInternal.Because(err)
}

// IsKind reports whether err carries a fault of this kind. An error without a fault has no kind, not even Internal.
func IsKind(err error, kind Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == kind
}
