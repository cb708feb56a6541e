package postgres

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// acquireTimeout bounds the wait for a connection. One that comes later serves a caller who has given up.
const acquireTimeout = 3 * time.Second

// shares bounds how many of a pool's connections one organisation holds at once. The share is taken before a connection
// is asked for, so that those who wait for their own organisation do not stand in the pool's queue before others.
type shares struct {
	each int64
	mu   sync.Mutex
	held map[org.ID]*holding
}

type holding struct {
	turns *semaphore.Weighted
	users int // who hold or wait; at none the entry goes
}

func newShares(each int) *shares {
	return &shares{each: int64(max(each, 1)), held: map[org.ID]*holding{}}
}

// take waits for a turn and returns what gives it back.
func (s *shares) take(ctx context.Context, id org.ID) (func(), error) {
	h := s.join(id)
	if err := h.turns.Acquire(ctx, 1); err != nil {
		s.leave(id, h)
		return nil, err
	}
	return func() {
		h.turns.Release(1)
		s.leave(id, h)
	}, nil
}

func (s *shares) join(id org.ID) *holding {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[id]
	if h == nil {
		h = &holding{turns: semaphore.NewWeighted(s.each)}
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
