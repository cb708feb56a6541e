package reconciler

import (
	"testing"
	"testing/synctest"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

func TestPutStartsAndStops(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		settled(h.takes)
		wantReports(t, p, d.Session, "starting", "running")
		a.Put(t.Context(), p.terminate(d.Session))
		synctest.Wait()
		wantReports(t, p, d.Session, "starting", "running", "terminated")
		if left := h.sessions(); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestSlowStartsHoldUpNobody(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		running := p.create()
		a.Put(t.Context(), running)
		settled(h.takes)
		var slow []link.Desired
		for range maxConcurrent - 1 {
			d := p.create()
			h.delay(d.Session)
			slow = append(slow, d)
			a.Put(t.Context(), d)
		}
		quick := p.create()
		a.Put(t.Context(), quick)
		a.Put(t.Context(), p.terminate(running.Session))
		settled(h.takes)
		wantReports(t, p, quick.Session, "starting", "running")
		wantReports(t, p, running.Session, "starting", "running", "terminated")
		for _, d := range slow {
			close(h.slow[d.Session])
		}
		synctest.Wait()
		for _, d := range slow {
			wantReports(t, p, d.Session, "starting", "running")
		}
	})
}

func TestStartsAreBounded(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		for range 3 * maxConcurrent {
			a.Put(t.Context(), p.create())
		}
		synctest.Wait()
		if n := len(h.sessions()); n != maxConcurrent {
			t.Errorf("%d starts at once", n)
		}
		settled(3 * h.takes)
		if n := len(h.sessions()); n != 3*maxConcurrent {
			t.Errorf("%d of %d started", n, 3*maxConcurrent)
		}
	})
}

func TestHungStartFails(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		h.delay(d.Session)
		a.Put(t.Context(), d)
		settled(startTimeout + cleanup)
		wantReports(t, p, d.Session, "starting", "failed start_failed")
	})
}

func TestBrokenStartFails(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		h.broken = true
		d := p.create()
		a.Put(t.Context(), d)
		settled(h.takes + syncEvery)
		wantReports(t, p, d.Session, "starting", "failed start_failed")
	})
}

func TestRepeatedPutChangesNothing(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		for range 3 {
			a.Put(t.Context(), d)
		}
		settled(h.takes)
		a.Put(t.Context(), d) // says pending still
		settled(syncEvery)
		wantReports(t, p, d.Session, "starting", "running")
	})
}

func TestLatePutStartsNothing(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), p.terminate(d.Session))
		synctest.Wait()
		a.Put(t.Context(), d) // overtaken on its way
		settled(h.takes)
		wantReports(t, p, d.Session, "terminated")
		settled(2 * syncEvery)
		if n := len(a.workers); n != 0 {
			t.Errorf("%d sessions that are over are remembered", n)
		}
		a.Put(t.Context(), d)
		settled(h.takes)
		wantReports(t, p, d.Session, "terminated")
		if h.begun != 0 {
			t.Errorf("%d starts of a session that is over", h.begun)
		}
	})
}

func TestWhatRanIsNotStartedAgain(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		synctest.Wait()
		p.set(func(p *plane) { p.refuse = fault.New(fault.Unavailable, "control_unreachable", "gone") })
		settled(h.takes) // nobody is told that it runs
		if err := h.Stop(t.Context(), d.Session); err != nil {
			t.Fatal(err)
		}
		p.set(func(p *plane) { p.refuse = nil })
		settled(syncEvery)
		wantReports(t, p, d.Session, "starting", "failed desktop_gone")
	})
}
