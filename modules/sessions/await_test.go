package sessions

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

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

func (w *watched) SessionEvents(context.Context, ID, page.Cursor, int) ([]Event, error) {
	return nil, errors.New("nobody asks for its history")
}

func (w *watched) Wake(string) { w.wake <- struct{}{} }

func (w *watched) Watch(string) (<-chan struct{}, func()) { return w.wake, func() {} }

func (w *watched) service() *Service {
	read := func(org.Scope) Queries { return w }
	return NewService(Config{Read: read, Bus: w, Counter: w})
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
