// Package membus implements ports/bus within one process. app/server makes one Bus, through which a request that
// changes a session wakes the streams that wait for it.
//
// A wake does not reach another process: adapters/pgbus adds that. Waking costs one send for each watcher of the topic,
// and never blocks.
package membus

import (
	"sync"

	"github.com/streamspace-dev/streamspace/ports/bus"
)

// Bus wakes watchers in the same process. Make one with New; the zero value cannot be used. It is safe for concurrent
// use.
type Bus struct {
	mu sync.Mutex
	// watchers has the channels by topic. A topic without watchers is removed, so that ended sessions leave nothing.
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
		default: // an earlier wake is still unread; one is enough, because the watcher reads the newest state
		}
	}
}

// Watch implements bus.Bus.
func (b *Bus) Watch(topic string) (<-chan struct{}, func()) {
	w := make(chan struct{}, 1) // a buffer of one: a wake that arrives while the watcher reads is not lost
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
