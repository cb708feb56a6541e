package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
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

// NewPasswords makes a hasher that runs at most n hashes at the same time; below 1 counts as 1. A server passes half of
// its cores, so that a flood of sign-ins leaves the other half to everyone who has signed in.
func NewPasswords(n int) *Passwords {
	return &Passwords{
		slots: semaphore.NewWeighted(int64(max(n, 1))),
		decoy: encode(today, newSalt(), make([]byte, keySize)),
	}
}

// Hash returns the password's hash in the PHC string format, which names the cost. It returns fault.ErrBusy after
// waiting for three seconds.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := newSalt()
	key, err := p.key(ctx, password, salt, today)
	return encode(today, salt, key), err
}

// Verify reports whether the password has this hash, with the cost that the hash names. An empty hash means an unknown
// user, or one without a password: it takes as long as a hash of today's cost and returns false. A hash in another
// format or of an absurd cost is an error. It returns fault.ErrBusy after waiting for three seconds.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	c, salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}
	got, err := p.key(ctx, password, salt, c)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

// key waits for a slot and derives the key.
func (p *Passwords) key(ctx context.Context, password string, salt []byte, c cost) ([]byte, error) {
	wait, cancel := context.WithTimeout(ctx, hashTimeout)
	defer cancel()
	if err := p.slots.Acquire(wait, 1); err != nil {
		return nil, fault.ErrBusy.Saying("Too many people are signing in at this moment.").RetryIn(hashTimeout).Because(err)
	}
	defer p.slots.Release(1)
	return argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, c.size), nil
}

func newSalt() []byte {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	return salt
}

// cost is what a hash says of the work that it takes.
type cost struct {
	memory  uint32 // KiB
	time    uint32 // passes over the memory
	threads uint8
	size    uint32 // of the key, in bytes
}

// today is the cost of new hashes.
var today = cost{argonMemory, argonTime, argonThreads, keySize}

// Bounds of a stored hash. A hash beyond them was not written here, and to verify it could take the machine down.
const (
	maxMemory  = 64 * 1024 // KiB
	maxTime    = 16
	maxThreads = 8
	minBytes   = 8 // of a salt and of a key
	maxBytes   = 64
)

// format is the PHC string format of a hash, before the salt and the key.
const format = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

// weak reports whether a stored hash costs less than today's: it exceeds today's cost in nothing and is below it in
// something. A hash that costs more in one respect is left as it is.
func weak(hash string) bool {
	c, _, _, err := decode(hash)
	return err == nil && c != today &&
		c.memory <= today.memory && c.time <= today.time && c.threads <= today.threads
}

func encode(c cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(format, argon2.Version, c.memory, c.time, c.threads) +
		b64.EncodeToString(salt) + "$" + b64.EncodeToString(key)
}

// decode reads what encode wrote, and nothing else. Its errors do not show the hash.
func decode(hash string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return cost{}, nil, nil, errors.New("a password hash is not in the form of argon2id")
	}
	var version int
	head := strings.Join(parts[:4], "$") + "$"
	_, err = fmt.Sscanf(head, format, &version, &c.memory, &c.time, &c.threads)
	if err != nil || version != argon2.Version || head != fmt.Sprintf(format, version, c.memory, c.time, c.threads) {
		return cost{}, nil, nil, errors.New("a password hash is not in the form of argon2id")
	}
	if c.time < 1 || c.time > maxTime || c.threads < 1 || c.threads > maxThreads ||
		c.memory < 8*uint32(c.threads) || c.memory > maxMemory {
		return cost{}, nil, nil, fmt.Errorf("a password hash has the cost m=%d,t=%d,p=%d, out of bounds",
			c.memory, c.time, c.threads)
	}
	if salt, err = decodePart("salt", parts[4]); err == nil {
		key, err = decodePart("key", parts[5])
		c.size = uint32(len(key))
	}
	return c, salt, key, err
}

func decodePart(name, text string) ([]byte, error) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s of a password hash: %w", name, err)
	}
	if len(b) < minBytes || len(b) > maxBytes {
		return nil, fmt.Errorf("%s of a password hash has %d bytes", name, len(b))
	}
	return b, nil
}
