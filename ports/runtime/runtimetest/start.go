package runtimetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

func showsDisplay(t *testing.T, b *bench) {
	before := time.Now()
	w := b.running()
	s := b.is(w.Session, runtime.Running)
	if s.Started.Before(before.Add(-time.Second)) || s.Started.After(time.Now()) {
		t.Errorf("it says that it started at %s, and did between %s and now", s.Started, before)
	}
	b.answers(b.greeted(w.Session))
}

func startsOnce(t *testing.T, b *bench) {
	w := b.running()
	first, conn := b.is(w.Session, runtime.Running), b.greeted(w.Session)
	if err := b.Start(b.ctx, w); err != nil {
		t.Fatalf("start again: %v", err)
	}
	if again := b.is(w.Session, runtime.Running); !again.Started.Equal(first.Started) {
		t.Errorf("it started at %s and then, again, at %s", first.Started, again.Started)
	}
	b.answers(conn)
}

func startsTogether(t *testing.T, b *bench) {
	const callers = 8
	w := Workload()
	done := make(chan error, callers)
	for range callers {
		go func() { done <- b.Start(b.ctx, w) }()
	}
	for range callers {
		if err := <-done; err != nil {
			t.Errorf("start: %v", err)
		}
	}
	all, err := b.List(b.ctx)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d workloads are listed (%v), want 1", len(all), err)
	}
	b.answers(b.greeted(w.Session))
}

func outlivesContext(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(b.ctx)
	w := Workload()
	if err := b.Start(ctx, w); err != nil {
		t.Fatalf("start: %v", err)
	}
	conn := b.greeted(w.Session)
	cancel()
	b.answers(conn)
	b.answers(b.greeted(w.Session))
	b.is(w.Session, runtime.Running)
}

// givesUp gives starts up at different moments: before them, and while they are under way.
func givesUp(t *testing.T, b *bench) {
	for _, after := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(b.ctx, after)
		w := Workload()
		err := b.Start(ctx, w)
		cancel()
		if err == nil && after > time.Millisecond {
			continue // a quick runtime, which was done by then
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a start given up after %s returned %v, want %v", after, err, context.DeadlineExceeded)
		}
		b.isGone(w.Session)
	}
	w := Workload()
	ctx, cancel := context.WithCancel(b.ctx)
	given := make(chan error, 1)
	go func() { given <- b.Start(ctx, w) }()
	b.appears(w)
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Fatalf("a start given up under way returned %v, want %v", err, context.Canceled)
	}
	b.isGone(w.Session)
	if err := b.Start(b.ctx, w); err != nil {
		t.Errorf("start after one that was given up: %v", err)
	}
}

// retriesForItself has one caller carry out a start and give it up while another one waits for it.
func retriesForItself(t *testing.T, b *bench) {
	w := Workload()
	ctx, cancel := context.WithCancel(b.ctx)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- b.Start(ctx, w) }()
	b.appears(w)
	go func() { second <- b.Start(b.ctx, w) }()
	cancel()
	if err := <-first; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("the start that was given up: %v", err)
	}
	if err := <-second; err != nil {
		t.Fatalf("the start that was not given up: %v", err)
	}
	b.answers(b.greeted(w.Session))
}

func needsNamespace(t *testing.T, b *bench) {
	w := Workload()
	w.Namespace = ""
	if err := b.Start(b.ctx, w); !fault.IsKind(err, fault.Invalid) {
		t.Errorf("start without a namespace returned %v, want an Invalid fault", err)
	}
	b.isGone(w.Session)
}

// appears waits until a start that another goroutine called is under way.
func (b *bench) appears(w runtime.Workload) {
	b.t.Helper()
	for {
		if _, ok := b.listed(w.Session); ok {
			return
		}
		select {
		case <-b.ctx.Done():
			b.t.Fatal("the start never begins")
		case <-time.After(time.Millisecond):
		}
	}
}
