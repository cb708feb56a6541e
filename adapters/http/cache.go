package http

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// maxSignIns is the size of a cache, in credentials; a full one takes about 4 MB. A full cache drops the credential
// that was unused for longest, which then costs one more verification: 56 µs for a token, a query for a cookie.
const maxSignIns = 10_000

// signInCache caches the sign-ins of credentials until they expire. The key is the hash of the credential, so that a
// memory dump contains no secret. It is safe for concurrent use.
type signInCache struct {
	entries *lru.Cache[secret.Hash, identity.SignIn]
	now     func() time.Time
}

func newSignInCache() *signInCache {
	entries, err := lru.New[secret.Hash, identity.SignIn](maxSignIns)
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	return &signInCache{entries: entries, now: time.Now}
}

// get returns a sign-in that has not expired.
func (m *signInCache) get(key secret.Hash) (identity.SignIn, bool) {
	s, ok := m.entries.Get(key)
	if ok && !m.now().Before(s.EndsAt) {
		m.entries.Remove(key)
		return identity.SignIn{}, false
	}
	return s, ok
}

func (m *signInCache) put(key secret.Hash, s identity.SignIn) { m.entries.Add(key, s) }

func (m *signInCache) remove(key secret.Hash) { m.entries.Remove(key) }
