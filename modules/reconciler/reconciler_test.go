package reconciler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
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

func TestDecide(t *testing.T) {
	t.Parallel()
	const epoch = 3
	none := runtime.Status{}
	is := func(p runtime.Phase) runtime.Status { return runtime.Status{Phase: p} }
	for _, c := range []struct {
		name   string
		run    bool
		state  string
		epoch  int64
		found  runtime.Status
		want   action
		reason string
	}{
		{"never started", true, "pending", 0, none, doStart, ""},
		{"start interrupted", true, "starting", 2, none, doStart, ""},
		{"begun by another process", true, "starting", 2, is(runtime.Starting), doStart, ""},
		{"report of running lost", true, "starting", 3, is(runtime.Running), doTell, ""},
		{"both reports lost", true, "pending", 0, is(runtime.Running), doTell, ""},
		{"as it should be", true, "running", 3, is(runtime.Running), doNothing, ""},
		{"survived its agent", true, "running", 2, is(runtime.Running), doNothing, ""},
		{"died with its agent", true, "running", 2, none, doFail, "agent_restarted"},
		{"gone without a trace", true, "running", 3, none, doFail, "desktop_gone"},
		{"ended while running", true, "running", 3, is(runtime.Exited), doFail, "desktop_gone"},
		{
			"ended with a reason", true, "running", 3,
			runtime.Status{Phase: runtime.Exited, Reason: "Xvnc: killed by signal 9"}, doFail, "xvnc_killed_by_signal_9",
		},
		{"ended before it was told", true, "starting", 3, is(runtime.Exited), doFail, "desktop_gone"},
		{"to be gone, never started", false, "pending", 0, none, doEnd, ""},
		{"to be gone, running", false, "terminating", 3, is(runtime.Running), doEnd, ""},
		{"to be gone, starting", false, "terminating", 3, is(runtime.Starting), doEnd, ""},
		{"to be gone, gone", false, "terminating", 2, none, doEnd, ""},
		{"told as failed, left over", true, "failed", 3, is(runtime.Exited), doSweep, ""},
		{"told as failed", true, "failed", 3, none, doNothing, ""},
		{"told as terminated", false, "terminated", 3, none, doNothing, ""},
		{"a state of a later version", true, "hibernated", 3, none, doNothing, ""},
	} {
		d := link.Desired{Run: c.run, State: c.state, Epoch: c.epoch}
		if got, reason := decide(d, c.found, epoch); got != c.want || reason != c.reason {
			t.Errorf("%s: got %d %q, want %d %q", c.name, got, reason, c.want, c.reason)
		}
	}
}

func TestReasonCode(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"": "desktop_gone", "…": "desktop_gone", "exit status 1": "exit_status_1", "OOMKilled": "oomkilled",
		strings.Repeat("a", 63) + " b": strings.Repeat("a", 63), strings.Repeat("é", 90) + "x": "x",
	} {
		if got := reasonCode(words); got != want {
			t.Errorf("%q becomes %q, want %q", words, got, want)
		}
	}
}

// row is a session as the control plane keeps it.
type row struct {
	link.Desired
	reason string
	born   int64 // the epoch of the agent's process then
}

// plane is the control plane as a reconciler sees it, with the rules that its database keeps.
type plane struct {
	mu      sync.Mutex
	rows    map[uuid.UUID]*row
	order   []uuid.UUID
	epoch   int64 // of the newest process
	reports map[uuid.UUID][]string
	refuse  error // what every call is answered with, when set
	deaf    bool  // a report is taken, its answer lost
	lag     time.Duration
	wrong   []string
}

func newPlane() *plane {
	return &plane{rows: make(map[uuid.UUID]*row), reports: make(map[uuid.UUID][]string)}
}

func (p *plane) create() link.Desired {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := link.Desired{Session: uuid.New(), Namespace: "acme", Run: true, Generation: 1, State: "pending"}
	p.rows[d.Session] = &row{Desired: d, born: p.epoch}
	p.order = append(p.order, d.Session)
	return d
}

func (p *plane) terminate(session uuid.UUID) link.Desired {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rows[session]
	if !over(r.State) && r.Run {
		r.Run, r.State = false, "terminating"
		r.Generation++
	}
	return r.Desired
}

