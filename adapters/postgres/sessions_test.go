package postgres

import (
	"log/slog"
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// refusals counts what was refused.
type refusals struct{ n int }

func (r *refusals) Refusals(string) func() { return func() { r.n++ } }

func service(d *DB) (*sessions.Service, *sessions.Observer) {
	bus := membus.New()
	return sessions.NewService(sessions.Config{
		InOrg: d.Sessions(), Read: d.SessionReads(), Tickets: d.Tickets(),
		Counter: &refusals{},
		Nudger:  sessions.NewNudger(nil, slog.New(slog.DiscardHandler)), Bus: bus,
	}), sessions.NewObserver(d.InReport(), bus)
}

func TestASessionFromItsCreationToItsEnd(t *testing.T) {
	t.Parallel()
	ctx, o := t.Context(), database.NewOrg(t, dbtest.Spec{})
	s, observer := service(open)
	who, agent := as(o, o.Member), link.Agent{ID: o.Agent, Epoch: o.AgentEpoch}

	made, err := s.Create(ctx, who, sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(ctx, who, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != link.Pending || got.Name != "Desk" || got.Agent != o.Agent ||
		!got.CreatedAt.Equal(made.CreatedAt) {
		t.Errorf("made %+v, got %+v", made, got)
	}
	for _, state := range []link.State{"starting", "running"} {
		if err := observer.Observe(ctx, agent, link.Report{Session: made.ID.UUID, State: state, Generation: 1}); err != nil {
			t.Fatalf("report %s: %v", state, err)
		}
	}
	key, err := s.IssueTicket(ctx, who, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.Redeem(ctx, key)
	if err != nil || in.Session != made.ID || in.User != o.Member.User {
		t.Errorf("redeemed %+v, %v", in, err)
	}
	if _, err := s.Redeem(ctx, key); fault.Of(err).Code != "ticket_invalid" {
		t.Errorf("redeemed twice: %v", err)
	}
	ended, err := s.Terminate(ctx, who, made.ID)
	if err != nil || ended.State != link.Terminating {
		t.Errorf("terminate: %v, %v", ended.State, err)
	}
	err = observer.Observe(ctx, agent, link.Report{Session: made.ID.UUID, State: "terminated", Generation: 2})
	if err != nil {
		t.Fatal(err)
	}
	ended, err = s.Terminate(ctx, who, made.ID)
	if err != nil || ended.State != link.Terminated || ended.EndedAt.IsZero() {
		t.Errorf("terminated: %+v, %v", ended, err)
	}
	all, err := s.List(ctx, who, sessions.Filter{}, page.Request{Limit: 1})
	if err != nil || len(all.Items) != 1 || !all.Next.IsZero() {
		t.Errorf("list: %+v, %v", all, err)
	}
	other := database.NewOrg(t, dbtest.Spec{})
	if _, err := s.Get(ctx, as(other, other.Owner), made.ID); fault.Of(err).Code != "other_org" {
		t.Errorf("another organisation's owner: %v", err)
	}
	if _, err := s.Get(ctx, as(o, o.Viewer), made.ID); fault.Of(err).Code != "session_not_found" {
		t.Errorf("another member: %v", err)
	}
}
