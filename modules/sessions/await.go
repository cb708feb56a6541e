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
	// pollInterval is how late a change is noticed if no wake-up arrives: it was lost, or the access has ended, which
	// wakes no one. A read costs less than 0.2 ms of CPU, so that a thousand open streams cost less than a fifth of a
	// core.
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

// WatchAccess returns the reason as soon as the caller may no longer see the session or it has ended, and nil when ctx
// is done. It checks every second and when the session changes, so that an open stream ends within two seconds. The
// check every second is necessary: signing out, or removing a member, wakes no one.
func (s *Service) WatchAccess(ctx context.Context, who org.Scope, id ID) error {
	woken, stop := s.bus.Watch(topic(id))
	defer stop()
	again := time.NewTicker(pollInterval)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-woken:
		case <-again.C:
		}
		switch it, err := s.read(who).SessionByID(ctx, id); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case it.EndWanted || it.State.Final():
			return ErrEnded
		}
	}
}
