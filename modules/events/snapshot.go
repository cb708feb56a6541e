package events

import (
	"context"
	"time"

	"github.com/streamspace-dev/streamspace/ports/page"
)

// SnapshotType has a page of what there is. The changes after its number follow the last page.
const SnapshotType = "snapshot"

// View is what a live stream shows beside its messages of the log. The zero View is the whole log.
type View struct {
	// Types are the types of events that it sends. None: those that the client asks for.
	Types    Types
	Snapshot Snapshot
	// State is sent instead of events: Types are those that may change it.
	State *State
}

// Snapshot reads one page, in the caller's own scope, as a value that is encoded as JSON.
type Snapshot func(ctx context.Context, at page.Cursor) (data any, next page.Cursor, err error)

// snapshotting is how far a snapshot has come.
type snapshotting struct {
	due bool
	at  page.Cursor
}

// nextPage returns the next page of the snapshot. Each page was read after the number that it states. So it has every
// change up to that number, and perhaps some of those that follow; none can be missing. A page is encoded when the
// client has accepted the one before, so that a slow client holds one page.
func (s *Subscription) nextPage(ctx context.Context) (*Message, error) {
	if err := s.over(); err != nil {
		return nil, err
	}
	data, next, err := s.query.Snapshot(ctx, s.snapshot.at)
	if err != nil {
		return nil, err
	}
	s.snapshot = snapshotting{due: !next.IsZero(), at: next}
	return control(SnapshotType, s.sent, data), nil
}

// over says why the subscription has ended, if it has. An ended credential is refused by the read of the page.
func (s *Subscription) over() error {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	if err == nil && !time.Now().Before(s.ends()) {
		err = ErrTokenExpired
	}
	return err
}
