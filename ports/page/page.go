// Package page defines how lists are read: page by page, with a limit and a cursor. No list is returned as a whole,
// because an organisation's rows may not fit into one response.
package page

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// Sizes of a page, in items. A request without a limit gets Default.
const (
	Default = 50
	Max     = 100
)

// Cursor is the position after one item in a list's order: its sort key and, among equal keys, its id. The zero
// Cursor is the beginning. It grants no access: the scope of the transaction decides which rows a page shows. So it
// needs no signature.
type Cursor struct {
	Key string    `json:"k"`
	ID  uuid.UUID `json:"i"`
	// Org is the organisation whose list it is a position in. adapters/http sets and checks it: with a cursor of another
	// organisation a client would silently skip items. Modules neither set nor read it.
	Org uuid.UUID `json:"o,omitzero"`
}

// IsZero reports whether the cursor is the beginning.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String is the opaque form that clients receive. For the zero Cursor it is empty.
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

// Bad is the fault of a cursor that the list did not issue. A module calls it when the key has the wrong form for its
// list.
func Bad(cause error) error {
	return errInvalidCursor.Because(cause)
}

var errInvalidCursor = fault.New(fault.Invalid, "invalid_cursor", "cursor was not issued by this list.").
	With("field", "cursor")

// Request asks for one page.
type Request struct {
	Limit int // 1 to Max; zero means Default
	After Cursor
}

// Size is the largest number of items to return. A limit out of bounds is corrected, not refused: the API has checked
// it.
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

// Page is a part of a list, in its order. Next is the cursor of the next page; a zero Next means that this page is the
// last.
type Page[T any] struct {
	Items []T
	Next  Cursor
}

// Cut makes a page of at most size items. The caller reads size+1 of them: the extra one shows that there is another
// page, without a count of all rows.
func Cut[T any](items []T, size int, at func(T) Cursor) Page[T] {
	if len(items) <= size {
		return Page[T]{Items: items}
	}
	return Page[T]{Items: items[:size], Next: at(items[size-1])}
}
