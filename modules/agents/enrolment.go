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

// maxName bounds the name of an agent and of an operator, in characters.
const maxName = 80

// Faults of enrolment.
var (
	ErrNameTaken = fault.New(fault.Conflict, "agent_name_taken", "There is an agent with this name.")
	ErrNotFound  = fault.New(fault.NotFound, "agent_not_found", "There is no such agent.")
)

// Registry is the port to the database for enrolment. The methods call functions as the operators' role.
type Registry interface {
	// EnrolAgent writes an agent, or returns ErrNameTaken. It gets the hash of the secret, so that no statement log
	// contains the secret.
	EnrolAgent(ctx context.Context, id ID, name string, hash secret.Hash) error
	// ServeOrg lets the agent run the organisation's sessions; a repeated call changes nothing. It returns ErrNotFound or
	// orgs.ErrNotFound.
	ServeOrg(ctx context.Context, operator string, agent ID, in org.ID) error
}

// Enrolment has the use cases of the platform's operators who add agents.
type Enrolment struct{ registry Registry }

// NewEnrolment makes the service.
func NewEnrolment(r Registry) *Enrolment { return &Enrolment{registry: r} }

// Enrol adds an agent. It returns the agent's secret, which cannot be read again: the database has only its hash. A new
// agent serves no organisation. It returns an Invalid fault for a bad name, or ErrNameTaken.
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

// Serve lets an agent run an organisation's sessions. It writes the operator's name to the organisation's audit log. It
// returns ErrNotFound, orgs.ErrNotFound, or an Invalid fault.
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
