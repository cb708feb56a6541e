package agents

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// maxName is the length of an agent's and an operator's name, in characters.
const maxName = 80

// Faults of enrolment.
var (
	ErrNameTaken = fault.New(fault.Conflict, "agent_name_taken", "There is an agent with this name.")
	ErrNotFound  = fault.New(fault.NotFound, "agent_not_found", "There is no such agent.")
)

// Registry is where the platform's operators enrol agents.
type Registry interface {
	// EnrolAgent writes an agent, or returns ErrNameTaken.
	EnrolAgent(ctx context.Context, id ID, name string, hash secret.Hash) error
	// ServeOrg lets the agent run the organisation's sessions; a repeated call changes nothing. It returns ErrNotFound or
	// orgs.ErrNotFound.
	ServeOrg(ctx context.Context, operator string, agent ID, in org.ID) error
}

// Enrolment is the use cases by which the platform's operators add agents.
type Enrolment struct{ registry Registry }

// NewEnrolment makes the service.
func NewEnrolment(r Registry) *Enrolment { return &Enrolment{registry: r} }

// Enrol adds an agent. Its secret is returned here and nowhere else.
func (e *Enrolment) Enrol(ctx context.Context, name string) (ID, secret.Secret, error) {
	if err := input.Text("name", name, 1, maxName); err != nil {
		return ID{}, secret.Secret{}, err
	}
	id, key := ID{uuid.Must(uuid.NewV7())}, secret.New()
	if err := e.registry.EnrolAgent(ctx, id, name, key.Hash()); err != nil {
		return ID{}, secret.Secret{}, err
	}
	return id, key, nil
}

// Serve lets an agent run an organisation's sessions.
func (e *Enrolment) Serve(ctx context.Context, operator string, agent ID, in org.ID) error {
	var unknown error
	if agent == (ID{}) {
		unknown = ErrNotFound
	}
	if err := cmp.Or(input.Text("operator", operator, 1, maxName), unknown); err != nil {
		return err
	}
	return e.registry.ServeOrg(ctx, operator, agent, in)
}
