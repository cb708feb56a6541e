package postgres

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// acquireTimeout bounds the wait for a connection. A browser's user has given up after a few seconds, and an early 503
// with Retry-After takes load off the database.
const acquireTimeout = 3 * time.Second

// shares limits how many connections of a pool one organisation holds at the same time. A share is acquired before the
// connection, so that the requests of a busy organisation wait for each other and not in the pool's queue, ahead of
// other organisations. It limits each process separately, and is safe for concurrent use.
type shares struct {
	each int64 // connections of one organisation, at least 1
	mu   sync.Mutex
	held map[org.ID]*holding // only organisations with requests at this moment, so that it does not grow
}

// holding is the share of one organisation.
type holding struct {
	slots *semaphore.Weighted
	users int // requests that hold a slot or wait for one; at zero the entry is removed
}

func newShares(each int) *shares {
	return &shares{each: int64(max(each, 1)), held: map[org.ID]*holding{}}
}

// acquire waits for one of the organisation's slots and returns a function that releases it. Call that once. It fails
// only when ctx is done.
func (s *shares) acquire(ctx context.Context, id org.ID) (func(), error) {
	h := s.join(id)
	if err := h.slots.Acquire(ctx, 1); err != nil {
		s.leave(id, h)
		return nil, err
	}
	return func() {
		h.slots.Release(1)
		s.leave(id, h)
	}, nil
}

// join counts a request before it waits. Otherwise the entry could be removed and made again, and two semaphores would
// allow twice the share.
func (s *shares) join(id org.ID) *holding {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[id]
	if h == nil {
		h = &holding{slots: semaphore.NewWeighted(s.each)}
		s.held[id] = h
	}
	h.users++
	return h
}

func (s *shares) leave(id org.ID, h *holding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(s.held, id)
	}
}
