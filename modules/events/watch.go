package events

import (
	"time"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// Watch tells whoever has something open in an organisation that it may have to end. It has no events: they say that
// something has changed, and the database says what is true. One goroutine may use it.
type Watch struct {
	feed     *Feed
	reader   *reader
	concerns func(Entry) bool
	ready    chan struct{}
	due      bool // guarded by the reader's lock
}

// Watch begins to watch the log of an organisation. concerns is called for each new event and must not block. Something
// is due at once: what happened before is not told. Stop must be called. It returns ErrStopping when the server stops.
func (f *Feed) Watch(id org.ID, concerns func(Entry) bool) (*Watch, error) {
	r, err := f.join(id)
	if err != nil {
		return nil, err
	}
	w := &Watch{feed: f, reader: r, concerns: concerns, ready: make(chan struct{}, 1)}
	r.watch(w)
	return w, nil
}

// Ready receives a value when something is due.
func (w *Watch) Ready() <-chan struct{} { return w.ready }

// Due reports whether there was an event since the last call that concerns it, or may have been one. Everything that
// was committed before asOf was considered; that is zero before the log was read.
func (w *Watch) Due() (due bool, asOf time.Time) {
	w.reader.mu.Lock()
	defer w.reader.mu.Unlock()
	due, w.due = w.due, false
	return due, w.reader.asOf
}

// Stop releases everything.
func (w *Watch) Stop() {
	w.reader.mu.Lock()
	delete(w.reader.watches, w)
	w.reader.mu.Unlock()
	w.feed.leave(w.reader)
}

// tell notes that something is due. The caller holds the reader's lock.
func (w *Watch) tell() {
	w.due = true
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// watch adds a watch. If no one has joined the reader yet, it looks for its place in the log now.
func (r *reader) watch(w *Watch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watches[w] = struct{}{}
	w.tell()
	if r.position == nowhere {
		r.wake()
	}
}

// tellWatches tells every watch that something may concern it. The caller holds the lock.
func (r *reader) tellWatches() {
	for w := range r.watches {
		w.tell()
	}
}

// lose tells every watch that the organisation's log is not there any more.
func (r *reader) lose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tellWatches()
}

// upToDate notes that everything was given that was committed before a time. The caller holds the lock.
func (r *reader) upToDate(at time.Time) {
	if at.After(r.asOf) {
		r.asOf = at
	}
}
