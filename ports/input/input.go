// Package input checks what a person or a program has entered. Every check returns nil, or an Invalid fault that names
// the field and its limit.
package input

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// MaxLabel is the length of a DNS label, in bytes (RFC 1123).
const MaxLabel = 63

// ErrInvalid is what every fault of this package matches.
var ErrInvalid = fault.New(fault.Invalid, "invalid_input", "The input is invalid.")

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Label checks a name that is used in addresses and by machines: a DNS label, so that it can be a host name or a
// Kubernetes name as well.
func Label(field, value string) error {
	if label.MatchString(value) {
		return nil
	}
	return Invalid(field, "must be 1 to %d lower case letters, digits and dashes, and neither begin nor end with a dash",
		MaxLabel)
}

// Text checks a name, a title, a tag or a description that people read: least to most characters, none of which is a
// control character or a bidirectional override. rls.is_plain_text is the same rule in the database.
func Text(field, value string, least, most int) error {
	n := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, misleads):
		return Invalid(field, "must be text without control characters and bidirectional overrides")
	case n < least || n > most:
		return Invalid(field, "must have %d to %d characters, not %d", least, most, n)
	default:
		return nil
	}
}

// misleads reports whether a character has no place in a text of one line: a control character, or one of the nine that
// change the direction of the text after them (UAX #9, 2.1 to 2.4). With these a text can look like another one, and
// can reorder what a page or a log shows next to it. The marks U+200E, U+200F and U+061C stay allowed: names in mixed
// scripts need them, and they move nothing but their neighbours.
func misleads(c rune) bool {
	return unicode.IsControl(c) || c >= '\u202A' && c <= '\u202E' || c >= '\u2066' && c <= '\u2069'
}

// Size checks a length in bytes: least to most of them.
func Size(field string, n, least, most int) error {
	if n < least || n > most {
		return Invalid(field, "must have %d to %d bytes, not %d", least, most, n)
	}
	return nil
}

// Number checks a number: least to most.
func Number(field string, n, least, most int64) error {
	if n < least || n > most {
		return Invalid(field, "must be %d to %d, not %d", least, most, n)
	}
	return nil
}

// Of names the object that an invalid field belongs to: "name" of "owner" is "owner.name". Other errors, and nil, it
// returns as they are.
func Of(object string, err error) error {
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return err
	}
	field, _ := f.Details["field"].(string)
	rest, ok := strings.CutPrefix(f.Message, field+" ")
	if !ok {
		return err
	}
	return Invalid(object+"."+field, "%s", rest)
}

// Invalid returns the fault of a field. The format continues the sentence that begins with the field's name.
func Invalid(field, format string, args ...any) error {
	f := ErrInvalid.With("field", field)
	f.Message = field + " " + fmt.Sprintf(format, args...)
	return f
}
