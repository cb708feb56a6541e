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

// The cost of a hash: the minimum for argon2id in OWASP's password storage cheat sheet. It takes about 20 ms of one
// core.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	saltSize     = 16 // bytes, RFC 9106 §3.1
	keySize      = 32 // bytes
)

// hashTimeout is how long a password waits for its turn. In a flood of logins, further waiting would only make the
// queue longer.
const hashTimeout = 3 * time.Second

// Passwords hashes and verifies passwords with argon2id. Each hash takes 19 MiB and one core, so that it limits how
// many run at the same time. It is safe for concurrent use.
type Passwords struct {
	slots *semaphore.Weighted
	decoy string // an unknown user's password is compared with this hash, so that the check takes as long
}

// NewPasswords makes a hasher that runs at most n hashes at the same time; below 1 counts as 1. The number of cores is
// the most that helps.
func NewPasswords(n int) *Passwords {
	return &Passwords{slots: semaphore.NewWeighted(int64(max(n, 1))), decoy: encode(newSalt(), make([]byte, keySize))}
}

// Hash returns the password's hash in the PHC string format, which names the cost. It returns fault.ErrBusy after
// waiting for three seconds.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := newSalt()
	key, err := p.key(ctx, password, salt)
	return encode(salt, key), err
}

// Verify reports whether the password has this hash. An empty hash means an unknown user: it takes as long and returns
// false. A hash in another format or of another cost is an error. It returns fault.ErrBusy after waiting for three
// seconds.
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

// key waits for a slot and derives the key.
func (p *Passwords) key(ctx context.Context, password string, salt []byte) ([]byte, error) {
	wait, cancel := context.WithTimeout(ctx, hashTimeout)
	defer cancel()
	if err := p.slots.Acquire(wait, 1); err != nil {
		return nil, fault.ErrBusy.Saying("Too many people are signing in at this moment.").RetryIn(hashTimeout).Because(err)
	}
	defer p.slots.Release(1)
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, keySize), nil
}

func newSalt() []byte {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	return salt
}

// prefix is the beginning of every hash. There is only one cost, so that a hash of another cost is recognised by its
// prefix.
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
