package postgres

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// fleet is the agents of one organisation, and what places its sessions on them.
type fleet struct {
	*testing.T
	org      *dbtest.Org
	super    *pgx.Conn
	members  *sessions.Service
	observer *sessions.Observer
}

func newFleet(t *testing.T, s dbtest.Spec) *fleet {
	t.Helper()
	h := &fleet{T: t, org: database.NewOrg(t, s), super: database.Superuser(t)}
	h.members, h.observer = service(open)
	return h
}

// states lets an agent connect with a number of slots.
func (h *fleet) states(agent uuid.UUID, key secret.Secret, slots int) link.Agent {
	h.Helper()
	epoch, err := open.Roster().ConnectAgent(h.Context(), link.Hello{Agent: agent, Secret: key, Slots: slots})
	if err != nil {
		h.Fatal(err)
	}
	return link.Agent{ID: agent, Epoch: epoch}
}

// another enrols one more agent of the organisation, which does not connect yet.
func (h *fleet) another() (uuid.UUID, secret.Secret) {
	h.Helper()
	id, key, operator := uuid.Must(uuid.NewV7()), secret.New(), database.Connect(h.T, "streamspace_operator")
	hash := key.Hash()
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{"select rls.enrol_agent('test', $1, $2, $3)", []any{id, id.String(), hash[:]}},
		{"select rls.serve_org('test', $1, $2)", []any{id, h.org.ID.UUID}},
	} {
		if _, err := operator.Exec(h.Context(), statement.sql, statement.args...); err != nil {
			h.Fatal(err)
		}
	}
	return id, key
}

func (h *fleet) create() sessions.Session {
	h.Helper()
	s, err := h.members.Create(h.Context(), as(h.org, h.org.Member), sessions.Create{Template: "desk"})
	if err != nil {
		h.Fatal(err)
	}
	return s
}

func (h *fleet) get(id sessions.ID) sessions.Session {
	h.Helper()
	s, err := h.members.Get(h.Context(), as(h.org, h.org.Member), id)
	if err != nil {
		h.Fatal(err)
	}
	return s
}

// place does one round of the background work, in this organisation alone.
func (h *fleet) place(patience time.Duration) {
	h.Helper()
	log := slog.New(slog.DiscardHandler)
	here := func(list org.Listing) org.Listing {
		return func(ctx context.Context, after org.ID, n int) ([]org.ID, error) {
			all, err := list(ctx, after, n)
			return slices.DeleteFunc(all, func(id org.ID) bool { return id != h.org.ID }), err
		}
	}
	due := open.DueSessions()
	placer := sessions.NewPlacer(sessions.PlacerConfig{
		Orgs: here(due.WaitingOrgs), Lost: here(due.LostHosts), AsService: open.SessionPlacements(), Patience: patience,
		Nudger: sessions.NewNudger(nil, log), Bus: membus.New(), Log: log,
	})
	if err := placer.Once(h.Context()); err != nil {
		h.Fatal(err)
	}
}

func (h *fleet) report(a link.Agent, r link.Report) {
	h.Helper()
	r.Generation = 1
	if err := h.observer.Observe(h.Context(), a, r); err != nil {
		h.Fatalf("report %s: %v", r.State, err)
	}
}

func (h *fleet) wait(s sessions.Session, want sessions.WaitsFor) {
	h.Helper()
	if s.State != link.Pending || s.WaitsFor != want || (s.Agent == uuid.Nil) != (want != sessions.WaitsForStart) {
		h.Errorf("it is %s on %s and waits for %q, want pending and %q", s.State, s.Agent, s.WaitsFor, want)
	}
}

func (h *fleet) exec(sql string, args ...any) {
	h.Helper()
	if _, err := h.super.Exec(h.Context(), sql, args...); err != nil {
		h.Fatal(err)
	}
}

// events are the types of what was told of a session, in order.
func (h *fleet) events(id sessions.ID) string {
	h.Helper()
	return read[string](h.T, h.super, `select string_agg(type || coalesce(' ' || (data->>'waiting_for'), ''), ', '
		order by seq) from app.events where subject_id = $1`, id.UUID)
}

func TestASessionWaitsForRoom(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 1)
	first, second := h.create(), h.create()
	h.wait(first, sessions.WaitsForStart)
	h.wait(second, sessions.WaitsForRoom)
	h.wait(h.get(second.ID), sessions.WaitsForRoom)
	h.place(time.Hour)
	h.wait(h.get(second.ID), sessions.WaitsForRoom)
	h.report(agent, link.Report{Session: first.ID.UUID, State: link.Failed})
	h.place(time.Hour)
	h.wait(h.get(second.ID), sessions.WaitsForStart)
	if got := h.events(second.ID); got != "session.created, session.pending room" {
		t.Errorf("told: %s", got)
	}
}

