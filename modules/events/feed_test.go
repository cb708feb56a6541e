package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ledger is a log of one organisation, and everything else that a feed needs, without a database.
type ledger struct {
	mu      sync.Mutex
	entries []Entry
	newest  int64
	away    bool // the database does not answer
	unread  bool // the newest number is read, and no event
	removed bool // the organisation
	gone    bool // the subscriber's credential has ended
	lost    bool // wakes do not arrive
	ends    time.Time
	watches map[chan struct{}]struct{}
	// elsewhere has a value when another replica has said that it wrote something.
	elsewhere chan struct{}
	// meanwhile is called between the answer to "what is the newest?" and its arrival.
	meanwhile func()
}

var (
	errAway = errors.New("no connection")
	errGone = fault.New(fault.Unauthenticated, "gone", "Gone.")
)

func newLedger() *ledger {
	return &ledger{
		ends: time.Now().Add(24 * time.Hour), watches: map[chan struct{}]struct{}{}, elsewhere: make(chan struct{}, 1),
		meanwhile: func() {},
	}
}

// append adds events of an owner and wakes the feed.
func (l *ledger) append(owner org.UserID, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		l.newest++
		l.entries = append(l.entries, Entry{
			Seq: l.newest, Type: "session.running", Version: 1, Owner: owner, Data: json.RawMessage("{}"),
		})
	}
	for w := range l.watches {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

func (l *ledger) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// Wake and Watch implement bus.Bus.
func (l *ledger) Wake(string) {}

func (l *ledger) Watch(topic string) (<-chan struct{}, func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := make(chan struct{}, 1)
	switch {
	case topic == bus.Elsewhere:
		return l.elsewhere, func() {}
	case l.lost:
		return w, func() {}
	}
	l.watches[w] = struct{}{}
	return w, func() { l.set(func() { delete(l.watches, w) }) }
}

func (l *ledger) between(after, until int64, n int) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away || l.unread {
		return nil, errAway
	}
	var out []Entry
	for _, e := range l.entries {
		if e.Seq > after && e.Seq <= until && len(out) < n {
			out = append(out, e)
		}
	}
	return out, nil
}

// EventBounds implements ServiceQueries.
func (l *ledger) EventBounds(context.Context) (Bounds, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return Bounds{}, errAway
	}
	if len(l.entries) == 0 {
		return Bounds{l.newest + 1, l.newest}, nil
	}
	return Bounds{l.entries[0].Seq, l.newest}, nil
}

// EventsAfter implements ServiceQueries.
func (l *ledger) EventsAfter(_ context.Context, after int64, n int) ([]Entry, error) {
	return l.between(after, 1<<62, n)
}

// own is a member's view of the ledger.
type own struct {
	*ledger
	viewer Viewer
}

// Access implements Queries.
func (o own) Access(context.Context) (Access, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone {
		return Access{}, errGone
	}
	return Access{Credential: uuid.UUID{1}, EndsAt: o.ends, Slug: "acme", Namespace: "ns"}, nil
}

// OwnEvents implements Queries.
func (o own) OwnEvents(_ context.Context, after, until int64, n int) ([]Entry, error) {
	all, err := o.between(after, until, 1<<30)
	all = slices.DeleteFunc(all, func(e Entry) bool { return !o.viewer.Sees(e) })
	return all[:min(n, len(all))], err
}

func (l *ledger) newestOf(_ context.Context, of []org.ID) (map[org.ID]int64, error) {
	l.mu.Lock()
	away, removed, newest, meanwhile := l.away, l.removed, l.newest, l.meanwhile
	l.mu.Unlock()
	switch {
	case away:
		return nil, errAway
	case removed:
		return nil, nil
	}
	meanwhile()
	return map[org.ID]int64{of[0]: newest}, nil
}

func (l *ledger) feed() *Feed {
	return NewFeed(Config{
		Read:      func(in org.Scope) Queries { return own{l, Viewer{in.User(), in.Role()}} },
		AsService: func(org.ID, string) ServiceQueries { return l },
		Newest:    l.newestOf, Bus: l, Log: slog.New(slog.DiscardHandler),
	})
}

var (
	acme   = org.ID{UUID: uuid.UUID{0xa}}
	member = org.UserID{UUID: uuid.UUID{0xb}}
	other  = org.UserID{UUID: uuid.UUID{0xc}}
)

