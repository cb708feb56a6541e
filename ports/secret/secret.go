// Package secret makes and hashes the random values by which clients, browsers and agents are known, and keeps them
// out of logs. A secret is shown once, when it is made; what is stored and compared is its hash.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
)

// size is the length of a secret's randomness in bytes: 256 bits, beyond any guessing, so that a fast hash is enough.
const size = 32

// Secret is a value that grants something to its holder. Printing or logging one gives "[secret]".
type Secret struct{ value string }

// New makes a secret of 32 random bytes, written in unpadded base64url (43 characters).
func New() Secret {
	b := make([]byte, size)
	rand.Read(b) // never fails: crypto/rand crashes the program instead
	return Secret{base64.RawURLEncoding.EncodeToString(b)}
}

// Of wraps a value that a client presented.
func Of(value string) Secret { return Secret{value} }

// Reveal returns the value itself, to be sent to its recipient.
func (s Secret) Reveal() string { return s.value }

// IsZero tells whether there is no value.
func (s Secret) IsZero() bool { return s.value == "" }

// Hash is what is stored of the secret: its SHA-256.
func (s Secret) Hash() Hash { return sha256.Sum256([]byte(s.value)) }

// String hides the value.
func (Secret) String() string { return "[secret]" }

// GoString hides the value from %#v.
func (Secret) GoString() string { return "[secret]" }

// Format hides the value from every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue hides the value from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides the value from JSON. An answer that must carry it calls Reveal.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Hash is the SHA-256 of a secret.
type Hash [sha256.Size]byte

// Equal compares in constant time.
func (h Hash) Equal(other Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }
