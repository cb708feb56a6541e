package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Roster calls the functions for agents that connect. It implements agents.Roster.
type Roster struct{ q *sysdb.Queries }

// Roster returns the functions of the agent role.
func (d *DB) Roster() Roster { return Roster{sysdb.New(d.agent)} }

// ConnectAgent implements agents.Roster.
func (r Roster) ConnectAgent(ctx context.Context, h link.Hello) (int64, error) {
	hash := h.Secret.Hash()
	epoch, err := r.q.ConnectAgent(ctx, sysdb.ConnectAgentParams{
		AgentID: h.Agent, SecretHash: hash[:], Epoch: h.Epoch, Unconfined: h.Unconfined,
		Slots: int32(cmp.Or(h.Slots, link.DefaultSlots)), Version: h.Version, Contact: h.Contact,
		UnenforcedLimits: h.UnenforcedLimits,
	})
	return epoch, translate(err)
}

// Placements implements agents.Roster.
func (r Roster) Placements(ctx context.Context, a link.Agent, after uuid.UUID, n int) ([]link.Desired, error) {
	rows, err := r.q.Placements(ctx, sysdb.PlacementsParams{AgentID: a.ID, Epoch: a.Epoch, After: after, Most: int32(n)})
	if err != nil {
		return nil, translate(err)
	}
	out := make([]link.Desired, len(rows))
	for i, p := range rows {
		out[i] = desiredOf(p)
	}
	return out, nil
}

func desiredOf(p sysdb.PlacementsRow) link.Desired {
	d := link.Desired{
		Session: p.SessionID, Namespace: p.Namespace, Run: p.Desired == "running", Generation: p.Generation,
		State: link.State(p.State), Epoch: p.ObservedEpoch,
	}
	if err := json.Unmarshal(p.Spec, &d.Spec); err != nil { // the agent's other sessions must not wait for it
		d.Spec, d.Unreadable = runtime.Spec{}, true
	}
	return d
}

// Unacknowledged implements agents.Roster.
func (r Roster) Unacknowledged(ctx context.Context, of []uuid.UUID, n int) ([]agents.Change, error) {
	rows, err := r.q.Unacknowledged(ctx, of, int32(n))
	if err != nil {
		return nil, translate(err)
	}
	out := make([]agents.Change, len(rows))
	for i, p := range rows {
		out[i] = agents.Change{Agent: p.AgentID, Desired: desiredOf(sysdb.PlacementsRow{
			SessionID: p.SessionID, Namespace: p.Namespace, Desired: p.Desired, Generation: p.Generation, State: p.State,
			ObservedEpoch: p.ObservedEpoch, Spec: p.Spec,
		})}
	}
	return out, nil
}

// ReportUnknown implements agents.Roster.
func (r Roster) ReportUnknown(ctx context.Context, a link.Agent, all []link.Unknown, keep bool) ([]uuid.UUID, error) {
	p := sysdb.ReportUnknownParams{AgentID: a.ID, Epoch: a.Epoch, Keep: keep}
	for _, u := range all {
		p.Sessions, p.Namespaces = append(p.Sessions, u.Session), append(p.Namespaces, u.Namespace)
		p.Started = append(p.Started, u.Started)
	}
	end, err := r.q.ReportUnknown(ctx, p)
	return end, translate(err)
}

// EnrolAgent implements agents.Registry.
func (o *Operator) EnrolAgent(ctx context.Context, operator string, a agents.New) error {
	err := o.q.EnrolAgent(ctx, sysdb.EnrolAgentParams{
		Operator: operator, AgentID: a.ID.UUID, Name: a.Name, SecretHash: a.Hash[:],
	})
	return ofConstraint(err, map[string]*fault.Fault{"agents_name_key": agents.ErrNameTaken})
}

// RotateAgent implements agents.Registry.
func (o *Operator) RotateAgent(ctx context.Context, operator string, agent agents.ID, hash secret.Hash) error {
	return orRevoked(o.q.RotateAgent(ctx, operator, agent.UUID, hash[:]))
}

// RevokeAgent implements agents.Registry.
func (o *Operator) RevokeAgent(ctx context.Context, operator string, agent agents.ID) error {
	return orRevoked(o.q.RevokeAgent(ctx, operator, agent.UUID))
}

// orRevoked translates an error for an operator. ErrUnknown says that a secret is wrong, and an operator has shown
// none.
func orRevoked(err error) error {
	err = translate(err)
	if errors.Is(err, agents.ErrUnknown) {
		return agents.ErrRevoked.Because(err)
	}
	return err
}

// AgentByName implements agents.Registry.
func (o *Operator) AgentByName(ctx context.Context, name string) (agents.ID, error) {
	id, err := o.q.FindAgent(ctx, name)
	return agents.ID{UUID: id}, orNotFound(err, agents.ErrNotFound)
}

// Agents implements agents.Registry.
func (o *Operator) Agents(ctx context.Context, after string, n int) ([]agents.Enrolled, error) {
	rows, err := o.q.ListAgents(ctx, after, int32(n))
	out := make([]agents.Enrolled, len(rows))
	for i, r := range rows {
		out[i] = agents.Enrolled{
			ID: agents.ID{UUID: r.ID}, Name: r.Name, Revoked: r.Revoked, Created: r.CreatedAt,
			UnenforcedLimits: r.UnenforcedLimits,
		}
		if r.SeenAt.After(r.CreatedAt) {
			out[i].Seen = r.SeenAt
		}
	}
	return out, translate(err)
}

// ServeOrg implements agents.Registry.
func (o *Operator) ServeOrg(ctx context.Context, operator string, agent agents.ID, in org.ID) error {
	err := o.q.ServeOrg(ctx, operator, agent.UUID, in.UUID)
	return orRevoked(ofConstraint(err, map[string]*fault.Fault{
		"agent_orgs_of_agent": agents.ErrNotFound, "agent_orgs_of_org": orgs.ErrNotFound,
	}))
}

// UnknownSessions implements agents.Registry.
func (o *Operator) UnknownSessions(ctx context.Context, after uuid.UUID, n int) ([]agents.UnknownSession, error) {
	rows, err := o.q.ListUnknownSessions(ctx, after, int32(n))
	out := make([]agents.UnknownSession, len(rows))
	for i, r := range rows {
		out[i] = agents.UnknownSession{
			Session: r.SessionID, Agent: r.Agent, Org: r.Slug, Namespace: r.Namespace, Started: r.StartedAt, Seen: r.SeenAt,
		}
	}
	return out, translate(err)
}

// EndUnknownSessions implements agents.Registry.
func (o *Operator) EndUnknownSessions(ctx context.Context, operator string) error {
	return translate(o.q.EndUnknownSessions(ctx, operator))
}
