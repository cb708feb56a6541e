// Package fault is the one vocabulary in which modules and adapters say what went wrong. An error that carries no Fault
// is internal: it is logged at the edge and never shown to the caller.
//
// Each code is declared once, as a package variable of the package that it belongs to, and compared with errors.Is.
// tools/faultcodes checks that, and lists the declarations in docs/errors.md.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says whose doing a failure is and what the one who asked can do about it. Its zero is Internal.
type Kind int

// The kinds. adapters/http has the table that turns each into a status.
const (
	Internal        Kind = iota // our code or our database was wrong
	Invalid                     // the request cannot be understood; it names the field
	Unauthenticated             // who asks is not known, or no longer allowed in
	Forbidden                   // who asks is known and may not
	NotFound                    // there is no such thing, as far as who asks may know
	Conflict                    // the thing is in a state that does not allow this
	Exhausted                   // a quota or a rate is used up
	Unavailable                 // it would work later; RetryAfter says when
)

// Fault is a failure that may be shown to the caller.
type Fault struct {
	Kind Kind
	// Code is stable, lower_snake, and what a program matches on.
	Code string
	// Message is one sentence for a person. It holds no secret and no other organisation's data.
	Message string
	// Details are further members of the answer, such as a quota's kind and limit. Nil means none.
	Details map[string]any
	// RetryAfter is how long to wait before the same request may work. Zero means that nothing is known.
	RetryAfter time.Duration
	// Miss tells that an id was asked for that does not exist or is another organisation's. Requests that end so are
	// rate limited.
	Miss bool
	// HTTPStatus is the answer's status where HTTP has a more exact one than the kind's. Zero means the kind's.
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

// WithStatus returns a copy of f that HTTP answers with this status.
func (f *Fault) WithStatus(status int) *Fault {
	c := *f
	c.HTTPStatus = status
	return &c
}

// Status is the HTTP status of an answer that is this fault.
func (f *Fault) Status() int {
	if f.HTTPStatus != 0 {
		return f.HTTPStatus
	}
	return f.Kind.Status()
}

// Because returns a copy of f that remembers what caused it. The cause is logged and never shown.
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

// Unwrap gives what caused the fault, or nil.
func (f *Fault) Unwrap() error { return f.cause }

// Is lets errors.Is match two faults by their code. It also looks at the causes, as with every error.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Of returns the outermost fault that err carries, or an internal one that was caused by err.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return errInternal.Because(err)
}

// IsKind tells whether err carries a fault of this kind. An error without a fault is of no kind.
func IsKind(err error, kind Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == kind
}