func asMember(after *int64) Query {
	return Query{Who: org.Member(acme, member, org.RoleMember, org.CredentialID{}), After: after}
}

// inBubble runs a test with a feed, whose clock stands still while something works.
func inBubble(t *testing.T, test func(t *testing.T, l *ledger, f *Feed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := newLedger()
		f := l.feed()
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		test(t, l, f)
		if n := f.Open(); n > 0 {
			t.Errorf("%d subscriptions were not closed", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// subscribe subscribes and closes the subscription with the test.
func subscribe(t *testing.T, f *Feed, q Query) *Subscription {
	t.Helper()
	s, err := f.Subscribe(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// upTo reads up to the message whose number is at least seq.
func upTo(t *testing.T, s *Subscription, seq int64) (all []string) {
	t.Helper()
	for {
		m, err := s.Next(t.Context())
		if err != nil {
			t.Fatalf("after %v: %v", all, err)
		}
		if m.Type != HeartbeatType {
			all = append(all, fmt.Sprint(m.Type, " ", m.Seq))
		}
		if m.Seq >= seq {
			return all
		}
	}
}

func at(n int64) *int64 { return &n }

func TestASubscriberIsToldOfItsOwnEventsOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		l.append(member, 2)
		l.append(other, 1)
		s := subscribe(t, f, asMember(at(1)))
		defer s.Close()
		l.append(other, 2)
		l.append(member, 1)
		if diff := cmp.Diff([]string{"session.running 2", "session.running 6"}, upTo(t, s, 6)); diff != "" {
			t.Error(diff)
		}
		// Without an event a heartbeat says that nothing was missed.
		l.append(other, 4)
		synctest.Wait() // the reader has read them
		began := time.Now()
		if m, err := s.Next(t.Context()); err != nil || m.Type != HeartbeatType || m.Seq != 10 {
			t.Errorf("%+v, %v", m, err)
		}
		if took := time.Since(began); took > Heartbeat {
			t.Errorf("a heartbeat came after %v", took)
		}
	})
}

func TestALostWakeDelaysAnEventByASecond(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		l.lost = true
		s := subscribe(t, f, asMember(nil))
		defer s.Close()
		upTo(t, s, 0)
		time.Sleep(10 * time.Millisecond)
		l.append(member, 1)
		began := time.Now()
		upTo(t, s, 1)
		if took := time.Since(began); took > pollInterval {
			t.Errorf("it came after %v", took)
		}
	})
}

func TestAnotherReplicasWakeIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		l.lost = true // no wake of this process
		s := subscribe(t, f, asMember(nil))
		defer s.Close()
		upTo(t, s, 0)
		for n := int64(1); n <= 3; n++ {
			l.append(member, 1)
			l.elsewhere <- struct{}{}
			began := time.Now()
			upTo(t, s, n)
			if took := time.Since(began); took > lookInterval {
				t.Errorf("event %d came after %v", n, took)
			}
		}
	})
}

// Seen to fail with a look that compares its answer with what was read since it asked.
func TestEventsThatAreReadDuringALookAreNoOlderDatabase(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		s := subscribe(t, f, asMember(nil))
		defer s.Close()
		upTo(t, s, 0)
		read := make(chan struct{}) // closed by the goroutine that looks
		l.set(func() {
			l.meanwhile = func() {
				defer close(read)
				l.set(func() { l.meanwhile = func() {} })
				l.append(member, 1)
				upTo(t, s, 1)
			}
		})
		time.Sleep(2 * pollInterval)
		<-read
		l.append(member, 1)
		if diff := cmp.Diff([]string{"session.running 2"}, upTo(t, s, 2)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAClientThatDoesNotReadLosesItsSubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		slow, quick := subscribe(t, f, asMember(nil)), subscribe(t, f, asMember(nil))
		defer slow.Close()
		defer quick.Close()
		for i := range 3 {
			l.append(member, backlog/2)
			upTo(t, quick, int64((i+1)*backlog/2))
		}
		if _, err := slow.Next(t.Context()); !errors.Is(err, ErrSlow) {
			t.Errorf("a client %d events behind: %v", backlog*3/2, err)
		}
	})
}

