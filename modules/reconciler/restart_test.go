package reconciler

import (
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

func TestRestartedAgent(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		ran, begun := p.create(), p.create()
		h.delay(begun.Session)
		a.Put(t.Context(), ran)
		a.Put(t.Context(), begun)
		settled(h.takes)
		if err := a.quit(); err != nil {
			t.Error(err)
		}
		h.workloads, h.slow = make(map[uuid.UUID]runtime.Status), nil // they die with their agent
		again := boot(p, h)
		defer again.quit()
		settled(h.takes)
		wantReports(t, p, ran.Session, "starting", "running", "failed agent_restarted")
		wantReports(t, p, begun.Session, "starting", "starting", "running")
	})
}

func TestReplacedProcessEndsAtItsNextReport(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		newer := boot(p, newHost())
		defer newer.quit()
		a.Put(t.Context(), p.create())
		synctest.Wait()
		wantStale(t, a)
	})
}

func TestReplacedProcessEndsAtItsNextSync(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		newer := boot(p, newHost())
		defer newer.quit()
		settled(syncEvery)
		wantStale(t, a)
	})
}

func wantStale(t *testing.T, a *agentProcess) {
	t.Helper()
	select {
	case <-a.over:
		if fault.Of(a.err).Code != "stale_agent" {
			t.Errorf("Run ended with %v", a.err)
		}
	default:
		t.Error("Run goes on")
	}
}