func (p *plane) set(change func(*plane)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// process is the control plane over one agent process's connection.
type process struct {
	*plane
	epoch int64
}

func (p process) refused() error {
	if p.refuse != nil {
		return p.refuse
	}
	if p.epoch != p.plane.epoch {
		return fault.New(fault.Conflict, "stale_agent", "replaced")
	}
	return nil
}

func (p process) Placements(context.Context) ([]link.Desired, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []link.Desired
	for _, session := range p.order {
		if r := p.rows[session]; !over(r.State) {
			all = append(all, r.Desired)
		}
	}
	return all, p.refused()
}

func (p process) Observe(_ context.Context, said link.Report) error {
	time.Sleep(p.lag) // by the bubble's clock
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refused(); err != nil {
		return err
	}
	r := p.rows[said.Session]
	if over(r.State) {
		return fault.New(fault.Conflict, "session_ended", "it has ended")
	}
	p.reports[said.Session] = append(p.reports[said.Session], strings.TrimSpace(said.State+" "+said.Reason))
	if r.Run && progress[said.State] < progress[r.State] || r.Run && said.State == "terminated" {
		p.wrong = append(p.wrong, fmt.Sprintf("%s after %s", said.State, r.State))
	}
	if r.Run || over(said.State) {
		r.State, r.reason, r.Epoch = said.State, said.Reason, p.epoch
	}
	if p.deaf {
		return fault.New(fault.Unavailable, "control_unreachable", "the answer was lost")
	}
	return nil
}

// host is a runtime without processes.
type host struct {
	mu        sync.Mutex
	workloads map[uuid.UUID]runtime.Status
	changes   chan struct{}
	slow      map[uuid.UUID]chan struct{} // what the start of a session waits for
	takes     time.Duration               // how long any other start takes
	broken    bool                        // no start succeeds
	stuck     int                         // how many stops fail
	begun     int                         // starts
	cancelled int                         // starts that were cancelled
}

func newHost() *host {
	return &host{
		workloads: make(map[uuid.UUID]runtime.Status), changes: make(chan struct{}, 1),
		slow: make(map[uuid.UUID]chan struct{}), takes: time.Second,
	}
}

func (h *host) put(session uuid.UUID, change func(*runtime.Status)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.workloads[session]
	s.Session = session
	change(&s)
	h.workloads[session] = s
}

// cleanup is how long a cancelled start takes to remove what it began.
const cleanup = 100 * time.Millisecond

// delay makes a session's start wait until its channel in slow is closed.
func (h *host) delay(session uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.slow[session] = make(chan struct{})
}

func (h *host) Start(ctx context.Context, w runtime.Workload) error {
	h.mu.Lock()
	if _, ok := h.workloads[w.Session]; ok {
		h.mu.Unlock()
		return nil
	}
	h.begun++
	h.workloads[w.Session] = runtime.Status{Session: w.Session, Phase: runtime.Starting, Started: time.Now()}
	slow, broken, takes := h.slow[w.Session], h.broken, h.takes
	h.mu.Unlock()
	err := ctx.Err()
	if slow != nil {
		takes = time.Hour
	}
	select {
	case <-slow:
	case <-time.After(takes):
	case <-ctx.Done():
		err = ctx.Err()
		time.Sleep(cleanup)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || broken {
		delete(h.workloads, w.Session)
		if err != nil {
			h.cancelled++
			return err
		}
		return errors.New("no display")
	}
	s := h.workloads[w.Session]
	s.Phase = runtime.Running
	h.workloads[w.Session] = s
	return nil
}

func (h *host) Stop(_ context.Context, session uuid.UUID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stuck > 0 {
		h.stuck--
		return errors.New("stuck")
	}
	delete(h.workloads, session)
	return nil
}

func (h *host) List(context.Context) ([]runtime.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []runtime.Status
	for _, s := range h.workloads {
		all = append(all, s)
	}
	return all, nil
}

// crash ends a running workload as if its desktop had died.
func (h *host) crash(session uuid.UUID, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.workloads[session]; s.Phase == runtime.Running {
		s.Phase, s.Reason = runtime.Exited, reason
		h.workloads[session] = s
	}
	select {
	case h.changes <- struct{}{}:
	default:
	}
}

func (h *host) sessions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for session := range h.workloads {
		all = append(all, session.String())
	}
	slices.Sort(all)
	return all
}

func (h *host) Changes() <-chan struct{} { return h.changes }
func (h *host) Dial(context.Context, uuid.UUID) (net.Conn, error) {
	return nil, errors.New("no display")
}
func (h *host) Close() error { return nil }

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

func TestSlowStartsHoldUpNobody(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		running := p.create()
		a.Put(t.Context(), running)
		settled(h.takes)
		var slow []link.Desired
		for range atOnce - 1 {
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
		for range 3 * atOnce {
			a.Put(t.Context(), p.create())
		}
		synctest.Wait()
		if n := len(h.sessions()); n != atOnce {
			t.Errorf("%d starts at once", n)
		}
		settled(3 * h.takes)
		if n := len(h.sessions()); n != 3*atOnce {
			t.Errorf("%d of %d started", n, 3*atOnce)
		}
	})
}

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
		settled(syncEvery + cleanup)
		wantReports(t, p, d.Session, "starting")
		if h.cancelled != 1 || h.sessions() != nil {
			t.Errorf("%d starts cancelled, left %v", h.cancelled, h.sessions())
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

func TestSeenTrustsANewerGeneration(t *testing.T) {
	t.Parallel()
	session := uuid.New()
	r := New(nil, nil, func() int64 { return 3 }, nil)
	r.workers[session] = &worker{ran: 1, said: link.Report{State: "running", Generation: 1}}
	for generation, want := range map[int64]string{1: "running", 2: "pending"} {
		d := link.Desired{Session: session, Run: true, Generation: generation, State: "pending"}
		if got := r.seen(d, runtime.Status{}).State; got != want {
			t.Errorf("generation %d is seen as %s, want %s", generation, got, want)
		}
	}
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

func TestOnlyOlderOrphansAreStopped(t *testing.T) {
	scene(t, func(t *testing.T, p *plane, h *host, a *agentProcess) {
		old, young := uuid.New(), uuid.New()
		h.put(old, func(s *runtime.Status) { s.Phase, s.Started = runtime.Running, time.Now() })
		h.put(young, func(s *runtime.Status) { s.Phase, s.Started = runtime.Running, time.Now().Add(syncEvery) })
		settled(syncEvery)
		if diff := cmp.Diff([]string{young.String()}, h.sessions()); diff != "" {
			t.Errorf("workloads (-want +got):\n%s", diff)
		}
		settled(syncEvery)
		if left := h.sessions(); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
}

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
		case !over(r.State):
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
