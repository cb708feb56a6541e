// Package membus is the bus of a single process.
package membus

import (
	"sync"

	"github.com/streamspace-dev/streamspace/ports/bus"
)

// Bus wakes watchers of the same process. Its zero value is not usable; make one with New.
type Bus struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{}
}

var _ bus.Bus = (*Bus)(nil)

// New makes a bus without watchers.
func New() *Bus { return &Bus{watchers: map[string]map[chan struct{}]struct{}{}} }

// Wake implements bus.Bus.
func (b *Bus) Wake(topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watchers[topic] {
		select {
		case w <- struct{}{}:
		default: // it has a wake in hand that it has not looked at yet
		}
	}
}

// Watch implements bus.Bus.
func (b *Bus) Watch(topic string) (<-chan struct{}, func()) {
	w := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watchers[topic] == nil {
		b.watchers[topic] = map[chan struct{}]struct{}{}
	}
	b.watchers[topic][w] = struct{}{}
	return w, func() { b.forget(topic, w) }
}

func (b *Bus) forget(topic string, w chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watchers[topic], w)
	if len(b.watchers[topic]) == 0 {
		delete(b.watchers, topic)
	}
}
