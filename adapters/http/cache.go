package http

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// maxSignIns is how many credentials are remembered at most, about 4 MB. One more costs the one that was longest unused
// its next verification: 56 µs for a token, a query for a cookie.
const maxSignIns = 10_000

// signInCache remembers what credentials stand for, by the hash of what was presented, until they end.
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
