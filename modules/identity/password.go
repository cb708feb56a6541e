package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// The cost of a hash, by OWASP's password storage cheat sheet: its minimum for argon2id, about 20 ms of one core.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	saltSize     = 16 // bytes, RFC 9106 §3.1
	keySize      = 32 // bytes
)

// hashTimeout is how long a password may wait to be hashed. Beyond it a flood of logins would only queue.
const hashTimeout = 3 * time.Second

// Passwords hashes and verifies passwords with argon2id. Each hash takes 19 MiB and a core, so that only so many run at
// once, whatever comes in.
type Passwords struct {
	turns *semaphore.Weighted
	decoy string // the hash that an unknown user's password is compared with
}

// NewPasswords makes a hasher that runs at most n hashes at once.
func NewPasswords(n int) *Passwords {
	return &Passwords{turns: semaphore.NewWeighted(int64(max(n, 1))), decoy: encode(newSalt(), make([]byte, keySize))}
}

// Hash returns the password's hash in the PHC string format.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := newSalt()
	key, err := p.key(ctx, password, salt)
	return encode(salt, key), err
}

// Verify tells whether the password has this hash. With an empty hash it takes as long and says no. A hash in another
// format or of another cost is an error.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}
	got, err := p.key(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (p *Passwords) key(ctx context.Context, password string, salt []byte) ([]byte, error) {
	wait, cancel := context.WithTimeout(ctx, hashTimeout)
	defer cancel()
	if err := p.turns.Acquire(wait, 1); err != nil {
		return nil, fault.ErrBusy.Saying("Too many people are signing in at this moment.").RetryIn(hashTimeout).Because(err)
	}
	defer p.turns.Release(1)
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, keySize), nil
}

func newSalt() []byte {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	return salt
}

// prefix is the PHC string's head; there is one cost, so that a hash of another is recognised by it.
var prefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)

func encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return prefix + b64.EncodeToString(salt) + "$" + b64.EncodeToString(key)
}

func decode(hash string) (salt, key []byte, err error) {
	rest, ok := strings.CutPrefix(hash, prefix)
	a, b, found := strings.Cut(rest, "$")
	if !ok || !found {
		return nil, nil, fmt.Errorf("a password hash is not %s…", prefix)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(a); err != nil {
		return nil, nil, fmt.Errorf("salt of a password hash: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(b); err != nil {
		return nil, nil, fmt.Errorf("key of a password hash: %w", err)
	}
	return salt, key, nil
}
