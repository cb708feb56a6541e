package reconciler

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// An agent that is stopped says what it ends. What has not started is for its next process.
func TestLeavingReportsWhatEnds(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		runs, ends, begun := p.create(), p.create(), p.create()
		a.Put(t.Context(), runs)
		a.Put(t.Context(), ends)
		settled(h.takes)
		h.delay(begun.Session)
		a.Put(t.Context(), begun)
		synctest.Wait()
		if err := a.quit(); err != nil {
			t.Fatal(err)
		}
		p.terminate(ends.Session) // its agent has not heard of it
		if err := a.Leave(t.Context()); err != nil {
			t.Error(err)
		}
		wantReports(t, p, runs.Session, "starting", "running", "failed agent_stopped")
		wantReports(t, p, ends.Session, "starting", "running", "terminated")
		wantReports(t, p, begun.Session, "starting")
		if diff := cmp.Diff([]string(nil), h.sessions()); diff != "" {
			t.Errorf("workloads (-want +got):\n%s", diff)
		}
	})
}

func TestLeavingUnheardEndsNothing(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		settled(h.takes)
		if err := a.quit(); err != nil {
			t.Fatal(err)
		}
		p.set(func(p *plane) { p.refuse = fault.New(fault.Unavailable, "control_unreachable", "gone") })
		if err := a.Leave(t.Context()); fault.Of(err).Code != "control_unreachable" || len(h.sessions()) != 1 {
			t.Errorf("got %v, left %v", err, h.sessions())
		}
	})
}
