// Package link defines the messages and calls between the control plane and an agent. adapters/tunnel carries them
// over the network. The agent always dials out: one control connection, on which both ends send requests, and one
// more connection for each stream.
package link

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Hello is what an agent sends when it connects.
type Hello struct {
	Agent  uuid.UUID
	Secret secret.Secret
	// Epoch is the epoch of an earlier connection of the same process. Zero means that the process has just started.
	// The control plane then raises the agent's epoch and refuses its older processes from then on.
	Epoch int64
	// Unconfined means that the agent runs its sessions without namespaces. Only an installation with one
	// organisation allows that, because such sessions can see each other's processes.
	Unconfined bool
	// Slots is how many sessions the agent can run at the same time. Zero: it does not say, as agents did before they
	// had slots, and gets DefaultSlots.
	Slots int
	// Version is the version of the agent's program, for people. Empty: it does not say. At most MaxVersion.
	Version string
	// Contact is the number of this contact, as the agent counts those that were answered. A database that has not
	// counted so far is older than the one that answered. Zero: the agent does not say.
	Contact int64
	// UnenforcedLimits are the limits of sessions that the kernel of the agent's host does not enforce: some of
	// LimitNames, in that order. Nil: the agent does not say, as agents did not before they could.
	UnenforcedLimits []string
}

// Agent is one process of an agent, as the control plane knows it once it has connected.
type Agent struct {
	ID    uuid.UUID `json:"id"`
	Epoch int64     `json:"epoch"`
}

// Desired is the desired state of one session on an agent, with the last state that the agent reported.
type Desired struct {
	Session    uuid.UUID    `json:"session"`
	Namespace  string       `json:"namespace"`
	Run        bool         `json:"run"` // false: it must not run
	Generation int64        `json:"generation"`
	State      State        `json:"state"` // the last reported state
	Epoch      int64        `json:"epoch"` // the agent's epoch when it was reported
	Spec       runtime.Spec `json:"spec"`
	// Unreadable means that the control plane does not know the form of the stored spec. A session that runs goes on, and
	// one that does not cannot be started.
	Unreadable bool `json:"unreadable,omitempty"`
}

// Report is what an agent observed of one session.
type Report struct {
	Session    uuid.UUID `json:"session"`
	State      State     `json:"state"`
	Reason     string    `json:"reason,omitempty"` // lower_snake, at most MaxReason bytes
	Generation int64     `json:"generation"`       // the generation of the desired state that led to this report
	// Detail is the last output of the desktop's programs when it did not start, at most MaxDetail bytes.
	Detail string `json:"detail,omitempty"`
	// HostFault means that the session failed to start because of its host, so that another one may start it.
	HostFault bool `json:"host_fault,omitempty"`
}

// Unknown is a workload on an agent that no placement names.
type Unknown struct {
	Session uuid.UUID `json:"session"`
	// Namespace is the organisation's, empty when the agent has not learned it.
	Namespace string    `json:"namespace"`
	Started   time.Time `json:"started"` // by the host's clock
}

// Control handles an agent's requests in the control plane. Each method returns a Conflict fault with the code
// "stale_agent" when a newer process of the agent has connected, or the credential is revoked. The agent then
// connects again.
type Control interface {
	// Connect checks the credential and returns the agent with its epoch. A repeated call with that epoch records
	// that the agent is alive.
	Connect(ctx context.Context, h Hello) (Agent, error)
	// Placements lists what is placed on the agent and has not ended, in the order of its ids, after the given one
	// (the zero UUID: from the first), at most PlacementPage of them; fewer mean the end.
	Placements(ctx context.Context, a Agent, after uuid.UUID) ([]Desired, error)
	// Observe records a report. A report of a session that is not placed on this agent is refused.
	Observe(ctx context.Context, a Agent, r Report) error
	// Unknown records the workloads that no placement names, and returns those that the agent must end. The others are
	// kept: the database is an older one and does not know them.
	Unknown(ctx context.Context, a Agent, all []Unknown) ([]uuid.UUID, error)
}

// Upstream is the control plane as seen from an agent, over its control connection.
type Upstream interface {
	// Placements lists all sessions placed on this agent that have not ended, from all pages.
	Placements(ctx context.Context) ([]Desired, error)
	// Observe reports one session.
	Observe(ctx context.Context, r Report) error
	// Unknown tells which workloads no placement names, at most UnknownPage, and returns those that must end.
	Unknown(ctx context.Context, all []Unknown) ([]uuid.UUID, error)
}

// PlacementTopic is the bus topic that is woken when a session that waits for a host may have one: an agent has
// connected, a session has ended, or a start has failed on another host.
const PlacementTopic = "placement"

// Commands sends requests from the control plane to an agent. Every method fails with an Unavailable fault, code
// "agent_unreachable", when that agent has no control connection here.
type Commands interface {
	// Put sends the desired state of one session. If the call is lost, the change is told again.
	Put(ctx context.Context, agent uuid.UUID, d Desired) error
	// Open returns a connection to the display of a session on the agent, which dials back for it. ctx bounds only
	// the wait. The connection stays open until the caller closes it.
	Open(ctx context.Context, agent, session uuid.UUID) (io.ReadWriteCloser, error)
}
