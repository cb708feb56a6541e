package postgres

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// refusals counts what was refused.
type refusals struct{ n int }

func (r *refusals) Refusals(string) func() { return func() { r.n++ } }

func service(d *DB) (*sessions.Service, *sessions.Observer) {
	bus := membus.New()
	return sessions.NewService(sessions.Config{
		InOrg: d.Sessions(), Read: d.SessionReads(),
		AsService: d.SessionsAsService(), Tickets: d.Tickets(), Counter: &refusals{},
		Nudger: sessions.NewNudger(nil, slog.New(slog.DiscardHandler)), Bus: bus,
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

// A session's owner and admins see why it is not there: its last output, and its history, page by page. Nobody else
// does.
func TestTheHistoryOfASession(t *testing.T) {
	t.Parallel()
	ctx, o := t.Context(), database.NewOrg(t, dbtest.Spec{})
	s, observer := service(open)
	who, agent := as(o, o.Member), link.Agent{ID: o.Agent, Epoch: o.AgentEpoch}
	made, err := s.Create(ctx, who, sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []link.Report{
		{State: link.Starting},
		{State: link.Failed, Reason: "command_not_found", Detail: "xeyes: not found\n<b>"},
	} {
		r.Session, r.Generation = made.ID.UUID, 1
		if err := observer.Observe(ctx, agent, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, seer := range []org.Scope{who, as(o, o.Admin)} {
		it, err := s.Get(ctx, seer, made.ID)
		if err != nil || it.Detail != "xeyes: not found\n<b>" || it.Reason != "command_not_found" ||
			it.OwnerName != "member" || made.OwnerName != "member" {
			t.Errorf("as %s: %+v, %v", seer.Role(), it, err)
		}
		var told []string
		for next := (page.Request{Limit: 2}); ; {
			p, err := s.Events(ctx, seer, made.ID, next)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Items {
				told = append(told, strings.TrimSpace(e.Type+" "+e.Data.Reason))
			}
			if next.After = p.Next; p.Next.IsZero() {
				break
			}
		}
		if want := []string{"created", "starting", "failed command_not_found"}; !slices.Equal(told, want) {
			t.Errorf("as %s: told %v, want %v", seer.Role(), told, want)
		}
	}
	other := database.NewOrg(t, dbtest.Spec{})
	for code, seer := range map[string]org.Scope{
		"session_not_found": as(o, o.Viewer), "other_org": as(other, other.Owner),
	} {
		if _, err := s.Events(ctx, seer, made.ID, page.Request{}); fault.Of(err).Code != code {
			t.Errorf("want %s: %v", code, err)
		}
	}
	for name, c := range map[string]page.Cursor{
		"no number":         {Key: "x", ID: made.ID.UUID},
		"another session's": {Key: "1", ID: other.ID.UUID},
	} {
		if _, err := s.Events(ctx, who, made.ID, page.Request{After: c}); fault.Of(err).Code != "invalid_cursor" {
			t.Errorf("a cursor with %s: %v", name, err)
		}
	}
}
