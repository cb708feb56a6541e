package runtimetest

import (
	"context"
	"testing"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

func stops(t *testing.T, b *bench) {
	if err := b.Stop(b.ctx, Workload().Session); err != nil {
		t.Errorf("stop what never ran: %v", err)
	}
	w := b.running()
	conn := b.greeted(w.Session)
	if err := b.Stop(b.ctx, w.Session); err != nil {
		t.Fatalf("stop: %v", err)
	}
	b.isGone(w.Session)
	b.hungUp(conn)
	if err := b.Stop(b.ctx, w.Session); err != nil {
		t.Errorf("stop again: %v", err)
	}
}

func stopsTogether(t *testing.T, b *bench) {
	const callers = 8
	w := b.running()
	done := make(chan error, callers)
	for range callers {
		go func() {
			err := b.Stop(b.ctx, w.Session)
			if _, ok := b.listed(w.Session); ok {
				t.Error("a stop returned while the session was still listed")
			}
			done <- err
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	b.isGone(w.Session)
}

func stopsStart(t *testing.T, b *bench) {
	w := Workload()
	started := make(chan error, 1)
	go func() { started <- b.Start(b.ctx, w) }()
	b.appears(w)
	if err := b.Stop(b.ctx, w.Session); err != nil {
		t.Fatalf("stop: %v", err)
	}
	b.isGone(w.Session)
	if err := <-started; err == nil {
		t.Error("the start that was stopped says that it worked")
	}
}

func restarts(t *testing.T, b *bench) {
	w := b.running()
	if err := b.Stop(b.ctx, w.Session); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if err := b.Start(b.ctx, w); err != nil {
		t.Fatalf("start again: %v", err)
	}
	b.answers(b.greeted(w.Session))
}

// startsAfterStop starts what a stop, whose caller did not wait, has not finished with.
func startsAfterStop(t *testing.T, b *bench) {
	w := b.running()
	given, cancel := context.WithCancel(b.ctx)
	cancel()
	_ = b.Stop(given, w.Session) // it may also have been quick enough
	if err := b.Start(b.ctx, w); err != nil {
		t.Fatalf("start: %v", err)
	}
	b.answers(b.greeted(w.Session))
}

func endsAlone(t *testing.T, b *bench) {
	one, other := b.running(), b.running()
	conn := b.greeted(other.Session)
	if err := b.Stop(b.ctx, one.Session); err != nil {
		t.Fatalf("stop: %v", err)
	}
	b.isGone(one.Session)
	b.is(other.Session, runtime.Running)
	b.answers(conn)
	b.answers(b.greeted(other.Session))
}

func tellsExit(t *testing.T, b *bench) {
	w := Workload()
	// It lives until the display has answered, so that it ends by itself and not as a start that failed.
	w.Spec.Command = []string{"sleep", "3"}
	if err := b.Start(b.ctx, w); err != nil {
		t.Fatalf("start: %v", err)
	}
	s := b.changed(w.Session, runtime.Exited)
	if !reasonable.MatchString(s.Reason) {
		t.Errorf("the reason is %q, want one that matches %s", s.Reason, reasonable)
	}
	if conn, err := b.Dial(b.ctx, w.Session); err == nil {
		_ = conn.Close()
		t.Error("the display of a session that has ended still answers")
	}
	b.is(w.Session, runtime.Exited)
	if err := b.Stop(b.ctx, w.Session); err != nil {
		t.Fatalf("stop: %v", err)
	}
	b.isGone(w.Session)
}

func forgivesViewers(t *testing.T, b *bench) {
	w := b.running()
	for range 20 {
		if err := b.greeted(w.Session).Close(); err != nil {
			t.Fatal(err)
		}
	}
	b.answers(b.greeted(w.Session))
}

func closes(t *testing.T, b *bench) {
	one, other := b.running(), b.running()
	first, second := b.greeted(one.Session), b.greeted(other.Session)
	if err := b.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	b.hungUp(first)
	b.hungUp(second)
	for _, w := range []runtime.Workload{one, other, Workload()} {
		if err := b.Start(b.ctx, w); err == nil {
			t.Error("a closed runtime starts a session")
		}
		if conn, err := b.Dial(b.ctx, w.Session); err == nil {
			_ = conn.Close()
			t.Error("a display answers after the runtime was closed")
		}
	}
}
