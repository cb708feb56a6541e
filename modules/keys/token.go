package keys

import (
	"crypto/rand"
	"encoding/binary"
	"hash/crc32"
	"math/big"
	"strings"

	"github.com/streamspace-dev/streamspace/ports/secret"
)

// A token is ss_, the key's public id, 32 random bytes and a CRC-32 of all that stands before it, each in base 62 with
// a fixed width. A scanner of source code finds tokens by their form, and the checksum tells them from other texts
// without a question to the server (the form of GitHub's tokens). The id says which key to revoke.
const (
	prefix = "ss_"

	idWidth       = 22 // 128 bits in base 62
	secretWidth   = 43 // 256 bits
	checksumWidth = 6  // 32 bits

	tokenLength = len(prefix) + idWidth + secretWidth + checksumWidth
)

// NewToken makes the token of a key.
func NewToken(id ID) secret.Secret {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand crashes the program instead
	text := prefix + base62(id.UUID[:], idWidth) + base62(b, secretWidth)
	return secret.Of(text + checksum(text))
}

// IsKey reports whether a Bearer token claims to be the token of a key, and not an access token.
func IsKey(token string) bool { return strings.HasPrefix(token, prefix) }

// WellFormed reports whether a token can be one of ours. It finds tokens that were cut or mistyped.
func WellFormed(token string) bool {
	if !IsKey(token) || len(token) != tokenLength {
		return false
	}
	text := token[:tokenLength-checksumWidth]
	return checksum(text) == token[len(text):]
}

func checksum(text string) string {
	return base62(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))), checksumWidth)
}

// base62 writes a number in digits and letters, with leading zeros.
func base62(b []byte, width int) string {
	digits := new(big.Int).SetBytes(b).Text(62)
	return strings.Repeat("0", width-len(digits)) + digits
}
