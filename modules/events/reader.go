package events

import (
	"context"
	"sync"
	"time"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// batch is how many events are read at once.
const batch = 500

// nowhere is the position of a reader that no one has joined yet.
const nowhere = -1

// reader reads the log of one organisation for all its subscribers here.
type reader struct {
	config Config
	org    org.ID
	woken  <-chan struct{}
	stop   func() // of the watch
	kick   chan struct{}
	idle   chan struct{} // closed when the last subscriber has left
	users  int           // guarded by the feed's lock

	mu sync.Mutex
	// position is the number up to which every event was given to the subscribers.
	position int64
	// known is the highest number that the database has told of. A subscriber may have events that the reader has not
	// read yet.
	known int64
	// asOf is the time before which everything that was committed was given.
	asOf        time.Time
	subscribers map[*Subscription]struct{}
	watches     map[*Watch]struct{}

	outside outside
}

// newReader watches before anyone reads, so that no change in between is missed.
func newReader(c Config, id org.ID) *reader {
	r := &reader{
		config: c, org: id, kick: make(chan struct{}, 1), idle: make(chan struct{}), position: nowhere,
		subscribers: map[*Subscription]struct{}{}, watches: map[*Watch]struct{}{},
		outside: outside{turn: make(chan struct{}, 1)},
	}
	r.woken, r.stop = c.Bus.Watch(Topic(id))
	return r
}

// run reads new events until ctx is done or the last subscriber has left.
func (r *reader) run(ctx context.Context) {
	defer r.stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.idle:
			return
		case <-r.woken:
		case <-r.kick:
		}
		if err := r.read(ctx); err != nil && ctx.Err() == nil {
			r.config.Log.WarnContext(ctx, "new events were not read: they are tried again within a second",
				"org_id", r.org.String(), "error", err)
		}
	}
}

// read gives everything new to the subscribers and the watches.
func (r *reader) read(ctx context.Context) error {
	for {
		from, begun := r.at(), time.Now()
		if from == nowhere {
			return r.begin(ctx)
		}
		entries, err := r.log().EventsAfter(ctx, from, batch)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := r.give(e); err != nil {
				return err
			}
		}
		if len(entries) < batch {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.upToDate(begun)
			return nil
		}
	}
}

// begin finds the place in the log from which on watches are told. A subscriber finds its own.
func (r *reader) begin(ctx context.Context) error {
	if !r.awaited() {
		return nil
	}
	begun := time.Now()
	bounds, err := r.log().EventBounds(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.position == nowhere {
		r.position = bounds.Newest
		r.upToDate(begun)
	}
	r.known = max(r.known, bounds.Newest)
	r.tellWatches() // of what has happened meanwhile
	return nil
}

// awaited reports whether a watch waits for the reader to begin.
func (r *reader) awaited() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.position == nowhere && len(r.watches) > 0
}

func (r *reader) log() ServiceQueries { return r.config.AsService(r.org, service) }

// give puts an event into the queues. Numbers have no gaps: one that is missing was removed, so that subscribers
// without it must list again.
func (r *reader) give(e Entry) error {
	encoded, err := e.encode()
	if err != nil {
		return err
	}
	m := &Message{Type: e.Type, Seq: e.Seq, JSON: encoded}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Seq <= r.position {
		return nil // the history of a restored database, which was reset meanwhile
	}
	if e.Seq != r.position+1 {
		r.miss(e.Seq - 1)
	}
	for s := range r.subscribers {
		s.offer(e, m)
	}
	for w := range r.watches {
		if w.concerns(e) {
			w.tell()
		}
	}
	r.position, r.known = e.Seq, max(r.known, e.Seq)
	return nil
}

// compare reacts to the number of the newest event in the database. before is what was known at the time when that was
// asked for: what was read since then is newer than the answer.
func (r *reader) compare(newest, before int64, asked time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.position == nowhere:
		if len(r.watches) > 0 {
			r.wake()
		}
	case newest < before: // an older database was restored
		r.known = newest
		r.reset(newest)
	case newest > r.position:
		r.wake()
	default:
		r.upToDate(asked)
	}
}

// wake has run read.
func (r *reader) wake() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// reset tells all subscribers to list again. The caller holds the lock.
func (r *reader) reset(newest int64) {
	r.position = newest
	r.tellWatches()
	for s := range r.subscribers {
		s.reset(newest)
	}
}

// miss notes that events up to a number were removed before they were read. The caller holds the lock.
func (r *reader) miss(until int64) {
	r.position = until
	r.tellWatches()
	for s := range r.subscribers {
		s.miss(until)
	}
}

// at is the reader's position.
func (r *reader) at() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.position
}

// add adds a subscriber and returns the position from which on the reader gives it new events. newest was read before.
func (r *reader) add(s *Subscription, newest int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.position == nowhere {
		r.position = newest
		r.tellWatches()
	}
	r.known = max(r.known, newest)
	r.subscribers[s] = struct{}{}
	return r.position
}

// knows is the highest number that the database has told of.
func (r *reader) knows() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known
}

func (r *reader) remove(s *Subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.subscribers, s)
}

func (r *reader) endAll(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.subscribers {
		s.end(err)
	}
}
