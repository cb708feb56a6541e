package tunnel

import (
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// dialTimeout bounds each step of connecting: the dial, the TLS handshake, the response headers.
	dialTimeout = 10 * time.Second
	// firstWait and lastWait are the shortest and the longest delay between attempts. The delay doubles. With 1 s all
	// agents are back within 1 s of a restart of the control plane.
	firstWait = 100 * time.Millisecond
	lastWait  = time.Second
	// refusedWait is the delay after a refusal that only an operator can resolve.
	refusedWait = 5 * time.Second
	// settled is how long a connection must last to reset the backoff. A connection that is closed at once, again and
	// again, must not be retried without a delay.
	settled = 5 * time.Second
)

// backoff computes the delay before the next attempt to connect. With its zero value the first attempt is immediate.
type backoff struct{ attempts int }

// next returns the delay after an attempt that failed with err. A refusal that only an operator can resolve gets a
// longer delay at once: a revoked credential or a replaced process does not become valid by itself.
func (b *backoff) next(err error) time.Duration {
	b.attempts++
	switch fault.Of(err).Kind {
	case fault.Unauthenticated, fault.Forbidden, fault.Conflict:
		return refusedWait // an operator has to act first
	}
	if b.attempts == 1 {
		return 0
	}
	// The shift is bounded before it can overflow: 100 ms reach 1 s after four doublings.
	wait := min(firstWait<<min(b.attempts-2, 6), lastWait)
	// The random part (jitter) keeps the agents from reconnecting all at the same moment.
	return periodic.Spread(wait)
}
