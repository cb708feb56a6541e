package runtimetest

import (
	"strings"
	"sync"
	"testing"
)

// sink receives what the programs of a workload write.
type sink struct {
	b      *bench
	mu     sync.Mutex
	text   strings.Builder
	grown  chan struct{} // a value after a write
	closed chan struct{}
}

func (b *bench) sink() *sink {
	return &sink{b: b, grown: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	select {
	case s.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

// Close fails when it is called twice.
func (s *sink) Close() error { close(s.closed); return nil }

func (s *sink) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), text)
}

// gets waits until a text was written.
func (s *sink) gets(text string) {
	s.b.t.Helper()
	for !s.has(text) {
		select {
		case <-s.grown:
		case <-s.b.ctx.Done():
			s.b.t.Fatalf("the output is %q, without %q", s.text.String(), text)
		}
	}
}

// ends waits until the output was closed.
func (s *sink) ends() {
	s.b.t.Helper()
	select {
	case <-s.closed:
	case <-s.b.ctx.Done():
		s.b.t.Fatal("the output is not closed")
	}
}

func passesOutput(_ *testing.T, b *bench) {
	w, out := Workload(), b.sink()
	w.Output = out
	w.Spec.Command = []string{"sh", "-c", "echo to-output; echo to-error >&2; exec sleep 600"}
	if err := b.Start(b.ctx, w); err != nil {
		b.t.Fatalf("start: %v", err)
	}
	out.gets("to-output")
	out.gets("to-error")
	select {
	case <-out.closed:
		b.t.Error("the output is closed although programs run")
	default:
	}
	if err := b.Stop(b.ctx, w.Session); err != nil {
		b.t.Fatalf("stop: %v", err)
	}
	out.ends()
}

func closesOutput(_ *testing.T, b *bench) {
	w, first, second := Workload(), b.sink(), b.sink()
	w.Output = first
	if err := b.Start(b.ctx, w); err != nil {
		b.t.Fatalf("start: %v", err)
	}
	w.Output = second // it runs already
	if err := b.Start(b.ctx, w); err != nil {
		b.t.Fatalf("start again: %v", err)
	}
	select {
	case <-second.closed:
	default:
		b.t.Error("the output of a start that changed nothing is not closed")
	}
	refused := Workload()
	refused.Output = b.sink()
	refused.Namespace = ""
	if err := b.Start(b.ctx, refused); err == nil {
		b.t.Error("a workload without a namespace starts")
	}
	select {
	case <-refused.Output.(*sink).closed:
	default:
		b.t.Error("the output of a start that failed is not closed")
	}
}
