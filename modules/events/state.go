package events

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

const (
	// stateInterval is the least time between two messages with the state. Changes in between are one message.
	stateInterval = time.Second
	// outsideInterval is how late a change is noticed that has no event of the organisation.
	outsideInterval = 10 * time.Second
)

// State is something that a stream shows as it is now: first, and after each change. All fields but Outside are
// required.
type State struct {
	// Type is the type of its messages.
	Type string
	// Read reads it in the caller's own scope. The data is encoded as JSON. outside is the part of it that changes
	// without events of the organisation.
	Read func(ctx context.Context) (data any, outside bool, err error)
	// Outside reads that part alone. It must be the same for all subscribers of the organisation who have it: one of
	// them reads it for all of them. Nil: the state has no such part for this subscriber.
	Outside func(ctx context.Context) (bool, error)
}

// showing is what a client was shown of a state. One goroutine may use it.
type showing struct {
	last    []byte // the data that was sent last; nil: none, or it must be repeated
	outside bool   // in what was read last
	next    time.Time
	look    time.Time // when the part outside of the log is due
}

// repeat sends the state again even if it is the same.
func (s *showing) repeat() { s.last = nil }

// nextState returns the state if it has changed, and nil if not. Everything up to position was given before: what
// changes after the read makes the state stale again, so that the last one is always sent. While the database does not
// answer, the state is tried again; an outage ends the subscription.
func (s *Subscription) nextState(ctx context.Context, now time.Time, position int64) (*Message, error) {
	if s.query.State == nil || now.Before(s.state.next) {
		return nil, nil
	}
	if due, err := s.stateDue(ctx, now); err != nil || !due {
		return nil, s.later(ctx, now, err)
	}
	data, outside, err := s.query.State.Read(ctx)
	if err != nil {
		s.makeStale()
		return nil, s.later(ctx, now, err)
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", s.query.State.Type, err)
	}
	s.state.outside, s.state.next, s.state.look = outside, now.Add(stateInterval), now.Add(outsideInterval)
	if bytes.Equal(encoded, s.state.last) {
		return nil, nil
	}
	s.state.last = encoded
	s.sent = max(s.sent, position)
	return control(s.query.State.Type, s.sent, json.RawMessage(encoded)), nil
}

// later puts off the next read if the database did not answer, and returns every other error.
func (s *Subscription) later(ctx context.Context, now time.Time, err error) error {
	if err == nil || ctx.Err() != nil || fault.Of(err).Kind != fault.Unavailable {
		return err
	}
	s.state.next = now.Add(stateInterval)
	if s.state.look.Before(s.state.next) {
		s.state.look = s.state.next
	}
	return nil
}

// stateDue reports whether the state has to be read: after an event, or when its part outside of the log is another
// one.
func (s *Subscription) stateDue(ctx context.Context, now time.Time) (bool, error) {
	if s.takeStale() {
		return true, nil
	}
	if s.query.State.Outside == nil || now.Before(s.state.look) {
		return false, nil
	}
	is, err := s.reader.outside.read(ctx, now, s.query.State.Outside)
	if err != nil {
		return false, err
	}
	s.state.look = now.Add(outsideInterval)
	return is != s.state.outside, nil
}

// makeStale has the state read again.
func (s *Subscription) makeStale() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = true
}

// takeStale reports whether the state has to be read, once.
func (s *Subscription) takeStale() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	stale := s.stale
	s.stale = false
	return stale
}

// isStale reports whether a state has to be read.
func (s *Subscription) isStale() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stale
}

// untilState is how long nextState has nothing to do, unless an event arrives.
func (s *Subscription) untilState() time.Duration {
	switch {
	case s.query.State == nil:
		return math.MaxInt64
	case s.isStale():
		return time.Until(s.state.next)
	case s.query.State.Outside == nil:
		return math.MaxInt64
	}
	return time.Until(s.state.look)
}

// outside is what was last read that the log does not tell, for all subscribers of a reader.
type outside struct {
	turn chan struct{} // has a value while someone reads; a lock whose wait ends with the context
	at   time.Time
	is   bool
}

// read reads it, unless another subscriber did within the interval.
func (o *outside) read(ctx context.Context, now time.Time, by func(context.Context) (bool, error)) (bool, error) {
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-o.turn }()
	if !o.at.IsZero() && now.Before(o.at.Add(outsideInterval)) {
		return o.is, nil
	}
	is, err := by(ctx)
	if err == nil {
		o.is, o.at = is, now
	}
	return is, err
}
