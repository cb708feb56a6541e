package reconciler

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// agentProcess is one running process of the agent.
type agentProcess struct {
	*Reconciler
	stop context.CancelFunc
	over chan struct{} // closed once Run has returned err
	err  error
}

// boot starts a process on the host. It raises the epoch, as connecting does.
func boot(p *plane, h *host) *agentProcess {
	p.mu.Lock()
	p.epoch++
	epoch := p.epoch
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	a := &agentProcess{stop: cancel, over: make(chan struct{})}
	log := slog.New(slog.DiscardHandler)
	a.Reconciler = New(h, process{p, epoch}, func() int64 { return epoch }, log)
	go func() { a.err = a.Run(ctx); close(a.over) }()
	return a
}

func (a *agentProcess) quit() error {
	a.stop()
	<-a.over
	return a.err
}

// settled lets the bubble's clock run until everything that is due within d is done.
func settled(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// scene is a test in a bubble, where time passes only while everything waits.
func scene(t *testing.T, fn func(t *testing.T, p *plane, h *host, a *agentProcess)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, h := newPlane(), newHost()
		a := boot(p, h)
		synctest.Wait()
		defer a.quit()
		fn(t, p, h, a)
	})
}

func wantReports(t *testing.T, p *plane, session uuid.UUID, want ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if diff := cmp.Diff(want, p.reports[session]); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}
