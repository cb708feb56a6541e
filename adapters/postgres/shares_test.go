package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// nothingHeld tells that nobody holds or waits for a share: one entry per organisation that ever came would grow for
// good.
func nothingHeld(t *testing.T, s *shares) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) != 0 {
		t.Errorf("%d organisations still hold a share", len(s.held))
	}
}

// crowd is one organisation that wants far more than its share.
const crowd = 64

// Seen to fail with either pool's share made its size: the other organisation waited in vain. And with entries that
// stay in the map.
func TestOneOrgNeverHoldsMoreThanItsShareOfAPool(t *testing.T) {
	t.Parallel()
	greedy, other := database.NewOrg(t, dbtest.Spec{}), database.NewOrg(t, dbtest.Spec{})
	t.Run("members", func(t *testing.T) {
		t.Parallel()
		d := small(t, 16)
		scope := inOrg(d)
		neverMoreThan(t, 2, d.appShares,
			func(fn func() error) error {
				return scope(t.Context(), as(greedy, greedy.Member), func(*memberTx) error { return fn() })
			},
			func(ctx context.Context) error {
				return scope(ctx, as(other, other.Member), func(*memberTx) error { return nil })
			})
	})
	t.Run("services", func(t *testing.T) {
		t.Parallel()
		d := small(t, 16)
		service := asService(d, func(t *serviceTx) *serviceTx { return t })
		neverMoreThan(t, 1, d.systemShares,
			func(fn func() error) error {
				return service(t.Context(), greedy.ID, "test", func(*serviceTx) error { return fn() })
			},
			func(ctx context.Context) error {
				return service(ctx, other.ID, "test", func(*serviceTx) error { return nil })
			})
	})
	t.Run("of a pool of one", func(t *testing.T) {
		t.Parallel()
		d := small(t, 1)
		if err := inOrg(d)(t.Context(), as(other, other.Member), func(*memberTx) error { return nil }); err != nil {
			t.Errorf("nobody has a share: %v", err)
		}
	})
}

// neverMoreThan has the crowd hold what it gets until the other organisation was served.
func neverMoreThan(t *testing.T, share int64, s *shares, hold func(func() error) error,
	other func(context.Context) error) {
	t.Helper()
	var now, most, served atomic.Int64
	entered, letGo := make(chan struct{}, crowd), make(chan struct{})
	var g errgroup.Group
	for range crowd {
		g.Go(func() error {
			return hold(func() error {
				n := now.Add(1)
				for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
				}
				entered <- struct{}{}
				<-letGo
				now.Add(-1)
				served.Add(1)
				return nil
			})
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range share {
		select {
		case <-entered: // the share is used up, and everybody else of the crowd waits
		case <-ctx.Done():
			t.Errorf("the crowd holds %d of its share of %d", now.Load(), share)
		}
	}
	if err := other(ctx); err != nil {
		t.Errorf("the other organisation, while the crowd waits: %v", err)
	}
	close(letGo)
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if most.Load() != share || served.Load() != crowd {
		t.Errorf("%d at once of %d, %d served of %d", most.Load(), share, served.Load(), crowd)
	}
	nothingHeld(t, s)
}

// Whoever waits too long for their own organisation is told to come again, and whoever leaves is not waited for.
func TestAWaitForAShareEnds(t *testing.T) {
	t.Parallel()
	s := newShares(1)
	id := org.ID{UUID: newSession(&dbtest.Org{}, dbtest.Person{}).ID.UUID}
	giveBack, err := s.acquire(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, fault.ErrBusy)
	defer cancel()
	_, err = s.acquire(ctx, id)
	if err = acquireError(t.Context(), err); fault.Of(err).Code != "busy" || fault.Of(err).RetryAfter == 0 {
		t.Errorf("a wait that took too long: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err = s.acquire(gone, id)
	if err = acquireError(gone, err); fault.Of(err).Code == "busy" {
		t.Errorf("a caller who has gone is told that it is busy: %v", err)
	}
	giveBack()
	nothingHeld(t, s)
}

// What waits for locked rows, of members and in the background, takes nothing from the checks of an open desktop.
// Seen to fail with the event log read, and all desktops checked, by the pool of background work.
func TestALookAtAccessWaitsForNoRequest(t *testing.T) {
	t.Parallel()
	d, ctx := small(t, 2), t.Context()
	o := database.NewOrg(t, dbtest.Spec{})
	s, _ := service(d)
	made, err := s.Create(ctx, as(o, o.Member), sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	locking, release := make(chan struct{}), make(chan struct{})
	var clicks sync.WaitGroup
	defer clicks.Wait()
	defer close(release)
	for range d.app.size { // all connections for requests
		other := database.NewOrg(t, dbtest.Spec{})
		clicks.Go(func() {
			_ = inOrg(d)(ctx, as(other, other.Member), func(*memberTx) error {
				locking <- struct{}{}
				<-release
				return nil
			})
		})
	}
	for range d.system.size {
		other := database.NewOrg(t, dbtest.Spec{})
		clicks.Go(func() {
			_ = asService(d, func(t *serviceTx) *serviceTx { return t })(ctx, other.ID, "test", func(*serviceTx) error {
				locking <- struct{}{}
				<-release
				return nil
			})
		})
	}
	for range d.app.size + d.system.size {
		<-locking
	}
	if _, err := d.SessionAccess()(as(o, o.Member)).SessionAccess(ctx, made.ID); err != nil {
		t.Errorf("a look: %v", err)
	}
	if _, err := d.EndedStreams(ctx, []sessions.Stream{{Who: as(o, o.Member), Session: made.ID}}); err != nil {
		t.Errorf("a check of all desktops: %v", err)
	}
	if _, err := d.NewestEvents(ctx, []org.ID{o.ID}); err != nil {
		t.Errorf("the newest events: %v", err)
	}
	if _, err := d.EventsAsService()(o.ID, "test").EventsAfter(ctx, 0, 1); err != nil {
		t.Errorf("the event log: %v", err)
	}
}
