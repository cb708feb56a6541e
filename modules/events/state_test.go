package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// numbers is a state that a test sets.
type numbers struct {
	l       *ledger
	shown   int
	outside bool
	err     error
	reads   int // of all of it
	looks   int // at the part outside of the log
}

func (n *numbers) set(change func()) { n.l.set(change) }

// query asks for the numbers.
func (n *numbers) query() Query {
	q := asMember(nil)
	q.Types = Types{"session"}
	q.State = &State{Type: "numbers", Read: func(context.Context) (any, bool, error) {
		n.l.mu.Lock()
		defer n.l.mu.Unlock()
		n.reads++
		return []any{n.shown, n.outside}, n.outside, n.err
	}, Outside: func(context.Context) (bool, error) {
		n.l.mu.Lock()
		defer n.l.mu.Unlock()
		n.looks++
		return n.outside, n.err
	}}
	return q
}

// messages reads for a time and returns what came, and when, without heartbeats.
func messages(t *testing.T, s *Subscription, d time.Duration) (all []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	began := time.Now()
	for {
		m, err := s.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return all
		case err != nil:
			t.Fatal(err)
		case m.Type == HeartbeatType:
			continue
		}
		var data struct{ Data []any }
		if err := json.Unmarshal(m.JSON, &data); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(time.Since(began), " ", m.Type, " ", m.Seq, " ", data.Data))
	}
}

func TestAStateIsSentOnceASecondWhenItHasChanged(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		l.append(member, 3)
		n := &numbers{l: l}
		s := subscribe(t, f, n.query())
		defer s.Close()
		want := []string{"0s numbers 3 [0 false]"}
		if diff := cmp.Diff(want, messages(t, s, 2*time.Second)); diff != "" {
			t.Errorf("at the beginning (-want +got):\n%s", diff)
		}
		go func() { // 30 changes in 1.5 seconds, and events that change nothing
			for range 30 {
				n.set(func() { n.shown++ })
				l.append(other, 1) // of which the member gets no event
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(5 * time.Second)
			l.append(member, 1)
		}()
		want = []string{"0s numbers 4 [1 false]", "1s numbers 23 [21 false]", "2s numbers 33 [30 false]"}
		got := messages(t, s, 9*time.Second)
		if len(got) != 3 || got[0] != want[0] || got[2] != want[2] {
			t.Errorf("after changes (-want +got):\n%s", cmp.Diff(want, got))
		}
	})
}

func TestAStateCostsNothingWithoutEvents(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		n := &numbers{l: l}
		q := n.query()
		q.State.Outside = nil
		s := subscribe(t, f, q)
		defer s.Close()
		messages(t, s, time.Hour)
		if n.reads != 1 {
			t.Errorf("an idle hour took %d reads", n.reads)
		}
		l.append(member, 1)
		messages(t, s, Heartbeat+time.Second)
		if s.Sent() != 1 || n.reads != 2 {
			t.Errorf("after an event: sent %d, %d reads", s.Sent(), n.reads)
		}
	})
}

func TestWhatIsOutsideOfTheLogIsReadOnceForAll(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		n := &numbers{l: l}
		got := make([][]string, 5)
		done := make(chan struct{})
		for i := range got {
			s := subscribe(t, f, n.query())
			go func() {
				defer func() { done <- struct{}{} }()
				defer s.Close()
				got[i] = messages(t, s, 2*outsideInterval+time.Second)
			}()
		}
		time.Sleep(time.Second)
		n.set(func() { n.outside = true })
		for range got {
			<-done
		}
		for _, all := range got {
			if diff := cmp.Diff([]string{"0s numbers 0 [0 false]", "10s numbers 0 [0 true]"}, all); diff != "" {
				t.Errorf("a subscriber (-want +got):\n%s", diff)
			}
		}
		if n.looks != 2 {
			t.Errorf("%d looks in 21 seconds by 5 subscribers", n.looks)
		}
	})
}

func TestAStateOutlivesAShortOutage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		n := &numbers{l: l}
		s := subscribe(t, f, n.query())
		defer s.Close()
		messages(t, s, time.Second)
		n.set(func() { n.err, n.shown = fault.New(fault.Unavailable, "away", "Away."), 1 })
		l.append(member, 1)
		messages(t, s, 5*time.Second)
		n.set(func() { n.err = nil })
		if got := messages(t, s, 2*time.Second); len(got) != 1 {
			t.Errorf("after the outage: %v", got)
		}
		n.set(func() { n.err = errGone })
		l.append(member, 1)
		synctest.Wait()
		for {
			if m, err := s.Next(t.Context()); err != nil {
				if !errors.Is(err, errGone) {
					t.Errorf("it ended with %v", err)
				}
				return
			} else if m.Type != HeartbeatType {
				t.Errorf("without the access: %s", m.JSON)
			}
		}
	})
}

func TestAStateIsRepeatedAfterAReset(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		l.append(member, 3)
		n := &numbers{l: l}
		s := subscribe(t, f, n.query())
		defer s.Close()
		messages(t, s, time.Second)
		l.set(func() { l.newest, l.entries = 1, l.entries[:1] })
		var got []string
		for len(got) < 2 {
			m, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if m.Type != HeartbeatType {
				got = append(got, fmt.Sprint(m.Type, " ", m.Seq))
			}
		}
		if diff := cmp.Diff([]string{"reset 1", "numbers 1"}, got); diff != "" {
			t.Errorf("after a restore (-want +got):\n%s", diff)
		}
	})
}
