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
	// pollInterval bounds how late a change is noticed whose wake-up was lost, such as one on another replica's bus.
	pollInterval = time.Second
)

func topic(id ID) string { return "session:" + id.String() }

// AwaitRunning returns the session once it runs. It waits up to 30 seconds, and returns ErrEnded as soon as the
// session's end is wanted, or an Unavailable fault "session_not_ready".
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

// WatchAccess returns when the caller may no longer see the session, or it has ended, with the reason; and with nil
// when ctx is done. It looks each second and when the session changes, so that an open stream ends within two.
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
