package periodic

import (
	"testing"
	"time"
)

func TestSpreadIsHalfToTheWhole(t *testing.T) {
	t.Parallel()
	waits := map[time.Duration]bool{}
	for range 100 {
		wait := Spread(time.Second)
		if waits[wait] = true; wait < time.Second/2 || wait > time.Second {
			t.Fatalf("it is %v", wait)
		}
	}
	if len(waits) < 50 {
		t.Errorf("of 100 waits %d are different", len(waits))
	}
}
