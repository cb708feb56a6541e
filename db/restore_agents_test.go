package db_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// plane is a control plane on one database, with one organisation and its agent.
type plane struct {
	*testing.T
	org      *dbtest.Org
	agents   *agents.Service
	sessions *sessions.Service
	observer *sessions.Observer
	hello    link.Hello
	agent    link.Agent
}

type noRefusals struct{}

func (noRefusals) Refusals(string) func() { return func() {} }

func serve(t *testing.T, url string, o *dbtest.Org, keep bool) *plane {
	t.Helper()
	d, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	bus := membus.New()
	return &plane{
		T: t, org: o, agents: agents.NewService(d.Roster(), bus, keep), observer: sessions.NewObserver(d.InReport(), bus),
		sessions: sessions.NewService(sessions.Config{
			InOrg: d.Sessions(), Read: d.SessionReads(), AsService: d.SessionsAsService(),
			Tickets: d.Tickets(), Counter: noRefusals{},
			Nudger: sessions.NewNudger(nil, slog.New(slog.DiscardHandler)), Bus: bus,
		}),
		hello: link.Hello{Agent: o.Agent, Secret: o.AgentSecret, Epoch: o.AgentEpoch},
	}
}

func (p *plane) who() org.Scope {
	m := p.org.Owner
	return org.Member(p.org.ID, m.User, m.Role, m.Credential)
}

// contacts lets the agent connect or sync, with the number of the contact.
func (p *plane) contacts(number int64) {
	p.Helper()
	p.hello.Contact = number
	var err error
	if p.agent, err = p.agents.Connect(p.Context(), p.hello); err != nil {
		p.Fatal(err)
	}
	p.hello.Epoch = p.agent.Epoch
}

func (p *plane) reports(s sessions.Session, state link.State) error {
	return p.observer.Observe(p.Context(), p.agent, link.Report{Session: s.ID.UUID, State: state, Generation: 1})
}

// launch makes a session, whose agent reports these states.
func (p *plane) launch(states ...link.State) sessions.Session {
	p.Helper()
	s, err := p.sessions.Create(p.Context(), p.who(), sessions.Create{Template: "desk"})
	if err != nil {
		p.Fatal(err)
	}
	for _, state := range states {
		if err := p.reports(s, state); err != nil {
			p.Fatal(err)
		}
	}
	return s
}

// unknown is what the agent is told to end of what runs.
func (p *plane) unknown(all ...sessions.Session) []uuid.UUID {
	p.Helper()
	var said []link.Unknown
	for _, s := range all {
		said = append(said, link.Unknown{Session: s.ID.UUID, Namespace: p.org.Slug, Started: time.Unix(1e9, 0)})
	}
	end, err := p.agents.Unknown(p.Context(), p.agent, said)
	if err != nil {
		p.Fatal(err)
	}
	return end
}

func (p *plane) wants(s sessions.Session, state link.State, reason string) {
	p.Helper()
	got, err := p.sessions.Get(p.Context(), p.who(), s.ID)
	if err != nil || got.State != state || got.Reason != reason {
		p.Errorf("session is %s %q, %v; want %s %q", got.State, got.Reason, err, state, reason)
	}
}

// operate opens the restored database as operators do.
func operate(t *testing.T, url string) *agents.Enrolment {
	t.Helper()
	o, err := postgres.OpenOperator(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return agents.NewEnrolment(o)
}

// A backup is made, sessions begin and end, and the backup is restored.
func TestAgentsAfterARestore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keep      bool
		restarted bool // the agent, after the backup
	}{
		"kept": {keep: true}, "ended": {}, "kept by an agent of a later epoch": {keep: true, restarted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := dbtest.Own(t)
			o := from.NewOrg(t, dbtest.Spec{PerOrg: 10, PerUser: 10})
			was := serve(t, from.URL(), o, c.keep)
			was.contacts(1)
			runs, ended := was.launch(link.Starting, link.Running), was.launch(link.Starting, link.Running)
			waits, starts, reports := was.launch(), was.launch(link.Starting), was.launch()
			if _, err := was.sessions.Terminate(t.Context(), was.who(), starts.ID); err != nil {
				t.Fatal(err)
			}
			file := backup(t, from)
			was.contacts(2)
			if c.restarted {
				was.hello.Epoch = 0
				was.contacts(1)
			}
			was.contacts(was.hello.Contact + 1)
			later := was.launch(link.Starting, link.Running)

			url := restoredFrom(t, file)
			now := serve(t, url, o, c.keep)
			now.hello = was.hello
			now.contacts(was.hello.Contact + 1)
			if now.agent != was.agent {
				t.Errorf("the agent is %+v, and was %+v", now.agent, was.agent)
			}
			placed, err := now.agents.Placements(t.Context(), now.agent, uuid.Nil)
			if err != nil || len(placed) != 5 {
				t.Errorf("%d placements, %v", len(placed), err)
			}
			// What was waiting for its start is not started once more, and runs on where it runs.
			if err := now.reports(waits, link.Starting); fault.Of(err).Code != "session_ended" {
				t.Errorf("a session of before the restore starts: %v", err)
			}
			now.wants(waits, link.Failed, "database_restored")
			for s, state := range map[*sessions.Session]link.State{
				&ended: link.Failed, &starts: link.Terminated, &reports: link.Running,
			} {
				if err := now.reports(*s, state); err != nil {
					t.Error(err)
				}
				now.wants(*s, state, "")
			}
			now.wants(runs, link.Running, "")
			fresh := now.launch(link.Starting, link.Running)
			now.wants(fresh, link.Running, "")

			operator := operate(t, url)
			want := []uuid.UUID{later.ID.UUID}
			if !c.keep {
				if diff := cmp.Diff(want, now.unknown(later)); diff != "" {
					t.Errorf("to end (-want +got):\n%s", diff)
				}
				return
			}
			if end := now.unknown(waits, later); len(end) != 1 || end[0] != waits.ID.UUID {
				t.Errorf("to end: %v, want %s, which the database knows", end, waits.ID)
			}
			listed, err := operator.Unknown(t.Context(), uuid.Nil, 10)
			if err != nil || len(listed) != 1 || listed[0].Session != later.ID.UUID || listed[0].Org != o.Slug {
				t.Errorf("operators see %+v, %v", listed, err)
			}
			if err := operator.EndUnknown(t.Context(), "test"); err != nil {
				t.Fatal(err)
			}
			now.contacts(now.hello.Contact + 1)
			if diff := cmp.Diff(want, now.unknown(later)); diff != "" {
				t.Errorf("to end, as the operator decided (-want +got):\n%s", diff)
			}
			if listed, err := operator.Unknown(t.Context(), uuid.Nil, 10); err != nil || len(listed) != 0 {
				t.Errorf("operators still see %+v, %v", listed, err)
			}
		})
	}
}

// restoredFrom loads a dump, prepares the database and returns its URL.
func restoredFrom(t *testing.T, file string) string {
	t.Helper()
	to := load(t, file)
	config := to.Config(cluster.Superuser)
	config.Database = restored
	if _, err := db.Prepare(context.WithoutCancel(t.Context()), config, io.Discard); err != nil {
		t.Fatal(err)
	}
	return address(to.URL())
}
