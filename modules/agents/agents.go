// Package agents knows the programs that run sessions: who they are and which organisations they serve. It is the
// control plane's side; what an agent itself does is in modules/reconciler.
package agents

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// ID names an agent.
type ID struct{ uuid.UUID }

// Faults of this module.
var (
	ErrStale      = link.ErrStaleAgent
	ErrUnknown    = fault.New(fault.Unauthenticated, "agent_unknown", "The agent's id or secret is wrong.")
	ErrUnconfined = fault.New(fault.Forbidden, "agent_unconfined",
		"An agent that cannot confine its sessions serves only an installation with one organisation.")
)

// Roster is what the control plane knows of agents. It reads no table: each method is one function of the database.
type Roster interface {
	// ConnectAgent checks the secret and says that the agent is alive. An epoch of zero is a new process: it raises the
	// agent's epoch. It returns the present epoch, or ErrUnknown, ErrStale or ErrUnconfined.
	ConnectAgent(ctx context.Context, h link.Hello) (int64, error)
	// Placements lists what is placed on the agent and has not ended, by id, after the given one, at most n.
	Placements(ctx context.Context, a link.Agent, after uuid.UUID, n int) ([]link.Desired, error)
}

// Service is what the control plane answers to agents.
type Service struct{ roster Roster }

// NewService makes the service.
func NewService(r Roster) *Service { return &Service{roster: r} }

// Connect checks an agent's credential and returns the agent with its epoch.
func (s *Service) Connect(ctx context.Context, h link.Hello) (link.Agent, error) {
	epoch, err := s.roster.ConnectAgent(ctx, h)
	return link.Agent{ID: h.Agent, Epoch: epoch}, err
}

// Placements lists a page of what is placed on the agent.
func (s *Service) Placements(ctx context.Context, a link.Agent, after uuid.UUID) ([]link.Desired, error) {
	return s.roster.Placements(ctx, a, after, link.PlacementPage)
}
