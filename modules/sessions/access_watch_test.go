package sessions

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// accessible is the access of one member to one session, and everything else that an AccessWatch needs.
type accessible struct {
	mu       sync.Mutex
	ended    bool
	err      error // why there is no access, or no answer
	endsAt   time.Time
	asked    int // how often one stream has asked for its access
	concerns func(events.Entry) bool
	ready    chan struct{}
	due      bool
	asOf     time.Time // zero: the log is read at all times
}

func newAccessible() *accessible {
	return &accessible{endsAt: time.Now().Add(24 * time.Hour), ready: make(chan struct{}, 1), due: true}
}

func (a *accessible) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

// tell is an event of the organisation.
func (a *accessible) tell(e events.Entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.concerns(e) {
		return
	}
	a.due = true
	select {
	case a.ready <- struct{}{}:
	default:
	}
}

// Ready, Due and Stop implement Changing.
func (a *accessible) Ready() <-chan struct{} { return a.ready }

func (a *accessible) Due() (bool, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := a.due
	a.due = false
	if a.asOf.IsZero() {
		return due, time.Now()
	}
	return due, a.asOf
}

func (*accessible) Stop() {}

// SessionAccess implements AccessQueries.
func (a *accessible) SessionAccess(ctx context.Context, _ ID) (Access, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if errors.Is(a.err, errStuck) {
		a.mu.Unlock()
		<-ctx.Done()
		a.mu.Lock()
		return Access{}, ctx.Err()
	}
	if a.err == nil && !time.Now().Before(a.endsAt) {
		return Access{}, errRemoved
	}
	return Access{Ended: a.ended, Lasts: time.Until(a.endsAt)}, a.err
}

var errStuck = errors.New("a lock that no one releases")

// endedStreams implements EndedStreams.
func (a *accessible) endedStreams(_ context.Context, all []Stream) (ended []int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range all {
		if a.ended || a.err != nil {
			ended = append(ended, i)
		}
	}
	return ended, nil
}

var (
	viewed = ID{uuid.UUID{1}}
	viewer = org.Member(org.ID{UUID: uuid.UUID{2}}, org.UserID{UUID: uuid.UUID{3}}, org.RoleMember, org.CredentialID{})
	// signInEnded is what ends the access of all members but one.
	signInEnded = events.Entry{Type: "sign_in.ended", Subject: events.Subject{ID: uuid.UUID{4}}, Owner: viewer.User()}
)

// watching opens a stream in a bubble, and returns how it ends.
func watching(t *testing.T, test func(a *accessible, ended <-chan error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := newAccessible()
		w := NewAccessWatch(AccessConfig{
			Changes: func(_ org.ID, concerns func(events.Entry) bool) (Changing, error) {
				a.concerns = concerns
				return a, nil
			},
			Access: func(org.Scope) AccessQueries { return a }, Ended: a.endedStreams, Log: slog.New(slog.DiscardHandler),
		})
		var running sync.WaitGroup
		running.Go(func() { _ = w.Run(ctx) })
		ended := make(chan error, 1)
		running.Go(func() { ended <- w.WatchAccess(ctx, viewer, viewed) })
		synctest.Wait()
		test(a, ended)
		cancel()
		running.Wait()
		if n := len(w.open); n > 0 {
			t.Errorf("%d streams are still checked", n)
		}
	})
}

// wantEnd waits for the end of a stream.
func wantEnd(t *testing.T, ended <-chan error, want error, within time.Duration) {
	t.Helper()
	since := time.Now()
	if err := <-ended; !errors.Is(err, want) || time.Since(since) > within {
		t.Errorf("after %v: %v, want %v within %v", time.Since(since), err, want, within)
	}
}

// Seen to fail with events that are left out, with a check of all streams whose result is not used, and without the end
// of the credential.
func TestAStreamEndsWithTheAccess(t *testing.T) {
	t.Parallel()
	errHidden := fault.New(fault.NotFound, "session_not_found", "there is none")
	for name, c := range map[string]struct {
		change func(*accessible)
		event  events.Entry
		want   error
	}{
		"they are removed": {func(a *accessible) { a.err = errRemoved }, signInEnded, errRemoved},
		"it is no longer seen": {func(a *accessible) { a.err = errHidden },
			events.Entry{Type: "member.updated", Owner: viewer.User()}, errHidden},
		"it has ended": {func(a *accessible) { a.ended = true },
			events.Entry{Type: "session.terminating", Subject: events.Subject{ID: viewed.UUID}}, ErrEnded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("an event says so", func(t *testing.T) {
				t.Parallel()
				watching(t, func(a *accessible, ended <-chan error) {
					time.Sleep(time.Minute + time.Second)
					a.set(func() { c.change(a) })
					a.tell(c.event)
					wantEnd(t, ended, c.want, 0)
				})
			})
			t.Run("the event is missed", func(t *testing.T) {
				t.Parallel()
				watching(t, func(a *accessible, ended <-chan error) {
					time.Sleep(time.Minute + time.Second)
					a.set(func() { c.change(a) })
					wantEnd(t, ended, c.want, batchInterval)
				})
			})
		})
	}
	t.Run("the credential's time has come", func(t *testing.T) {
		t.Parallel()
		watching(t, func(a *accessible, ended <-chan error) {
			a.set(func() { a.endsAt = time.Now().Add(time.Minute) })
			a.tell(events.Entry{Type: "key.changed", Owner: viewer.User()})
			wantEnd(t, ended, errRemoved, time.Minute)
		})
	})
}

// What does not concern a stream costs the database nothing, and time does not either.
func TestAnIdleStreamDoesNotAsk(t *testing.T) {
	t.Parallel()
	watching(t, func(a *accessible, ended <-chan error) {
		for range 600 {
			a.tell(events.Entry{Type: "session.running", Subject: events.Subject{ID: uuid.New()}, Owner: viewer.User()})
			a.tell(events.Entry{Type: "sign_in.ended", Owner: org.UserID{UUID: uuid.New()}})
			time.Sleep(time.Second)
		}
		a.mu.Lock()
		asked := a.asked
		a.mu.Unlock()
		if asked != 1 {
			t.Errorf("it asked %d times in ten minutes, want once at its begin", asked)
		}
		select {
		case err := <-ended:
			t.Errorf("it ended with %v", err)
		default:
		}
	})
}

// A stream in use outlives a database that does not answer for a while, whether it fails or says nothing. It ends when
// the end of the access may have been missed for too long, whether the log cannot be read or the access.
func TestAStreamOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]error{
		"it fails":    errors.New("no database"),
		"it is away":  fault.New(fault.Unavailable, "away", "Away."),
		"it is stuck": errStuck,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watching(t, func(a *accessible, ended <-chan error) {
				for range 3 { // each outage begins anew
					a.set(func() { a.err = away })
					a.tell(signInEnded)
					time.Sleep(outage - 2*retryInterval)
					a.set(func() { a.err = nil })
					time.Sleep(lookTimeout + 2*retryInterval)
				}
				a.set(func() { a.err = away })
				a.tell(signInEnded)
				wantEnd(t, ended, ErrUnsure, outage)
			})
		})
	}
	t.Run("the log is not read", func(t *testing.T) {
		t.Parallel()
		watching(t, func(a *accessible, ended <-chan error) {
			for range 3 {
				a.set(func() { a.asOf = time.Now() })
				time.Sleep(outage - retryInterval)
				a.set(func() { a.asOf = time.Time{} })
				time.Sleep(outage)
			}
			a.set(func() { a.asOf = time.Now() })
			wantEnd(t, ended, ErrUnsure, outage)
		})
	})
}
