package sessions

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// outage is how long a stream goes on while the database does not say whether the access has ended. Restarts and
	// failovers take less, and the end of an access must not be delayed for longer.
	outage = 15 * time.Second
	// lookTimeout bounds one check of the access.
	lookTimeout = 3 * time.Second
	// retryInterval is when a check that failed is repeated.
	retryInterval = time.Second
	// batchInterval is how often all streams are checked at once.
	batchInterval = 30 * time.Second
)

// errNotRead is why the access is unknown when no check of it has failed.
var errNotRead = errors.New("the event log could not be read")

// AccessConfig has everything that an AccessWatch needs. No field may be left out.
type AccessConfig struct {
	Changes Changes
	// Access has connections of its own, so that open streams do not wait for requests.
	Access org.Reading[AccessQueries]
	Ended  EndedStreams
	Log    *slog.Logger
}

// AccessWatch ends open streams with the access to their sessions. It is safe for concurrent use.
type AccessWatch struct {
	config AccessConfig

	mu   sync.Mutex
	open map[*openStream]struct{}
}

// NewAccessWatch makes an AccessWatch. Run must be called, too.
func NewAccessWatch(c AccessConfig) *AccessWatch {
	return &AccessWatch{config: c, open: map[*openStream]struct{}{}}
}

// openStream is one stream that is open.
type openStream struct {
	Stream
	past    bool          // it may go on after the session's end
	doubted chan struct{} // has a value when all streams were checked and this one was found to have no access

	known time.Time // before which the access has not ended
	ends  time.Time // when the credential ends, as far as is known
	owed  bool      // the access must be checked
	err   error     // of the last check
}

// WatchAccess returns the reason as soon as the database says that the caller may no longer see the session or that it
// has ended, and nil when ctx is done. It asks when an event says that something has changed, when the credential's
// time has come, and when Run has found that the access has ended.
//
// While the database does not answer, the stream goes on for outage, and then ends with ErrUnsure.
func (a *AccessWatch) WatchAccess(ctx context.Context, who org.Scope, id ID) error {
	return a.watch(ctx, Stream{who, id}, false)
}

// WatchSight is WatchAccess without the end of the session: its output can be read after that.
func (a *AccessWatch) WatchSight(ctx context.Context, who org.Scope, id ID) error {
	return a.watch(ctx, Stream{who, id}, true)
}

func (a *AccessWatch) watch(ctx context.Context, of Stream, past bool) error {
	changes, err := a.config.Changes(of.Who.Org(), concerns(of.Who.User(), of.Session))
	if err != nil { // the server stops, and ends the streams by itself
		<-ctx.Done()
		return nil
	}
	defer changes.Stop()
	s := a.add(of)
	s.past = past
	defer a.remove(s)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changes.Ready():
		case <-s.doubted:
			s.owed = true
		case <-timer.C:
		}
		err := a.check(ctx, s, changes)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		timer.Reset(s.next())
	}
}

// concerns selects the events that may end the access: what happens to the session, and to the user's membership,
// sign-ins and keys.
func concerns(user org.UserID, id ID) func(events.Entry) bool {
	return func(e events.Entry) bool {
		return e.Subject.ID == id.UUID || e.Owner == user && !strings.HasPrefix(e.Type, "session.")
	}
}

// check asks the database if that is necessary. It returns the reason for which the stream has to end.
func (a *AccessWatch) check(ctx context.Context, s *openStream, changes Changing) error {
	due, asOf := changes.Due()
	now := time.Now()
	s.owed = s.owed || due || !now.Before(s.ends)
	if !s.owed {
		s.err = errNotRead
		if asOf.After(s.known) {
			s.known = asOf
		}
		return s.unsure()
	}
	var got Access
	got, s.err = a.ask(ctx, s)
	switch {
	case decided(s.err):
		return s.err
	case s.err == nil && got.Ended && !s.past:
		return ErrEnded
	case s.err == nil:
		s.owed, s.known, s.ends = false, now, now.Add(max(got.Lasts, retryInterval))
		return nil
	default:
		return s.unsure()
	}
}

// unsure returns ErrUnsure if the end of the access may have been missed for too long.
func (s *openStream) unsure() error {
	if time.Since(s.known) < outage {
		return nil
	}
	return ErrUnsure.Because(s.err)
}

// next is how long the stream goes on without a check, unless something happens.
func (s *openStream) next() time.Duration {
	wait := time.Until(s.known.Add(outage))
	if s.owed {
		return min(wait, retryInterval)
	}
	return min(wait, time.Until(s.ends))
}

// ask reads the access. It ends early enough for another attempt, and when the stream has to end without an answer.
func (a *AccessWatch) ask(ctx context.Context, s *openStream) (Access, error) {
	ctx, cancel := context.WithTimeout(ctx, min(lookTimeout, time.Until(s.known.Add(outage))))
	defer cancel()
	return a.config.Access(s.Who).SessionAccess(ctx, s.Session)
}

func (a *AccessWatch) add(s Stream) *openStream {
	o := &openStream{Stream: s, doubted: make(chan struct{}, 1), known: time.Now()}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open[o] = struct{}{}
	return o
}

func (a *AccessWatch) remove(s *openStream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, s)
}

// Run checks all open streams every 30 seconds, in one statement, until ctx is done. It returns nil. It is for an event
// that was missed: the stream that it finds asks once more by itself, and ends if that says so.
func (a *AccessWatch) Run(ctx context.Context) error {
	return periodic.Task{
		Name: "check the access of open desktops", Every: batchInterval, Once: a.checkAll, Log: a.config.Log,
	}.Run(ctx)
}

func (a *AccessWatch) checkAll(ctx context.Context) error {
	a.mu.Lock()
	open := make([]*openStream, 0, len(a.open))
	streams := make([]Stream, 0, len(a.open))
	for s := range a.open {
		open, streams = append(open, s), append(streams, s.Stream)
	}
	a.mu.Unlock()
	if len(open) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	ended, err := a.config.Ended(ctx, streams)
	if err != nil {
		return err
	}
	for _, i := range ended {
		select {
		case open[i].doubted <- struct{}{}:
		default:
		}
	}
	return nil
}

// decided reports whether the database has refused, and not failed.
func decided(err error) bool {
	switch f := fault.Of(err); f.Kind {
	case fault.Unauthenticated, fault.Forbidden, fault.NotFound:
		return err != nil
	default:
		return false
	}
}
