package http

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// The rates and bursts of the limiters: first the time in which one more attempt is earned, then how many may come at
// once.
const (
	// Sign-in attempts from one network. A person signs in once a day, and twenty people of one office at nine o'clock.
	loginsByAddressEvery = time.Second
	loginsByAddressBurst = 20
	// Sign-in attempts for one email address, from any number of networks. It bounds guesses at one password to 14,400 a
	// day. Lower limits would let an attacker lock a user out more easily.
	loginsByEmailEvery = 6 * time.Second
	loginsByEmailBurst = 10
	// Mails to one address: links to a new password from anyone, or invitations to one organisation. More would only fill
	// a mailbox.
	mailsEvery = 2 * time.Minute
	mailsBurst = 5
	// Invalid cookies and refresh tokens from one network. Each one costs a query. Browsers send an expired one once each,
	// so that an office can cause a burst.
	guessesEvery = time.Second
	guessesBurst = 60
	// Invalid credentials of agents from one network. An agent whose credential was revoked tries again every 5 s, so this
	// allows fifty of them behind one address.
	unknownAgentsEvery = 100 * time.Millisecond
	unknownAgentsBurst = 100
	// Requests of one member for unknown ids. A few are mistakes; many are a search for other organisations' ids.
	missesEvery = time.Second
	missesBurst = 60
)

// maxKeys bounds the keys of each limiter. A full limiter drops the key that was unused for longest. By then that key
// has mostly earned its burst back, so that dropping it changes little.
const maxKeys = 10_000

// Faults of rate limits. The response says when to try again.
var (
	errTooManyLogins  = fault.New(fault.Exhausted, "too_many_logins", "Too many sign-in attempts.")
	errTooManyMails   = fault.New(fault.Exhausted, "too_many_mails", "Too many messages to this address.")
	errTooManyGuesses = fault.New(fault.Exhausted, "too_many_guesses", "Too many failed sign-in attempts.")
	errTooManyMisses  = fault.New(fault.Exhausted, "too_many_misses", "Too many requests for unknown ids.")
)

// limiter is a rate limiter with one token bucket for each key. It keeps its state in memory: a restart resets it, and
// two processes count separately. It is safe for concurrent use.
type limiter[K comparable] struct {
	every    time.Duration
	burst    int
	limiters *lru.Cache[K, *rate.Limiter]
}

// limits has the server's rate limiters.
type limits struct {
	loginsByAddress, loginsByEmail *limiter[string]
	mails                          *limiter[string] // by the address, and by the organisation that invites it
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
		mails:           newLimiter[string](every(mailsEvery), mailsBurst),
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

// bucket returns the key's token bucket. Two requests may both make one; then PeekOrAdd lets the first one win.
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

// allow counts one attempt and returns zero. If the key has no attempt left, it counts nothing and returns how long to
// wait for the next one: attempts that are refused must not make the wait longer.
func (l *limiter[K]) allow(key K) time.Duration {
	one := l.bucket(key).Reserve()
	wait := one.Delay()
	if wait > 0 {
		one.Cancel()
	}
	return wait
}

// retryAfter returns how long the key has to wait for its next attempt. Zero means that it has one. It counts nothing:
// it is for attempts that count only if they fail.
func (l *limiter[K]) retryAfter(key K) time.Duration {
	missing := 1 - l.bucket(key).Tokens()
	return max(0, time.Duration(missing*float64(l.every)))
}

// count counts an attempt that has failed, even if the key has none left. So concurrent requests that all passed
// retryAfter make the key wait longer afterwards.
func (l *limiter[K]) count(key K) { l.bucket(key).Reserve() }

// member is the key of the limiter for unknown ids: a user in one organisation.
type member struct {
	org  org.ID
	user org.UserID
}

func memberOf(s org.Scope) member { return member{s.Org(), s.User()} }

// networkOf is the network that a request comes from, as the key of a limiter.
func networkOf(ctx context.Context) string { return identity.NetworkOf(recordOf(ctx).client) }
