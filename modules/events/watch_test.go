package events

import (
	"testing"
	"testing/synctest"
	"time"
)

// watch begins a watch of one owner's events, and ends it with the test.
func watch(t *testing.T, f *Feed) *Watch {
	t.Helper()
	w, err := f.Watch(acme, func(e Entry) bool { return e.Owner == member })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// wantDue waits until all that can happen at this time has happened.
func wantDue(t *testing.T, w *Watch, want bool, what string) (asOf time.Time) {
	t.Helper()
	synctest.Wait()
	due, asOf := w.Due()
	ready := false
	select {
	case <-w.Ready():
		ready = true
	default:
	}
	if due != want || ready != want {
		t.Errorf("%s: due %t, ready %t, want %t", what, due, ready, want)
	}
	return asOf
}

func TestAWatchIsToldOfWhatConcernsIt(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"by a wake": false, "without wakes": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
				pause := time.Millisecond
				if l.lost = lost; lost {
					pause = pollInterval
				}
				l.append(member, 3)
				w := watch(t, f)
				defer w.Stop()
				wantDue(t, w, true, "at its begin")
				l.append(other, 2)
				time.Sleep(pause)
				wantDue(t, w, false, "another owner's")
				l.append(other, 1)
				l.append(member, 1)
				l.append(other, 1)
				time.Sleep(pause)
				wantDue(t, w, true, "its own among others")
				late := watch(t, f)
				defer late.Stop()
				wantDue(t, late, true, "a second one, at its begin")
				wantDue(t, w, false, "the first one")
			})
		})
	}
}

// Seen to fail with an older database, and an organisation that is gone, of which watches are not told.
func TestAWatchIsToldWhenEventsMayBeMissing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		l.append(other, 10)
		w := watch(t, f)
		defer w.Stop()
		wantDue(t, w, true, "at its begin")
		l.set(func() { l.newest, l.entries = 4, l.entries[:4] })
		time.Sleep(pollInterval)
		wantDue(t, w, true, "an older database")
		l.set(func() { l.newest, l.entries = 9, nil })
		l.append(other, 1)
		synctest.Wait()
		wantDue(t, w, true, "a gap")
		l.set(func() { l.removed = true })
		time.Sleep(pollInterval)
		wantDue(t, w, true, "no organisation")
	})
}

// While the log is read, what was committed long ago was considered; while it is not, that time stands still, and the
// reader finds its place as soon as it can. Seen to fail with a time that goes on while only the newest number is read.
func TestAWatchKnowsUpToWhenTheLogWasRead(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, l *ledger, f *Feed) {
		l.away = true
		w := watch(t, f)
		defer w.Stop()
		if asOf := wantDue(t, w, true, "at its begin"); !asOf.IsZero() {
			t.Errorf("before the log was read: %v", asOf)
		}
		time.Sleep(time.Minute)
		if asOf := wantDue(t, w, false, "while the database is away"); !asOf.IsZero() {
			t.Errorf("while the database is away: %v", asOf)
		}
		l.set(func() { l.away = false })
		time.Sleep(pollInterval)
		if asOf := wantDue(t, w, true, "when it is back"); time.Since(asOf) > pollInterval {
			t.Errorf("when it is back: %v ago", time.Since(asOf))
		}
		time.Sleep(time.Minute)
		if asOf := wantDue(t, w, false, "nothing happens"); time.Since(asOf) > pollInterval {
			t.Errorf("nothing happens: %v ago", time.Since(asOf))
		}
		began := time.Now()
		l.set(func() { l.unread = true })
		l.append(member, 1)
		time.Sleep(time.Minute)
		if asOf := wantDue(t, w, false, "only the newest number is read"); asOf.After(began) {
			t.Errorf("only the newest number is read, and the log up to %v later", asOf.Sub(began))
		}
		l.set(func() { l.unread = false })
		time.Sleep(pollInterval)
		wantDue(t, w, true, "the log is read")
	})
}

func TestNothingIsWatchedWhenTheServerHasStopped(t *testing.T) {
	t.Parallel()
	l := newLedger()
	f := l.feed()
	close(f.stopped)
	if w, err := f.Watch(acme, func(Entry) bool { return true }); err == nil {
		w.Stop()
		t.Error("it watches")
	}
	if n := len(f.all()); n > 0 {
		t.Errorf("%d readers are left", n)
	}
}
