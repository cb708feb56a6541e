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

// Faults of rate limits. The answer says when to try again.
var (
	errTooManyLogins  = fault.New(fault.Exhausted, "too_many_logins", "Too many sign-in attempts.")
	errTooManyGuesses = fault.New(fault.Exhausted, "too_many_guesses", "Too many failed sign-in attempts.")
	errTooManyMisses  = fault.New(fault.Exhausted, "too_many_misses", "Too many requests for unknown ids.")
)

// limiter limits how often something happens, for each key by itself.
type limiter[K comparable] struct {
	every    time.Duration
	burst    int
	limiters *lru.Cache[K, *rate.Limiter]
}

// limits are the server's rate limiters.
type limits struct {
	loginsByAddress, loginsByEmail *limiter[string]
	guesses                        *limiter[string] // by the network that sends invalid cookies or refresh tokens
	unknownAgents                  *limiter[string] // by the network that sends invalid credentials of agents
	misses                         *limiter[member]
}

func newLimits(unlimited bool) *limits {
	every := func(d time.Duration) time.Duration {
		if unlimited {
			return 0 // rate.Every(0) is no limit
		}
		return d
	}
	return &limits{
		loginsByAddress: newLimiter[string](every(loginsByAddressEvery), loginsByAddressBurst),
		loginsByEmail:   newLimiter[string](every(loginsByEmailEvery), loginsByEmailBurst),
		guesses:         newLimiter[string](every(guessesEvery), guessesBurst),
		unknownAgents:   newLimiter[string](every(unknownAgentsEvery), unknownAgentsBurst),
		misses:          newLimiter[member](every(missesEvery), missesBurst),
	}
}

func newLimiter[K comparable](every time.Duration, burst int) *limiter[K] {
	limiters, err := lru.New[K, *rate.Limiter](maxKeys)
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	return &limiter[K]{every: every, burst: burst, limiters: limiters}
}

func (l *limiter[K]) bucket(key K) *rate.Limiter {
	if bucket, ok := l.limiters.Get(key); ok {
		return bucket
	}
	bucket := rate.NewLimiter(rate.Every(l.every), l.burst)
	if other, there, _ := l.limiters.PeekOrAdd(key, bucket); there {
		return other
	}
	return bucket
}

// take counts one, and returns zero; or, when the key has none left, counts nothing and returns how long until it has.
func (l *limiter[K]) take(key K) time.Duration {
	one := l.bucket(key).Reserve()
	wait := one.Delay()
	if wait > 0 {
		one.Cancel()
	}
	return wait
}

// retryAfter is how long it takes until the key has one left; zero: it has.
func (l *limiter[K]) retryAfter(key K) time.Duration {
	missing := 1 - l.bucket(key).Tokens()
	return max(0, time.Duration(missing*float64(l.every)))
}

// count counts one that has happened, even beyond what is left: requests that ran side by side are paid for later.
func (l *limiter[K]) count(key K) { l.bucket(key).Reserve() }

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
