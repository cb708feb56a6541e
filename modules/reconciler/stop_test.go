package reconciler

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

func TestEndCancelsTheStart(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		h.delay(d.Session)
		a.Put(t.Context(), d)
		synctest.Wait()
		a.Put(t.Context(), p.terminate(d.Session))
		a.Put(t.Context(), d) // overtaken on its way
		settled(cleanup)
		wantReports(t, p, d.Session, "starting", "terminated")
		if h.cancelled != 1 || h.sessions() != nil {
			t.Errorf("%d starts cancelled, left %v", h.cancelled, h.sessions())
		}
	})
}

func TestEndBeforeTheStartIsUnderWay(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		p.lag = time.Second
		d := p.create()
		h.delay(d.Session)
		a.Put(t.Context(), d)
		synctest.Wait() // reporting that it starts
		a.Put(t.Context(), p.terminate(d.Session))
		settled(2*p.lag + cleanup)
		wantReports(t, p, d.Session, "starting", "terminated")
	})
}

func TestEndOfAnUnlistedSessionCancelsItsStart(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		h.delay(d.Session)
		a.Put(t.Context(), d)
		synctest.Wait()
		p.set(func(p *plane) { p.rows[d.Session].State = "terminated" })
		settled(2*syncEvery + cleanup)
		wantReports(t, p, d.Session, "starting")
		if h.cancelled != 1 || h.sessions() != nil {
			t.Errorf("%d starts cancelled, left %v", h.cancelled, h.sessions())
		}
	})
}

func TestSessionEndedMeanwhileIsStopped(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		synctest.Wait()
		p.set(func(p *plane) { p.rows[d.Session].State = "terminated" }) // by the system: the agent had stayed away
		settled(h.takes)
		wantReports(t, p, d.Session, "starting")
		if left := h.sessions(); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestFailedStopIsTriedAgain(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		settled(h.takes)
		h.mu.Lock()
		h.stuck = 1
		h.mu.Unlock()
		a.Put(t.Context(), p.terminate(d.Session))
		synctest.Wait()
		wantReports(t, p, d.Session, "starting", "running") // not terminated: it is still there
		settled(syncEvery)
		wantReports(t, p, d.Session, "starting", "running", "terminated")
	})
}

// A listing may be wrong once, and then be right again.
func TestOneListingStopsNothing(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		settled(h.takes)
		for range 3 {
			p.set(func(p *plane) { p.order = nil })
			a.Connected(t.Context())
			synctest.Wait()
			p.set(func(p *plane) { p.order = []uuid.UUID{d.Session} })
			a.Connected(t.Context())
			synctest.Wait()
		}
		if diff := cmp.Diff([]string{d.Session.String()}, h.sessions()); diff != "" {
			t.Errorf("workloads (-want +got):\n%s", diff)
		}
		p.set(func(p *plane) { p.order = nil })
		for range 2 {
			a.Connected(t.Context())
			synctest.Wait()
		}
		if left := h.sessions(); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestOnlyOlderOrphansAreStopped(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		old, young := uuid.New(), uuid.New()
		h.put(old, func(s *runtime.Status) { s.Phase, s.Started = runtime.Running, time.Now() })
		h.put(young, func(s *runtime.Status) { s.Phase, s.Started = runtime.Running, time.Now().Add(2*syncEvery) })
		settled(2 * syncEvery)
		if diff := cmp.Diff([]string{young.String()}, h.sessions()); diff != "" {
			t.Errorf("workloads (-want +got):\n%s", diff)
		}
		settled(2 * syncEvery)
		if left := h.sessions(); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
}
