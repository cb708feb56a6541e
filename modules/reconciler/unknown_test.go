package reconciler

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// A session that an older database does not know runs on, and the control plane hears of it, until it says otherwise.
func TestAnOlderDatabaseEndsNothing(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d, known := p.create(), p.create()
		a.Put(t.Context(), d)
		a.Put(t.Context(), known)
		settled(2 * syncEvery)
		began := h.workloads[d.Session].Started
		p.set(func(p *plane) {
			p.restored, p.order = true, nil
			delete(p.rows, d.Session)
			p.rows[known.Session].State = link.Terminated
		})
		a.Connected(t.Context())
		settled(10 * syncEvery)
		if diff := cmp.Diff([]string{d.Session.String()}, h.sessions()); diff != "" {
			t.Errorf("workloads (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]link.Unknown{{Session: d.Session, Namespace: "acme", Started: began}}, p.unknown); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		p.set(func(p *plane) { p.restored = false })
		settled(2 * syncEvery)
		if left := h.sessions(); left != nil || p.unknown != nil {
			t.Errorf("left %v, told %v", left, p.unknown)
		}
	})
}

// When the control plane cannot say what must end, nothing does.
func TestNoAnswerEndsNothing(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		settled(2 * syncEvery)
		p.set(func(p *plane) { p.order, p.mute = nil, true })
		settled(4 * syncEvery)
		if diff := cmp.Diff([]string{d.Session.String()}, h.sessions()); diff != "" {
			t.Errorf("workloads (-want +got):\n%s", diff)
		}
	})
}

// A session ended just before the database was replaced by an older one, in which it still runs. The older generation
// is no overtaken message: the session fails, and does not stay running for ever.
func TestAnOlderDatabaseKnowsEarlierGenerations(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		d := p.create()
		a.Put(t.Context(), d)
		settled(time.Second)
		a.Put(t.Context(), p.terminate(d.Session))
		synctest.Wait()
		p.set(func(p *plane) {
			r := p.rows[d.Session]
			r.State, r.Run, r.Generation = link.Running, true, d.Generation
			p.reports[d.Session] = nil
		})
		a.Connected(t.Context())
		settled(syncEvery)
		wantReports(t, p, d.Session, "failed desktop_gone")
	})
}
