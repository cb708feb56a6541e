package periodic

import (
	"math/rand/v2"
	"time"
)

// Spread is a wait of half to the whole of d, at random: what waits for the same thing must not come back all at once.
// d must be more than a nanosecond.
func Spread(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2) //nolint:gosec // nothing secret depends on it
}