func TestMissingEventsAreSaid(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		s := subscribe(t, f, asMember(nil))
		defer s.Close()
		upTo(t, s, 0)
		l.set(func() { l.newest = 5 }) // removed before they were read
		l.append(member, 1)
		if diff := cmp.Diff([]string{"reset 5", "session.running 6"}, upTo(t, s, 6)); diff != "" {
			t.Error(diff)
		}
		l.set(func() { l.newest, l.entries = 2, nil }) // an older database was restored
		time.Sleep(2 * pollInterval)
		l.append(member, 1)
		if diff := cmp.Diff([]string{"reset 2", "session.running 3"}, upTo(t, s, 3)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestASubscriptionEndsWithItsCredential(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		access := func(subject uuid.UUID) {
			l.set(func() {
				l.newest++
				l.entries = append(l.entries, Entry{
					Seq: l.newest, Type: "sign_in.ended", Subject: Subject{ID: subject}, Owner: member, Data: json.RawMessage("{}"),
				})
			})
		}
		s := subscribe(t, f, asMember(nil))
		defer s.Close()
		upTo(t, s, 0)
		l.set(func() { l.gone = true })
		access(uuid.UUID{2}) // another one's end is only told
		upTo(t, s, 1)
		access(uuid.UUID{1})
		began := time.Now()
		if _, err := s.Next(t.Context()); !errors.Is(err, errGone) {
			t.Errorf("after its end: %v", err)
		}
		if took := time.Since(began); took > pollInterval {
			t.Errorf("it ended after %v", took)
		}
		if _, err := f.Subscribe(t.Context(), asMember(nil)); !errors.Is(err, errGone) {
			t.Errorf("a new one: %v", err)
		}
	})
}

func TestASubscriptionEndsWithItsTokenUnlessThatIsRenewed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		began := time.Now()
		q := asMember(nil)
		q.Lease = Lease{Until: began.Add(time.Minute), Renew: func(context.Context, string) (time.Time, error) {
			return began.Add(2 * time.Minute), nil
		}}
		s := subscribe(t, f, q)
		defer s.Close()
		if err := s.Renew(t.Context(), "new"); err != nil {
			t.Fatal(err)
		}
		var err error
		for err == nil {
			_, err = s.Next(t.Context())
		}
		if took := time.Since(began); !errors.Is(err, ErrTokenExpired) || took != 2*time.Minute {
			t.Errorf("it ended after %v: %v", took, err)
		}
	})
}

func TestSubscriptionsOutliveAShortOutage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		s := subscribe(t, f, asMember(nil))
		defer s.Close()
		away := func(on bool) { l.set(func() { l.away = on }) }
		away(true)
		time.Sleep(outage - 2*time.Second)
		away(false)
		l.append(member, 1)
		upTo(t, s, 1)
		away(true)
		time.Sleep(outage + 2*time.Second)
		if _, err := s.Next(t.Context()); !errors.Is(err, ErrOutage) {
			t.Errorf("after %v without a database: %v", outage, err)
		}
	})
}

func TestAStoppingServerEndsSubscriptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := newLedger().feed()
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		s := subscribe(t, f, asMember(nil))
		cancel()
		synctest.Wait()
		if _, err := s.Next(t.Context()); !errors.Is(err, ErrStopping) {
			t.Errorf("it ended with %v", err)
		}
		if _, err := f.Subscribe(t.Context(), asMember(nil)); !errors.Is(err, ErrStopping) {
			t.Errorf("a new one: %v", err)
		}
		s.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestSubscriptionsAreLimited(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, _ *ledger, f *Feed) {
		var all []*Subscription
		for range perUser {
			all = append(all, subscribe(t, f, asMember(nil)))
		}
		if _, err := f.Subscribe(t.Context(), asMember(nil)); !errors.Is(err, errTooMany) {
			t.Errorf("one too many: %v", err)
		}
		q := asMember(nil)
		q.Who = org.Member(acme, other, org.RoleMember, org.CredentialID{})
		all = append(all, subscribe(t, f, q))
		all[0].Close()
		all[0] = subscribe(t, f, asMember(nil))
		for _, s := range all {
			s.Close()
		}
		if len(f.open) > 0 || len(f.readers) > 0 {
			t.Errorf("they left %v, %v", f.open, f.readers)
		}
	})
}
