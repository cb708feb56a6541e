// Package agents is the control plane's knowledge of agents: the programs that run sessions on hosts. It authenticates
// them, says what each of them should run, and enrols new ones. What an agent itself does is in modules/reconciler.
//
// adapters/tunnel calls Service for agents that are connected. The operators' commands call Enrolment. Both reach the
// database only through functions, because an agent serves several organisations and enters none of them by itself.
//
// An agent has an id, a secret, and an epoch, which counts the starts of its process. Only the newest epoch may report:
// when a second process of an agent connects, the first one gets ErrStale and must end, since two processes must not
// act on the same sessions.
package agents

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// ID names an agent.
type ID struct{ uuid.UUID }

// Faults of connecting. ErrStale must end the agent's process, and ErrUnknown needs a new credential: that is why they
// have different codes. ErrUnconfined is refused by the database, not only by the agent
// (docs/adr/0006-unconfined-agents.md).
var (
	ErrStale      = link.ErrStaleAgent
	ErrUnknown    = fault.New(fault.Unauthenticated, "agent_unknown", "The agent's id or secret is wrong.")
	ErrUnconfined = fault.New(fault.Forbidden, "agent_unconfined",
		"An agent that cannot confine its sessions serves only an installation with one organisation.")
)

// Roster is the port to the database for agents that connect. Each method calls one function of the database; the
// agents' role cannot read a table.
type Roster interface {
	// ConnectAgent checks the secret and records that the agent is alive. An epoch of zero means a new process, and raises
	// the agent's epoch. It returns the current epoch, or ErrUnknown, ErrStale or ErrUnconfined.
	ConnectAgent(ctx context.Context, h link.Hello) (int64, error)
	// Placements lists the sessions that are placed on the agent and have not ended: at most n, in the order of their ids,
	// after the given id. The zero id is the beginning. It returns ErrStale for an older epoch.
	Placements(ctx context.Context, a link.Agent, after uuid.UUID, n int) ([]link.Desired, error)
	// Unacknowledged lists at most n sessions of these agents whose newest change no report has followed.
	Unacknowledged(ctx context.Context, of []uuid.UUID, n int) ([]Change, error)

	// ReportUnknown records the workloads that no placement of the agent names, and returns those that must end. After a
	// restore those without a row are kept, unless keep is false. It returns ErrStale for an older epoch.
	ReportUnknown(ctx context.Context, a link.Agent, all []link.Unknown, keep bool) ([]uuid.UUID, error)
}

// Change is how a session on an agent should be.
type Change struct {
	Agent   uuid.UUID
	Desired link.Desired
}

// Service has the use cases of agents that connect. It is safe for concurrent use.
type Service struct {
	roster Roster
	bus    bus.Bus
	keep   bool
}

// NewService makes the service. It wakes link.PlacementTopic when an agent has connected. With keep, the sessions that
// the database does not know after a restore run on until an operator decides.
func NewService(r Roster, b bus.Bus, keep bool) *Service {
	return &Service{roster: r, bus: b, keep: keep}
}

// Connect authenticates an agent and returns it with its epoch. It returns ErrUnknown, ErrStale or ErrUnconfined. An
// agent calls it when it connects and with each sync, so that a revoked one is refused within ten seconds.
func (s *Service) Connect(ctx context.Context, h link.Hello) (link.Agent, error) {
	epoch, err := s.roster.ConnectAgent(ctx, h)
	if err == nil {
		s.bus.Wake(link.PlacementTopic)
	}
	return link.Agent{ID: h.Agent, Epoch: epoch}, err
}

// Placements lists one page of the agent's sessions after the given id: at most link.PlacementPage. A shorter page is
// the last.
func (s *Service) Placements(ctx context.Context, a link.Agent, after uuid.UUID) ([]link.Desired, error) {
	return s.roster.Placements(ctx, a, after, link.PlacementPage)
}

// Unknown records the workloads that no placement of the agent names, and returns those that it must end: all that have
// a row, and the others unless they are kept after a restore.
func (s *Service) Unknown(ctx context.Context, a link.Agent, all []link.Unknown) ([]uuid.UUID, error) {
	return s.roster.ReportUnknown(ctx, a, all, s.keep)
}
