package sessions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// states are all there are.
var states = []State{link.Pending, link.Starting, link.Running, link.Terminating, link.Terminated, link.Failed}

func TestStates(t *testing.T) {
	t.Parallel()
	for from, to := range next {
		if !known(from) {
			t.Errorf("%s is an unknown state", from)
		}
		for _, s := range to {
			if !known(s) || s == from || s == link.Pending {
				t.Errorf("%s may not go to %s", from, s)
			}
		}
	}
	for _, s := range states {
		switch {
		case !known(s):
			t.Errorf("%s is not known", s)
		case s.Final() != (s == link.Terminated || s == link.Failed):
			t.Errorf("%s is final: %t", s, s.Final())
		case s.Final() && len(next[s]) > 0:
			t.Errorf("%s goes on", s)
		case !s.Final() && s != link.Terminating && !CanFollow(s, link.Terminating):
			t.Errorf("%s does not take a terminate", s)
		case !s.Final() && (!CanFollow(s, link.Terminated) || !CanFollow(s, link.Failed)):
			t.Errorf("%s does not reach an end", s)
		}
	}
	if known("") || known("hibernated") || CanFollow("", link.Running) {
		t.Error("there are more states than these")
	}
}

// session is a row, as a report finds it, with what was written beside it. It keeps a wanted end as the database does.
type session struct {
	Session
	wrote   int
	others  bool // another host may start it
	moved   bool // and was asked to
	entries []string
	facts   []string
}

func (s *session) ReportedSession(context.Context) (Session, error) { return s.Session, nil }

func (s *session) SetObserved(_ context.Context, _ ID, o Observed) error {
	s.State, s.Reason = o.State, o.Reason
	s.wrote++
	return nil
}

func (s *session) StartElsewhere(context.Context) (bool, error) {
	if !s.others || s.moved {
		return false, nil
	}
	s.moved, s.State = true, link.Pending
	return true, nil
}

func (s *session) PredatesRestore(context.Context) (bool, error) { return false, nil }

func (s *session) RecordAudit(_ context.Context, action, _ string) error {
	s.entries = append(s.entries, action)
	return nil
}

func (s *session) AppendEvent(_ context.Context, e events.Event) error {
	s.facts = append(s.facts, e.Type)
	return nil
}

// Whatever is reported, in whatever order, and whenever the end is wanted: a session moves along the table alone, tells
// each move once, and its end once.
func TestReportsMoveASessionAlongItsStates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &session{Session: Session{State: link.Pending, Generation: 1}}
		moves := 0
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			was := s.State
			if rapid.Bool().Draw(t, "somebody wants the end") && !s.State.Final() {
				s.EndWanted, s.State = true, link.Terminating
			}
			before := s.State
			saw := rapid.SampledFrom(states).Draw(t, "report")
			err := apply(t.Context(), s, s.Session, Observed{State: saw, Reason: "crashed", Generation: 1})
			switch {
			case before.Final() && (fault.Of(err).Code != "session_ended" || s.State != before):
				t.Fatalf("after %s a report of %s makes it %s: %v", before, saw, s.State, err)
			case s.State != before && !CanFollow(before, s.State):
				t.Fatalf("from %s it went to %s", before, s.State)
			case s.EndWanted && s.State != link.Terminating && s.State != link.Terminated:
				t.Fatalf("its end was wanted, and it is %s", s.State)
			case s.EndWanted && !before.Final() && s.Reason != "":
				t.Fatalf("it ended as wanted, and says %s", s.Reason)
			case err != nil && s.State != before:
				t.Fatalf("a refused report moved it from %s to %s", was, s.State)
			}
			if s.State != before {
				moves++
			}
		}
		ends := 0
		if s.State.Final() {
			ends = 1
		}
		if len(s.facts) != moves || len(s.entries) != ends {
			t.Fatalf("%d moves, %v told; %d ends, %v recorded", moves, s.facts, ends, s.entries)
		}
	})
}

// A wanted end is reached whatever its agent reports of its workload's end.
func TestAWantedEndIsReached(t *testing.T) {
	t.Parallel()
	for _, saw := range []State{link.Terminated, link.Failed} {
		s := &session{Session: Session{State: link.Terminating, EndWanted: true, Generation: 2}}
		if err := apply(t.Context(), s, s.Session, Observed{State: saw, Generation: 2}); err != nil ||
			s.State != link.Terminated {
			t.Errorf("a report of %s makes it %s: %v", saw, s.State, err)
		}
	}
}

// A start that failed because of its host is tried once on another one. Every other failure is an end.
func TestAStartIsTriedOnceElsewhere(t *testing.T) {
	t.Parallel()
	hosts := Observed{State: link.Failed, Reason: "start_failed", HostFault: true}
	for name, c := range map[string]struct {
		session
		saw  Observed
		then State
	}{
		"while it starts":        {session{Session: Session{State: link.Starting}, others: true}, hosts, link.Pending},
		"before it was reported": {session{Session: Session{State: link.Pending}, others: true}, hosts, link.Pending},
		"without another host":   {session{Session: Session{State: link.Starting}}, hosts, link.Failed},
		"a second time": {
			session{Session: Session{State: link.Starting}, others: true, moved: true}, hosts, link.Failed,
		},
		"for the template's sake": {
			session{Session: Session{State: link.Starting}, others: true}, Observed{State: link.Failed}, link.Failed,
		},
		"after it ran": {session{Session: Session{State: link.Running}, others: true}, hosts, link.Failed},
		"once its end is wanted": {
			session{Session: Session{State: link.Terminating, EndWanted: true}, others: true}, hosts, link.Terminated,
		},
	} {
		s := c.session
		if err := apply(t.Context(), &s, s.Session, c.saw); err != nil || s.State != c.then {
			t.Errorf("%s it is %s, want %s: %v", name, s.State, c.then, err)
		}
		if want := []string{"session." + string(c.then)}; !slices.Equal(s.facts, want) || s.endRecorded() != c.then.Final() {
			t.Errorf("%s: told %v, recorded %v", name, s.facts, s.entries)
		}
	}
}

// endRecorded reports whether an end was recorded.
func (s *session) endRecorded() bool { return len(s.entries) == 1 }

func TestAnUnreadableReportIsInvalid(t *testing.T) {
	t.Parallel()
	o := NewObserver(nil, nil)
	for name, r := range map[string]link.Report{
		"no state":        {},
		"an unknown one":  {State: "hibernated"},
		"too long a word": {State: link.Failed, Reason: string(make([]byte, link.MaxReason+1))},
		"too much detail": {State: link.Failed, Detail: strings.Repeat("x", link.MaxDetail+1)},
		"no text":         {State: link.Failed, Detail: "\xff"},
		"no storable one": {State: link.Failed, Detail: "a\x00b"},
	} {
		if err := o.Observe(t.Context(), link.Agent{}, r); fault.Of(err).Code != "invalid_report" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, most := range []int{link.MaxReason, link.MaxDetail} {
		if bound := fmt.Sprintf("at most %d bytes", most); !strings.Contains(errInvalidReport.Message, bound) {
			t.Errorf("the fault says %q, not %q", errInvalidReport.Message, bound)
		}
	}
}