func TestASessionWaitsForAHost(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	h.exec("update app.agents set seen_at = now() - interval '31 s' where id = $1", h.org.Agent)
	s := h.create()
	h.wait(s, sessions.WaitsForHost)
	h.states(h.org.Agent, h.org.AgentSecret, 1)
	h.place(time.Hour)
	h.wait(h.get(s.ID), sessions.WaitsForStart)
}

// A session that no host takes in time fails, says why, and gives its quota back.
func TestASessionThatWaitsTooLongFails(t *testing.T) {
	t.Parallel()
	for waits, c := range map[string]struct {
		sql    string
		reason string
	}{
		"room": {"update app.agents set slots = 0 where id = $1", "no_room"},
		"host": {"update app.agents set seen_at = null where id = $1", "no_host"},
	} {
		h := newFleet(t, dbtest.Spec{PerOrg: 1, PerUser: 1})
		h.exec(c.sql, h.org.Agent)
		s := h.create()
		h.wait(s, sessions.WaitsFor(waits))
		h.place(time.Hour)
		h.wait(h.get(s.ID), sessions.WaitsFor(waits))
		h.place(0)
		if got := h.get(s.ID); got.State != link.Failed || got.Reason != c.reason || got.WaitsFor != "" {
			t.Errorf("it is %s for %s, and waits for %q", got.State, got.Reason, got.WaitsFor)
		}
		h.create() // the quota of one is free again
	}
}

// lost makes an agent one that was last heard of a while ago.
func (h *fleet) lost(agent uuid.UUID, ago time.Duration) {
	h.Helper()
	// Control planes have listened for as long as anyone knows. What an outage changes is in db/proof/probes/silence.txt.
	h.exec("update app.installation set listened_at = now() + interval '1 d', listens_since = '-infinity'")
	h.exec("update app.agents set seen_at = now() - make_interval(secs => $2) where id = $1", agent, ago.Seconds())
}

// A session whose host dies before it has started is placed on another one, once, and fails with the second.
func TestASessionLeavesALostHost(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	first := h.states(h.org.Agent, h.org.AgentSecret, 20)
	id, key := h.another()
	second := h.states(id, key, 1)
	s, runs := h.create(), h.create()
	h.report(first, link.Report{Session: s.ID.UUID, State: link.Starting})
	h.report(first, link.Report{Session: runs.ID.UUID, State: link.Running})
	h.lost(first.ID, 55*time.Second)
	h.place(time.Hour)
	if got := h.get(s.ID); got.Agent != first.ID || got.State != link.Starting {
		t.Fatalf("after 55 seconds it is %s on %s", got.State, got.Agent)
	}
	h.lost(first.ID, 65*time.Second)
	h.place(time.Hour)
	if got := h.get(s.ID); got.Agent != second.ID || got.State != link.Pending {
		t.Fatalf("after 65 seconds it is %s on %s, want pending on the other", got.State, got.Agent)
	}
	if got := h.get(runs.ID); got.Agent != first.ID || got.State != link.Running {
		t.Errorf("the one that runs is %s on %s: it must stay", got.State, got.Agent)
	}
	h.states(h.org.Agent, h.org.AgentSecret, 20) // it is back
	err := h.observer.Observe(t.Context(), first, link.Report{Session: s.ID.UUID, State: link.Running, Generation: 1})
	if fault.Of(err).Code != "stale_agent" {
		t.Errorf("the lost host reports on it: %v, want stale_agent", err)
	}
	h.lost(second.ID, 65*time.Second)
	h.place(time.Minute)
	if got := h.get(s.ID); got.State != link.Failed || got.Reason != "host_lost" {
		t.Errorf("with the second host lost it is %s (%s)", got.State, got.Reason)
	}
	want := "session.created, session.starting, session.pending host, session.failed"
	if got := h.events(s.ID); got != want {
		t.Errorf("told: %s\nwant: %s", got, want)
	}
}

// Without another host a session stays on the lost one, which may only restart, until the patience is over.
func TestASessionFailsWithItsOnlyHost(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{PerOrg: 1, PerUser: 1})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 20)
	s := h.create()
	h.lost(agent.ID, 2*time.Minute)
	h.place(5 * time.Minute)
	if got := h.get(s.ID); got.Agent != agent.ID || got.State != link.Pending {
		t.Fatalf("after two minutes it is %s on %s", got.State, got.Agent)
	}
	h.lost(agent.ID, 301*time.Second)
	h.place(5 * time.Minute)
	if got := h.get(s.ID); got.State != link.Failed || got.Reason != "host_lost" {
		t.Errorf("after five minutes it is %s (%s)", got.State, got.Reason)
	}
	h.states(h.org.Agent, h.org.AgentSecret, 20)
	h.create() // the quota of one, and the slot, are free again
}

