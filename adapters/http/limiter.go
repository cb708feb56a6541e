package http

import (
	"context"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// How often one may try, after a burst.
const (
	// A person signs in once a day; an office behind one address, twenty at nine o'clock.
	loginsByAddressEvery = time.Second
	loginsByAddressBurst = 20
	// Guessing one person's password, from however many addresses.
	loginsByEmailEvery = 6 * time.Second
	loginsByEmailBurst = 10
	// A sign-in that has ended is shown once by each browser behind an address; each guess costs the database a look.
	guessesEvery = time.Second
	guessesBurst = 60
	// An agent whose credential was revoked tries again every 5 s: this lets fifty of them behind one address go on.
	unknownAgentsEvery = 100 * time.Millisecond
	unknownAgentsBurst = 100
	// Asking for ids that are not there is a mistake now and then, and a search when it goes on.
	missesEvery = time.Second
	missesBurst = 60
)

// maxKeys is how many keys each kind of rate is kept for. The key that was longest unused is forgotten for one more, by
// when it has mostly earned its burst back.
const maxKeys = 10_000

// limiter limits how often something happens, for each key by itself.
type limiter[K comparable] struct {
	every    time.Duration
	burst    int
	limiters *lru.Cache[K, *rate.Limiter]
}

func newLimiter[K comparable](every time.Duration, burst int) *limiter[K] {
	limiters, err := lru.New[K, *rate.Limiter](maxKeys)
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	return &limiter[K]{every: every, burst: burst, limiters: limiters}
}

func (r *limiter[K]) of(key K) *rate.Limiter {
	if l, ok := r.limiters.Get(key); ok {
		return l
	}
	l := rate.NewLimiter(rate.Every(r.every), r.burst)
	if other, there, _ := r.limiters.PeekOrAdd(key, l); there {
		return other
	}
	return l
}

// rate is how often one may try: as often as they like where no rates are kept, which limiters write as no time at all.
func (c Config) rate(every time.Duration) time.Duration {
	if c.Unlimited {
		return 0
	}
	return every
}

// take counts one, and returns zero; or, when the key has none left, counts nothing and returns how long until it has.
func (r *limiter[K]) take(key K) time.Duration {
	one := r.of(key).Reserve()
	wait := one.Delay()
	if wait > 0 {
		one.Cancel()
	}
	return wait
}

// retryAfter is how long it takes until the key has one left; zero: it has.
func (r *limiter[K]) retryAfter(key K) time.Duration {
	missing := 1 - r.of(key).Tokens()
	return max(0, time.Duration(missing*float64(r.every)))
}

// count counts one that has happened, even beyond what is left: requests that ran side by side are paid for later.
func (r *limiter[K]) count(key K) { r.of(key).Reserve() }

// tooMany is the refusal of a rate that is used up.
func tooMany(code, message string, wait time.Duration) error {
	f := fault.New(fault.Exhausted, code, "%s; wait a little", message)
	f.RetryAfter = wait
	return f
}

// member is whom misses are counted for.
type member struct {
	org  org.ID
	user org.UserID
}

func memberOf(s org.Scope) member { return member{s.Org(), s.User()} }

// networkOf is the network that a request comes from.
func networkOf(ctx context.Context) string { return network(recordOf(ctx).client) }

// network is what a client's address is counted as: in IPv6 one customer has at least a /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
