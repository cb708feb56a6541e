// Package bustest is the contract test of bus.Bus.
package bustest

import (
	"sync"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/ports/bus"
)

// patience bounds how long a wake may take. It is far beyond what any bus needs, so that only a lost wake fails.
const patience = 5 * time.Second

// Run checks a bus that open makes.
func Run(t *testing.T, open func(t *testing.T) bus.Bus) {
	t.Run("wakes every watcher of the topic and no other", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		one, stopOne := b.Watch("desk")
		defer stopOne()
		two, stopTwo := b.Watch("desk")
		defer stopTwo()
		other, stopOther := b.Watch("chair")
		defer stopOther()
		b.Wake("desk")
		woken(t, one)
		woken(t, two)
		b.Wake("chair")
		woken(t, other)
		quiet(t, one)
	})
	t.Run("a wake is not taken for another process's", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		w, stop := b.Watch("desk")
		defer stop()
		elsewhere, stopElsewhere := b.Watch(bus.Elsewhere)
		defer stopElsewhere()
		drain(elsewhere)
		b.Wake("desk")
		woken(t, w)
		quiet(t, elsewhere)
	})
	t.Run("many wakes come as one or more, and none blocks", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		w, stop := b.Watch("desk")
		defer stop()
		for range 1000 {
			b.Wake("desk")
		}
		woken(t, w)
	})
	t.Run("a stopped watch is woken no more", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		w, stop := b.Watch("desk")
		stop()
		stop()
		b.Wake("desk")
		quiet(t, w)
	})
	t.Run("watching and waking at once", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 100 {
					w, stop := b.Watch("desk")
					b.Wake("desk")
					woken(t, w)
					stop()
				}
			})
		}
		all.Wait()
	})
}

// Across checks buses of two processes that open connects with each other.
func Across(t *testing.T, open func(t *testing.T) (one, other bus.Bus)) {
	t.Run("a wake reaches the other process, by no topic of its own", func(t *testing.T) {
		t.Parallel()
		one, other := open(t)
		same, stopSame := other.Watch("desk")
		defer stopSame()
		elsewhere, stop := other.Watch(bus.Elsewhere)
		defer stop()
		drain(elsewhere)
		one.Wake("desk")
		woken(t, elsewhere)
		quiet(t, same)
	})
	t.Run("each hears the other and not itself", func(t *testing.T) {
		t.Parallel()
		one, other := open(t)
		atOne, stopOne := one.Watch(bus.Elsewhere)
		defer stopOne()
		atOther, stopOther := other.Watch(bus.Elsewhere)
		defer stopOther()
		drain(atOne)
		drain(atOther)
		for range 10 {
			one.Wake("desk")
			woken(t, atOther)
			quiet(t, atOne)
			other.Wake("chair")
			woken(t, atOne)
			quiet(t, atOther)
		}
	})
	t.Run("many wakes arrive as one or more, and the last one arrives", func(t *testing.T) {
		t.Parallel()
		one, other := open(t)
		elsewhere, stop := other.Watch(bus.Elsewhere)
		defer stop()
		for range 5 {
			for range 10_000 {
				one.Wake("desk")
			}
			woken(t, elsewhere)
		}
	})
}

// drain takes the wake that a watcher may get when its process has just connected.
func drain(w <-chan struct{}) {
	select {
	case <-w:
	default:
	}
}

func woken(t *testing.T, w <-chan struct{}) {
	t.Helper()
	select {
	case <-w:
	case <-time.After(patience):
		t.Error("a watcher was not woken")
	}
}

func quiet(t *testing.T, w <-chan struct{}) {
	t.Helper()
	select {
	case <-w:
		t.Error("a watcher was woken by what it does not watch")
	default:
	}
}
