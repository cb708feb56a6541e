package reconciler

import (
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

func TestSyncFindsWhatNoPutTold(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		settled(syncEvery + h.takes)
		wantReports(t, p, d.Session, "starting", "running")
		p.terminate(d.Session)
		settled(syncEvery)
		wantReports(t, p, d.Session, "starting", "running", "terminated")
	})
}

func TestConnectedSyncsAtOnce(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Connected(t.Context())
		settled(h.takes)
		wantReports(t, p, d.Session, "starting", "running")
	})
}

func TestCrashIsReportedAtOnce(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		settled(h.takes)
		h.crash(d.Session, "exit status 1")
		synctest.Wait()
		wantReports(t, p, d.Session, "starting", "running", "failed exit_status_1")
		if left := h.sessions(); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestLostReportIsMadeGood(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		synctest.Wait() // starting was told
		p.set(func(p *plane) { p.refuse = fault.New(fault.Unavailable, "control_unreachable", "gone") })
		settled(3 * syncEvery)
		wantReports(t, p, d.Session, "starting")
		h.crash(d.Session, "exit status 1")
		settled(syncEvery)
		p.set(func(p *plane) { p.refuse = nil })
		a.Connected(t.Context())
		synctest.Wait()
		wantReports(t, p, d.Session, "starting", "failed exit_status_1")
	})
}

// The end of an outage costs a second or two, not what is left of an interval.
func TestWhatAnOutagePutOffIsDoneSoon(t *testing.T) {
	for what, kind := range map[string]fault.Kind{"no connection": fault.Unavailable, "no database": fault.Internal} {
		t.Run(what, func(t *testing.T) {
			scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
				d := p.create()
				a.Put(t.Context(), d)
				settled(h.takes)
				p.set(func(p *plane) { p.refuse = fault.New(kind, "away", "gone") })
				a.Put(t.Context(), p.terminate(d.Session))
				settled(syncEvery / 2)
				p.set(func(p *plane) { p.refuse = nil })
				settled(2 * retryAfter)
				wantReports(t, p, d.Session, "starting", "running", "terminated")
			})
		})
	}
}

func TestSeenTrustsANewerGeneration(t *testing.T) {
	t.Parallel()
	session := uuid.New()
	r := New(nil, nil, func() int64 { return 3 }, nil)
	r.workers[session] = &worker{ran: 1, reported: link.Report{State: "running", Generation: 1}}
	for generation, want := range map[int64]link.State{1: link.Running, 2: link.Pending} {
		d := link.Desired{Session: session, Run: true, Generation: generation, State: "pending"}
		if got := r.current(d, runtime.Status{}).State; got != want {
			t.Errorf("generation %d is seen as %s, want %s", generation, got, want)
		}
	}
}
