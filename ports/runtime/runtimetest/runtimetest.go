// Package runtimetest is the contract test of runtime.Runtime. Every adapter calls Run from its own tests, and so shows
// that the agent can use it. An adapter tests in addition what only it can see, such as its processes.
package runtimetest

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// patience is how long a test waits for what a runtime does by itself. A busy host starts several desktops at once.
const patience = time.Minute

// Maker makes a runtime that runs nothing yet. Run closes it.
type Maker func(t *testing.T) runtime.Runtime

// Run tests a runtime against the whole contract.
func Run(t *testing.T, open Maker) {
	for name, test := range map[string]func(*testing.T, *bench){
		"a started session shows its display":              showsDisplay,
		"starting again changes nothing":                   startsOnce,
		"starts at once make one workload":                 startsTogether,
		"a session outlives the context of its start":      outlivesContext,
		"a start that is given up leaves nothing":          givesUp,
		"a start waits for another but not for its caller": retriesForItself,
		"an organisation without a namespace runs nothing": needsNamespace,
		"stopping leaves nothing and may be repeated":      stops,
		"stops at once all wait for the end":               stopsTogether,
		"a stop ends a start that is under way":            stopsStart,
		"a stopped session starts again":                   restarts,
		"a start waits for the stop before it":             startsAfterStop,
		"one session's end is not another's":               endsAlone,
		"a session that ends by itself is told":            tellsExit,
		"viewers that hang up early lock no one out":       forgivesViewers,
		"closing ends everything":                          closes,
		"what programs write is passed on":                 passesOutput,
		"a start that starts nothing closes its output":    closesOutput,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := open(t)
			t.Cleanup(func() {
				if err := rt.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			test(t, &bench{t: t, Runtime: rt, ctx: within(t, patience)})
		})
	}
}

// Workload is a terminal of a new session.
func Workload() runtime.Workload {
	return runtime.Workload{Session: uuid.Must(uuid.NewV7()), Namespace: "org-test"}
}

// bench is a runtime with what its tests say again and again.
type bench struct {
	t *testing.T
	runtime.Runtime
	ctx context.Context
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// running starts a new session.
func (b *bench) running() runtime.Workload {
	b.t.Helper()
	w := Workload()
	if err := b.Start(b.ctx, w); err != nil {
		b.t.Fatalf("start: %v", err)
	}
	return w
}

// listed returns what List says of a session.
func (b *bench) listed(session uuid.UUID) (runtime.Status, bool) {
	b.t.Helper()
	all, err := b.List(b.ctx)
	if err != nil {
		b.t.Fatalf("list: %v", err)
	}
	at := slices.IndexFunc(all, func(s runtime.Status) bool { return s.Session == session })
	if at < 0 {
		return runtime.Status{}, false
	}
	return all[at], true
}

// is fails unless the session is listed in this phase.
func (b *bench) is(session uuid.UUID, phase runtime.Phase) runtime.Status {
	b.t.Helper()
	s, ok := b.listed(session)
	if !ok || s.Phase != phase {
		b.t.Fatalf("session is listed: %v, as %q; want it %q", ok, s.Phase, phase)
	}
	if want := Workload().Namespace; s.Namespace != want {
		b.t.Errorf("session is listed in the namespace %q, want %q", s.Namespace, want)
	}
	return s
}

// isGone fails unless nothing is left of the session that the contract can see.
func (b *bench) isGone(session uuid.UUID) {
	b.t.Helper()
	if s, ok := b.listed(session); ok {
		b.t.Errorf("the session is still listed, as %q", s.Phase)
	}
	if conn, err := b.Dial(b.ctx, session); err == nil {
		_ = conn.Close()
		b.t.Error("its display still answers")
	}
}

// greeted opens a connection to the display and reads its greeting.
func (b *bench) greeted(session uuid.UUID) net.Conn {
	b.t.Helper()
	conn, err := b.Dial(b.ctx, session)
	if err != nil {
		b.t.Fatalf("dial: %v", err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	deadline, _ := b.ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		b.t.Fatal(err)
	}
	var greeting [12]byte
	if _, err := io.ReadFull(conn, greeting[:]); err != nil {
		b.t.Fatalf("read the greeting: %v", err)
	}
	if want := "RFB 003.008\n"; string(greeting[:]) != want {
		b.t.Fatalf("the display greets with %q, want %q", greeting, want)
	}
	return conn
}

// answers goes one step further into the protocol on an open connection: the display is alive, not just remembered.
func (b *bench) answers(conn net.Conn) {
	b.t.Helper()
	if _, err := io.WriteString(conn, "RFB 003.008\n"); err != nil {
		b.t.Fatalf("answer the greeting: %v", err)
	}
	var methods [1]byte
	if _, err := io.ReadFull(conn, methods[:]); err != nil {
		b.t.Fatalf("read how to authenticate: %v", err)
	}
	if methods[0] == 0 {
		b.t.Fatal("the display refuses its viewer")
	}
}

// hungUp waits until the other end closes the connection.
func (b *bench) hungUp(conn net.Conn) {
	b.t.Helper()
	if _, err := io.Copy(io.Discard, conn); err != nil {
		if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
			b.t.Error("a viewer's connection stays open after the end")
		}
	}
}

// changed waits until the session is listed in this phase, looking only when the runtime says that something changed.
func (b *bench) changed(session uuid.UUID, phase runtime.Phase) runtime.Status {
	b.t.Helper()
	for {
		select {
		case <-b.Changes():
		case <-b.ctx.Done():
			s, _ := b.listed(session)
			b.t.Fatalf("no change was told that made the session %q; it is %q", phase, s.Phase)
		}
		if s, ok := b.listed(session); ok && s.Phase == phase {
			return s
		}
	}
}

// reasonable is what a reason has to look like: it is stored and shown.
var reasonable = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
