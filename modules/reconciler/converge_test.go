package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// TestConverges plays random lives of an agent: sessions come and go, nudges are lost, desktops crash, the connection
// fails before or after a report is taken, starts and stops fail, the agent is killed and starts again. Once it is
// quiet, what runs is what should.
func TestConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		moves := rapid.SliceOfN(rapid.Custom(drawMove), 1, 60).Draw(rt, "moves")
		var wrong []string
		synctest.Test(t, func(*testing.T) { wrong = play(moves) })
		if len(wrong) > 0 {
			rt.Fatal(strings.Join(wrong, "\n"))
		}
	})
}

type move struct {
	Do    string
	Which int           // of the sessions there are
	Nudge bool          // whether the agent is told at once
	After time.Duration // how long until the next move
}

func drawMove(rt *rapid.T) move {
	return move{
		Do: rapid.SampledFrom([]string{
			"create", "create", "create", "terminate", "terminate", "crash", "crash", "vanish", "restart",
			"disconnect", "deafen", "reconnect", "break", "mend", "jam", "stray", "overtake",
		}).Draw(rt, "do"),
		Which: rapid.IntRange(0, 1000).Draw(rt, "which"),
		Nudge: rapid.Bool().Draw(rt, "nudge"),
		After: time.Duration(rapid.IntRange(0, 6000).Draw(rt, "after")) * time.Millisecond,
	}
}

// play returns what is wrong in the end.
func play(moves []move) (wrong []string) {
	p, h := newPlane(), newHost()
	a := boot(p, h)
	for _, m := range moves {
		a = m.make(p, h, a)
		settled(m.After)
	}
	p.set(func(p *plane) { p.refuse, p.deaf = nil, false })
	h.mu.Lock()
	h.broken, h.stuck = false, 0
	h.mu.Unlock()
	settled(4*syncEvery + 60*h.takes)
	if err := a.quit(); err != nil {
		wrong = append(wrong, err.Error())
	}
	var should []string
	for _, session := range p.order {
		switch r := p.rows[session]; {
		case r.State == "running" && r.Run:
			should = append(should, session.String())
		case !r.State.Final():
			wrong = append(wrong, fmt.Sprintf("stuck in %s, run %t", r.State, r.Run))
		}
	}
	slices.Sort(should)
	if diff := cmp.Diff(should, h.sessions()); diff != "" {
		wrong = append(wrong, "workloads (-want +got):\n"+diff)
	}
	return append(wrong, p.wrong...)
}

func (m move) make(p *plane, h *host, a *agentProcess) *agentProcess {
	nudge := func(d link.Desired) {
		if m.Nudge {
			a.Put(context.Background(), d)
		}
	}
	if m.Do == "create" {
		nudge(p.create())
		return a
	}
	var session uuid.UUID
	if len(p.order) > 0 {
		session = p.order[m.Which%len(p.order)]
	}
	switch r, known := p.rows[session]; {
	case m.Do == "terminate" && known:
		nudge(p.terminate(session))
	case m.Do == "overtake" && known && r.born == p.epoch: // a command of long ago, but on this process's connection
		nudge(link.Desired{Session: session, Namespace: "acme", Run: true, Generation: 1, State: "pending"})
	case m.Do == "crash":
		h.crash(session, "exit status 1")
	case m.Do == "vanish":
		h.mu.Lock()
		if h.workloads[session].Phase == runtime.Running {
			delete(h.workloads, session)
		}
		h.mu.Unlock()
	case m.Do == "restart":
		_ = a.quit()
		if m.Nudge { // a host whose sessions die with their agent
			h.mu.Lock()
			clear(h.workloads)
			h.mu.Unlock()
		}
		return boot(p, h)
	case m.Do == "disconnect":
		p.set(func(p *plane) { p.refuse = fault.New(fault.Unavailable, "control_unreachable", "gone") })
	case m.Do == "deafen":
		p.set(func(p *plane) { p.deaf = true })
	case m.Do == "reconnect":
		p.set(func(p *plane) { p.refuse, p.deaf = nil, false })
		a.Connected(context.Background())
	case m.Do == "break" || m.Do == "mend":
		h.mu.Lock()
		h.broken = m.Do == "break"
		h.mu.Unlock()
	case m.Do == "jam":
		h.mu.Lock()
		h.stuck += m.Which % 3
		h.mu.Unlock()
	case m.Do == "stray":
		h.put(uuid.New(), func(s *runtime.Status) { s.Phase, s.Started = runtime.Running, time.Now() })
	}
	return a
}