// A session whose report is just being written stays with its host, and no one waits for the report. Seen to fail
// without the lock in rls.leave_lost_agents.
func TestAReportIsFasterThanALostHost(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	first := h.states(h.org.Agent, h.org.AgentSecret, 20)
	id, key := h.another()
	h.states(id, key, 1)
	s := h.create()
	h.lost(first.ID, 65*time.Second)
	report, err := database.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"select set_config('app.org_id', org_id::text, true) from app.sessions where id = $1",
		"update app.sessions set state = 'running' where id = $1",
	} {
		if _, err := report.Exec(t.Context(), sql, s.ID.UUID); err != nil {
			t.Fatal(err)
		}
	}
	h.place(time.Hour)
	if err := report.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := h.get(s.ID); got.Agent != first.ID || got.State != link.Running {
		t.Errorf("it is %s on %s, want running on the first", got.State, got.Agent)
	}
}

func TestAnOrganisationWithoutAgentsIsToldAtOnce(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	h.exec("update app.agents set revoked_at = now() where id = $1", h.org.Agent)
	_, err := h.members.Create(t.Context(), as(h.org, h.org.Member), sessions.Create{Template: "desk"})
	if fault.Of(err).Code != "no_agent" {
		t.Errorf("got %v, want no_agent", err)
	}
}

// A start that failed because of the host goes to another one, once. The host gets no further session of this
// organisation for a minute, and other organisations notice nothing.
func TestAFailedStartGoesToAnotherHost(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	failing := h.states(h.org.Agent, h.org.AgentSecret, 20)
	id, key := h.another()
	other := h.states(id, key, 1)
	s := h.create()
	if s.Agent != failing.ID {
		t.Fatalf("it went to the agent with less room")
	}
	h.report(failing, link.Report{Session: s.ID.UUID, State: link.Starting})
	h.report(failing, link.Report{Session: s.ID.UUID, State: link.Failed, Reason: "start_failed", HostFault: true})
	h.wait(h.get(s.ID), sessions.WaitsForHost)
	h.place(time.Hour)
	if got := h.get(s.ID); got.Agent != other.ID {
		t.Fatalf("it is on %s, want the other one", got.Agent)
	}
	h.wait(h.create(), sessions.WaitsForRoom) // the failing one has room, and failed lately
	// The other agent's epoch is lower than the first one's.
	h.report(other, link.Report{Session: s.ID.UUID, State: link.Starting})
	h.report(other, link.Report{Session: s.ID.UUID, State: link.Failed, Reason: "start_failed", HostFault: true})
	if got := h.get(s.ID); got.State != link.Failed || got.Reason != "start_failed" {
		t.Errorf("after the second failure it is %s (%s)", got.State, got.Reason)
	}
	want := "session.created, session.starting, session.pending host, session.starting, session.failed"
	if got := h.events(s.ID); got != want {
		t.Errorf("told: %s\nwant: %s", got, want)
	}
}

// The mark of a failed start is an organisation's own: otherwise one could keep the others off a host.
func TestAFailedStartIsAnOrganisationsOwn(t *testing.T) {
	t.Parallel()
	h, neighbour := newFleet(t, dbtest.Spec{}), newFleet(t, dbtest.Spec{})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 20)
	neighbour.exec("update app.agents set revoked_at = now() where id = $1", neighbour.org.Agent)
	neighbour.exec("insert into app.agent_orgs (org_id, agent_id) values ($1, $2)", neighbour.org.ID.UUID, agent.ID)
	s := h.create()
	h.report(agent, link.Report{Session: s.ID.UUID, State: link.Failed, Reason: "start_failed", HostFault: true})
	if got := h.get(s.ID); got.State != link.Failed {
		t.Errorf("without another host it is %s", got.State)
	}
	h.wait(h.create(), sessions.WaitsForHost)
	neighbour.wait(neighbour.create(), sessions.WaitsForStart)
}

// An agent that has started with fewer slots is not filled beyond them, whatever runs there.
func TestFewerSlots(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{PerOrg: 10, PerUser: 10})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 4)
	var all []sessions.Session
	for range 4 {
		all = append(all, h.create())
	}
	h.report(agent, link.Report{Session: all[0].ID.UUID, State: link.Failed})
	h.states(h.org.Agent, h.org.AgentSecret, 2)
	h.wait(h.create(), sessions.WaitsForRoom)
	agent = h.states(h.org.Agent, h.org.AgentSecret, 2)
	for _, s := range all[1:3] {
		h.report(agent, link.Report{Session: s.ID.UUID, State: link.Failed})
	}
	h.states(h.org.Agent, h.org.AgentSecret, 2)
	h.place(time.Hour)
	used := read[int](t, h.super, "select count(*) from app.sessions where agent_id = $1 and state = 'pending'", agent.ID)
	if slots := read[int](t, h.super, "select count(*) from app.agent_slots where agent_id = $1", agent.ID); used != 2 ||
		slots != 2 {
		t.Errorf("%d sessions in %d slots, want 2 in 2", used, slots)
	}
}

