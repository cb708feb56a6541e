// Package link is what the control plane and an agent say to each other. The agent dials out, always: one control
// connection, on which both ends ask and answer, and one more connection for each stream.
package link

import (
	"context"
	"io"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Hello is what an agent presents when it connects.
type Hello struct {
	Agent  uuid.UUID
	Secret secret.Secret
	// Epoch is that of an earlier connection of the same agent process. Zero means that this process has just started,
	// which raises the agent's epoch: what an older process of it says is refused from then on.
	Epoch int64
	// Unconfined tells that the agent runs its sessions without namespaces. Only an installation with one organisation
	// may.
	Unconfined bool
}

// Agent is one process of an agent, as the control plane knows it once it has connected.
type Agent struct {
	ID    uuid.UUID `json:"id"`
	Epoch int64     `json:"epoch"`
}

// Desired is one session placed on an agent, as it should be, with what was last observed of it.
type Desired struct {
	Session    uuid.UUID    `json:"session"`
	Namespace  string       `json:"namespace"`
	Run        bool         `json:"run"` // false: it should be gone
	Generation int64        `json:"generation"`
	State      State        `json:"state"` // the last one that was reported
	Epoch      int64        `json:"epoch"` // the agent's epoch when it was reported
	Spec       runtime.Spec `json:"spec"`
}

// Report is what an agent observed of one session.
type Report struct {
	Session    uuid.UUID `json:"session"`
	State      State     `json:"state"`
	Reason     string    `json:"reason,omitempty"` // lower_snake, at most MaxReason bytes
	Generation int64     `json:"generation"`       // of the desired state that this is the outcome of
}

// Control is what the control plane answers to an agent. Each method returns a Conflict fault with the code
// "stale_agent" when a newer process of the agent has connected, or the credential no longer holds; the agent then
// connects anew.
type Control interface {
	// Connect checks the credential and returns the agent with its epoch. A repeated call with that epoch tells that the
	// agent is alive.
	Connect(ctx context.Context, h Hello) (Agent, error)
	// Placements lists what is placed on the agent and has not ended, in the order of its ids, after the given one (the
	// zero UUID: from the first), at most PlacementPage of them; fewer mean the end.
	Placements(ctx context.Context, a Agent, after uuid.UUID) ([]Desired, error)
	// Observe records a report. A report of a session that is not placed on this agent is refused.
	Observe(ctx context.Context, a Agent, r Report) error
}

// Upstream is the control plane as an agent's own code sees it, over its control connection.
type Upstream interface {
	// Placements lists everything placed on this agent that has not ended, all pages of it.
	Placements(ctx context.Context) ([]Desired, error)
	// Observe reports one session.
	Observe(ctx context.Context, r Report) error
}

// Commands is an agent as the control plane sees it. Every method fails with an Unavailable fault, code
// "agent_unreachable", when that agent has no control connection here.
type Commands interface {
	// Put tells the agent at once how one session should be; a lost call is made good by the agent's next sync.
	Put(ctx context.Context, agent uuid.UUID, d Desired) error
	// Open gives a connection to the display of a session that runs on the agent. The agent dials back for it. Done with
	// ctx it stops waiting; what was returned before lives until it is closed.
	Open(ctx context.Context, agent, session uuid.UUID) (io.ReadWriteCloser, error)
}
