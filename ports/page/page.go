// Package page says how lists are read: a limit and a cursor, never all there is.
package page

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// Limits of a page. Someone who names none gets Default.
const (
	Default = 50
	Max     = 100
)

// Cursor is the position after one item in a list's order: its sort key and, among equal keys, its id. The zero
// Cursor is the beginning. It grants nothing: what a page shows is up to the scope it is read in.
type Cursor struct {
	Key string    `json:"k"`
	ID  uuid.UUID `json:"i"`
}

// IsZero tells whether the cursor stands at the beginning.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String is the opaque form that clients are given. That of the zero Cursor is empty.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	b, _ := json.Marshal(c) // two strings: cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// Parse reads what String wrote. The empty string is the beginning; anything else that String did not write is an
// Invalid fault that names the field "cursor".
func Parse(s string) (Cursor, error) {
	var c Cursor
	if s == "" {
		return c, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.IsZero() || c.String() != s {
		return Cursor{}, Bad(err)
	}
	return c, nil
}

// Bad is the fault of a cursor that no page of the list has given out.
func Bad(cause error) error {
	return errInvalidCursor.Because(cause)
}

var errInvalidCursor = fault.New(fault.Invalid, "invalid_cursor", "cursor is not one that this list has given out.").
	With("field", "cursor")

// Request asks for one page.
type Request struct {
	Limit int // 1 to Max; zero means Default
	After Cursor
}

// Size is the number of items to answer at most.
func (r Request) Size() int {
	switch {
	case r.Limit <= 0:
		return Default
	case r.Limit > Max:
		return Max
	default:
		return r.Limit
	}
}

// Page is some items of a list in its order, and where the next begin. A zero Next means that these are the last.
type Page[T any] struct {
	Items []T
	Next  Cursor
}

// Cut makes a page of items that were read with one more than size, to learn whether there are more.
func Cut[T any](items []T, size int, at func(T) Cursor) Page[T] {
	if len(items) <= size {
		return Page[T]{Items: items}
	}
	return Page[T]{Items: items[:size], Next: at(items[size-1])}
}
