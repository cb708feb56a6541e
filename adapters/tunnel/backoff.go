package tunnel

import (
	"math/rand/v2"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

const (
	// dialTimeout bounds each step of making a connection: the dial, the TLS handshake, the answer's headers.
	dialTimeout = 10 * time.Second
	// firstWait and lastWait bound what doubles between attempts. Agents of a restarted control plane are back within
	// 5 s.
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
	// settled is how long a connection must last to count as a good one. One that is closed at once, again and again,
	// must not be made anew without a wait.
	settled = 5 * time.Second
)

// backoff says how long to wait before the next attempt to connect. Its zero value is that of a connection that was
// good: the first attempt is made at once.
type backoff struct{ attempts int }

func (b *backoff) next(err error) time.Duration {
	b.attempts++
	switch fault.Of(err).Kind {
	case fault.Unauthenticated, fault.Forbidden, fault.Conflict:
		return lastWait // an operator has to act first
	}
	if b.attempts == 1 {
		return 0
	}
	// The shift is bounded before it can overflow: 100 ms reach 5 s after six doublings.
	wait := min(firstWait<<min(b.attempts-2, 6), lastWait)
	// Agents that lost the same control plane do not return in step.
	return wait/2 + rand.N(wait/2) //nolint:gosec // it is no secret
}
