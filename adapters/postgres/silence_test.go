package postgres

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// hereOnly is the silences of one organisation, because the others' tests run at the same time.
type hereOnly struct {
	sessions.Silences
	in org.ID
}

func (s hereOnly) SilentHosts(ctx context.Context, patience time.Duration, after org.ID, n int) ([]org.ID, error) {
	all, err := s.Silences.SilentHosts(ctx, patience, after, n)
	return slices.DeleteFunc(all, func(id org.ID) bool { return id != s.in }), err
}

// note does one round of the background work, in this organisation alone.
func (h *fleet) note(patience time.Duration) {
	h.Helper()
	watch := sessions.NewSilenceWatch(sessions.SilenceConfig{
		Silences: hereOnly{open.DueSessions(), h.org.ID}, AsService: open.SessionSilences(), Patience: patience,
		Bus: membus.New(), Log: slog.New(slog.DiscardHandler),
	})
	if err := watch.Once(h.Context()); err != nil {
		h.Fatal(err)
	}
}

// used is how many sessions count against the organisation's quota.
func (h *fleet) used() int64 {
	h.Helper()
	return read[int64](h.T, h.super, "select used from app.quota_usage where holder_id = $1", h.org.ID.UUID)
}

// runs is a session that runs on an agent.
func (h *fleet) runs(a link.Agent) sessions.Session {
	h.Helper()
	s := h.create()
	h.report(a, link.Report{Session: s.ID.UUID, State: link.Running})
	return s
}

// A session of a silent host says so after 60 seconds, and no longer when the host is back.
func TestASessionSaysThatItsHostIsSilent(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	s := h.runs(h.states(h.org.Agent, h.org.AgentSecret, 20))
	before := h.get(s.ID)
	h.lost(h.org.Agent, 59*time.Second)
	h.note(time.Hour)
	if got := h.get(s.ID); !got.SilentSince.IsZero() {
		t.Fatalf("after 59 seconds it is silent since %s", got.SilentSince)
	}
	h.lost(h.org.Agent, 61*time.Second)
	h.note(time.Hour)
	h.note(time.Hour) // says it once
	got := h.get(s.ID)
	if ago := time.Since(got.SilentSince); got.State != link.Running || ago < time.Minute || ago > 2*time.Minute {
		t.Errorf("after 61 seconds it is %s, silent since %s", got.State, got.SilentSince)
	}
	if got.Version() == before.Version() {
		t.Error("a list that was read before says that nothing has changed")
	}
	h.states(h.org.Agent, h.org.AgentSecret, 20)
	h.note(time.Hour)
	if got := h.get(s.ID); got.State != link.Running || !got.SilentSince.IsZero() {
		t.Errorf("with its host back it is %s, silent since %s", got.State, got.SilentSince)
	}
	if got := h.events(s.ID); got != "session.created, session.running, session.host_silent, session.host_back" {
		t.Errorf("told: %s", got)
	}
}

// A host that stays away gives back its sessions' quota. What it reports afterwards changes nothing, so that its agent
// stops them.
func TestASessionFailsWithAHostThatStaysAway(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{PerOrg: 1, PerUser: 1})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 20)
	s := h.runs(agent)
	h.lost(agent.ID, 9*time.Minute)
	h.note(10 * time.Minute)
	if got := h.get(s.ID); got.State != link.Running || h.used() != 1 {
		t.Fatalf("after nine minutes it is %s, and %d count", got.State, h.used())
	}
	h.lost(agent.ID, 601*time.Second)
	h.note(10 * time.Minute)
	h.note(10 * time.Minute)
	if got := h.get(s.ID); got.State != link.Failed || got.Reason != "agent_lost" || h.used() != 0 {
		t.Fatalf("after ten minutes it is %s (%s), and %d count", got.State, got.Reason, h.used())
	}
	back := h.states(h.org.Agent, h.org.AgentSecret, 20)
	if placed, err := open.Roster().Placements(t.Context(), back, sessions.ID{}.UUID, 10); err != nil || len(placed) != 0 {
		t.Errorf("back, it should run %v (%v)", placed, err)
	}
	err := h.observer.Observe(t.Context(), back, link.Report{Session: s.ID.UUID, State: link.Running, Generation: 1})
	if err == nil || h.get(s.ID).State != link.Failed || h.used() != 0 {
		t.Errorf("its report: %v; the session is %s, and %d count", err, h.get(s.ID).State, h.used())
	}
	if got := h.events(s.ID); got != "session.created, session.running, session.host_silent, session.failed" {
		t.Errorf("told: %s", got)
	}
}

// The end of a session of a silent host needs no report, whether it is wanted before or after the host falls silent.
func TestTheEndOfASessionOfASilentHostReturnsItsQuota(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 20)
	before, after := h.runs(agent), h.runs(agent)
	who := as(h.org, h.org.Member)
	if got, err := h.members.Terminate(t.Context(), who, before.ID); err != nil || got.State != link.Terminating {
		t.Fatalf("with a host that answers: %s, %v", got.State, err)
	}
	h.lost(agent.ID, 61*time.Second)
	h.note(time.Hour)
	if got := h.get(before.ID); got.State != link.Terminated || got.Reason != "agent_away" || h.used() != 1 {
		t.Errorf("the one before: %s (%s), and %d count", got.State, got.Reason, h.used())
	}
	for range 2 {
		got, err := h.members.Terminate(t.Context(), who, after.ID)
		if err != nil || got.State != link.Terminated || got.Reason != "agent_away" || h.used() != 0 {
			t.Errorf("the one after: %s (%s), %v, and %d count", got.State, got.Reason, err, h.used())
		}
	}
	back := h.states(h.org.Agent, h.org.AgentSecret, 20)
	for _, s := range []sessions.Session{before, after} {
		err := h.observer.Observe(t.Context(), back, link.Report{Session: s.ID.UUID, State: link.Terminated, Generation: 2})
		if err == nil || h.used() != 0 {
			t.Errorf("the host's own report: %v, and %d count", err, h.used())
		}
	}
	h.note(time.Hour)
	if got := h.events(before.ID); got != "session.created, session.running, session.terminating, session.terminated" {
		t.Errorf("told of the one before: %s", got)
	}
	if got := h.events(after.ID); got != "session.created, session.running, session.host_silent, session.terminated" {
		t.Errorf("told of the one after: %s", got)
	}
}

// A session whose report is just being written is left for the next round. Seen to fail without the lock in
// rls.note_silent_agents.
func TestAReportHoldsUpNoSilence(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 20)
	reported, other := h.runs(agent), h.runs(agent)
	h.lost(agent.ID, 65*time.Second)
	report, err := database.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"select set_config('app.org_id', org_id::text, true) from app.sessions where id = $1",
		"update app.sessions set state = 'failed' where id = $1",
	} {
		if _, err := report.Exec(t.Context(), sql, reported.ID.UUID); err != nil {
			t.Fatal(err)
		}
	}
	h.note(time.Hour)
	if h.get(other.ID).SilentSince.IsZero() {
		t.Error("the report held up the other session")
	}
	if err := report.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.note(time.Hour)
	if got := h.get(reported.ID); got.State != link.Failed || !got.SilentSince.IsZero() {
		t.Errorf("it is %s, silent since %s", got.State, got.SilentSince)
	}
}