// However many sessions are created, placed and ended at the same time: an agent never has more than its slots, and
// whoever finds no slot waits. Two organisations share the agent. Seen to fail with a count of the free slots in place
// of the lock.
func TestRacingCreatorsDoNotOverfillAnAgent(t *testing.T) {
	t.Parallel()
	const slots, racers, rounds = 5, 8, 12
	spec := dbtest.Spec{PerOrg: 1000, PerUser: 1000}
	h, neighbour := newFleet(t, spec), newFleet(t, spec)
	agent := h.states(h.org.Agent, h.org.AgentSecret, slots)
	neighbour.exec("update app.agents set revoked_at = now() where id = $1", neighbour.org.Agent)
	neighbour.exec("insert into app.agent_orgs (org_id, agent_id) values ($1, $2)", neighbour.org.ID.UUID, agent.ID)
	ctx, done := context.WithCancel(t.Context())
	var race, look sync.WaitGroup
	for n := range racers {
		of := []*fleet{h, neighbour}[n%2]
		race.Go(func() {
			for range rounds {
				s, err := of.members.Create(ctx, as(of.org, of.org.Member), sessions.Create{Template: "desk"})
				if err != nil {
					t.Errorf("create: %v", err)
					return
				}
				if _, err := of.members.Terminate(ctx, as(of.org, of.org.Member), s.ID); err != nil {
					t.Errorf("terminate: %v", err)
				}
				err = of.observer.Observe(ctx, agent, link.Report{Session: s.ID.UUID, State: link.Terminated, Generation: 2})
				if err != nil && s.Agent != uuid.Nil {
					t.Errorf("report: %v", err)
				}
			}
		})
	}
	super, most := database.Superuser(t), 0
	look.Go(func() {
		for ctx.Err() == nil {
			most = max(most, read[int](t, super, `select count(*) from app.sessions where agent_id = $1
				and state not in ('terminated', 'failed')`, agent.ID))
		}
	})
	race.Wait()
	done()
	look.Wait()
	if most > slots {
		t.Errorf("the agent had %d sessions at the same time", most)
	}
	if n := read[int](t, super, "select count(*) from app.agent_slots where agent_id = $1 and session_id is null",
		agent.ID); n != slots {
		t.Errorf("in the end %d of %d slots are free", n, slots)
	}
	t.Logf("at most %d sessions at the same time", most)
}

// A change is told to its agent again until a report has followed it.
func TestAChangeIsRepeatedUntilItIsReported(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	agent := h.states(h.org.Agent, h.org.AgentSecret, 20)
	s := h.create()
	told := func(want ...int64) {
		t.Helper()
		all, err := open.Roster().Unacknowledged(t.Context(), []uuid.UUID{agent.ID}, 10)
		var got []int64
		for _, c := range all {
			got = append(got, c.Desired.Generation)
			if c.Agent != agent.ID || c.Desired.Session != s.ID.UUID || c.Desired.Unreadable || c.Desired.Namespace == "" {
				t.Errorf("told %+v", c)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("told of generations %v, want %v (%v)", got, want, err)
		}
	}
	told(1)
	h.report(agent, link.Report{Session: s.ID.UUID, State: link.Starting})
	told()
	if _, err := h.members.Terminate(t.Context(), as(h.org, h.org.Member), s.ID); err != nil {
		t.Fatal(err)
	}
	told(2)
	h.report(agent, link.Report{Session: s.ID.UUID, State: link.Terminated})
	told()
}

// A process of an agent that was replaced is refused, and not told that nothing should run.
func TestAnOlderProcessIsToldNoPlacements(t *testing.T) {
	t.Parallel()
	h := newFleet(t, dbtest.Spec{})
	older := h.states(h.org.Agent, h.org.AgentSecret, 20)
	h.create()
	newer := h.states(h.org.Agent, h.org.AgentSecret, 20)
	if all, err := open.Roster().Placements(t.Context(), older, uuid.Nil, 10); fault.Of(err).Code != "stale_agent" {
		t.Errorf("the older process: %v, %v", all, err)
	}
	if all, err := open.Roster().Placements(t.Context(), newer, uuid.Nil, 10); err != nil || len(all) != 1 {
		t.Errorf("the newer process: %v, %v", all, err)
	}
}
