package sessions

import (
	"context"
	"time"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// startTimeout is how long a stream waits for its session to run.
	startTimeout = 30 * time.Second
	// pollInterval is how late a change is noticed if no wake-up arrives: it was lost, or the access has ended.
	pollInterval = time.Second
)

// topic is the bus topic of changes to a session.
func topic(id ID) string { return "session:" + id.String() }

// AwaitRunning waits until the session runs and returns it. It returns ErrEnded as soon as the session's end is
// requested, and an Unavailable fault "session_not_ready" after 30 seconds. It reads the session in the caller's scope
// each time, so that a caller who loses the access while waiting gets no stream.
//
// It watches before it reads. Otherwise a change between the read and the watch would be missed.
func (s *Service) AwaitRunning(ctx context.Context, who org.Scope, id ID) (Session, error) {
	woken, stop := s.bus.Watch(topic(id))
	defer stop()
	deadline := time.NewTimer(startTimeout)
	defer deadline.Stop()
	again := time.NewTicker(pollInterval)
	defer again.Stop()
	for {
		switch it, err := s.Get(ctx, who, id); {
		case err != nil:
			return Session{}, err
		case it.EndWanted || it.State.Final():
			return Session{}, ErrEnded
		case it.State == link.Running:
			return it, nil
		}
		select {
		case <-woken:
		case <-again.C:
		case <-deadline.C:
			return Session{}, errNotReady
		case <-ctx.Done():
			return Session{}, ctx.Err()
		}
	}
}
