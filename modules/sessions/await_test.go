package sessions

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// watched is one session as its scopes show it, and the bus that wakes whoever watches it.
type watched struct {
	mu    sync.Mutex
	state State
	err   error // why it is not shown
	wake  chan struct{}
}

func newWatched(s State) *watched { return &watched{state: s, wake: make(chan struct{}, 1)} }

func (w *watched) become(s State, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.err = s, err
}

func (w *watched) SessionByID(_ context.Context, id ID) (Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Session{ID: id, State: w.state}, w.err
}

func (w *watched) Sessions(context.Context, Filter, page.Cursor, int) ([]Session, error) {
	return nil, errors.New("nobody lists")
}

func (w *watched) Quota(context.Context) (Quota, error) {
	return Quota{}, errors.New("nobody asks for the quota")
}

func (w *watched) SessionEvents(context.Context, ID, page.Cursor, int) ([]Event, error) {
	return nil, errors.New("nobody asks for its history")
}

func (w *watched) Wake(string) { w.wake <- struct{}{} }

func (w *watched) Watch(string) (<-chan struct{}, func()) { return w.wake, func() {} }

func (w *watched) service() *Service {
	return NewService(Config{Read: func(org.Scope) Queries { return w }, Bus: w, Counter: w})
}

func (w *watched) Refusals(string) func() { return func() {} }

var errRemoved = fault.New(fault.Unauthenticated, "signed_out", "no longer a member")

func TestWhoeverWaitsIsAskedForAtEachLook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then State
		err  error
		code string // empty: it runs
	}{
		"it runs":          {link.Running, nil, ""},
		"it still starts":  {link.Starting, nil, "session_not_ready"},
		"it has ended":     {link.Failed, nil, ErrEnded.Code},
		"they are removed": {link.Running, errRemoved, errRemoved.Code},
	} {
		for _, woken := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w, result := newWatched(link.Pending), make(chan error, 1)
					go func() {
						_, err := w.service().AwaitRunning(t.Context(), org.Scope{}, ID{uuid.New()})
						result <- err
					}()
					synctest.Wait()
					if w.become(c.then, c.err); woken {
						w.Wake("")
					}
					if err := <-result; (c.code == "") != (err == nil) || (c.code != "" && fault.Of(err).Code != c.code) {
						t.Errorf("woken %t: %v, want %q", woken, err, c.code)
					}
				})
			})
		}
	}
}

// An open stream ends with the right to it, whether or not anybody says so: a member who is removed wakes nobody.
func TestAccessIsLookedAtEachSecond(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then State
		err  error
	}{
		"they are removed":     {link.Running, errRemoved},
		"it is no longer seen": {link.Running, fault.New(fault.NotFound, "session_not_found", "there is none")},
		"nobody can tell":      {link.Running, errors.New("no database")},
		"it has ended":         {link.Terminated, ErrEnded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, result := newWatched(link.Running), make(chan error, 1)
				go func() { result <- w.service().WatchAccess(t.Context(), org.Scope{}, ID{uuid.New()}) }()
				time.Sleep(10*pollInterval + pollInterval/2)
				select {
				case err := <-result:
					t.Fatalf("it ended while it was theirs: %v", err)
				default:
				}
				err := c.err
				if errors.Is(err, ErrEnded) {
					err = nil // the state says so
				}
				w.become(c.then, err)
				since := time.Now()
				select {
				case err := <-result:
					if !errors.Is(err, c.err) || time.Since(since) > pollInterval {
						t.Errorf("after %v: %v, want %v", time.Since(since), err, c.err)
					}
				case <-time.After(time.Minute):
					t.Error("it goes on")
				}
			})
		})
	}
}
