package agents

import (
	"cmp"
	"context"
	"time"

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
	ErrRevoked   = fault.New(fault.Conflict, "agent_revoked", "The agent is revoked for good. Enrol another one.")
)

// Registry is the port to the database for enrolment. The methods call functions as the operators' role.
type Registry interface {
	// EnrolAgent writes an agent, or returns ErrNameTaken. It gets the hash of the secret, so that no statement log
	// contains the secret. Enrolling, rotating and revoking write an entry with the operator's name to the operators'
	// log.
	EnrolAgent(ctx context.Context, operator string, a New) error
	// RotateAgent gives an agent another secret, or returns ErrRevoked. The secret before ends at once.
	RotateAgent(ctx context.Context, operator string, agent ID, hash secret.Hash) error
	// RevokeAgent ends an agent for good, or returns ErrRevoked.
	RevokeAgent(ctx context.Context, operator string, agent ID) error
	// AgentByName returns the agent's id, or ErrNotFound.
	AgentByName(ctx context.Context, name string) (ID, error)
	// Agents returns a page of at most n agents by name, after the given name.
	Agents(ctx context.Context, after string, n int) ([]Enrolled, error)
	// ServeOrg lets the agent run the organisation's sessions; a repeated call changes nothing. It returns ErrNotFound or
	// orgs.ErrNotFound.
	ServeOrg(ctx context.Context, operator string, agent ID, in org.ID) error
	// UnknownSessions returns a page of at most n of the sessions that agents keep and the database does not know, in the
	// order of their ids, after the given one.
	UnknownSessions(ctx context.Context, after uuid.UUID, n int) ([]UnknownSession, error)
	// EndUnknownSessions lets agents end them, and writes an entry to the operators' log if they were kept.
	EndUnknownSessions(ctx context.Context, operator string) error
}

// UnknownSession is a session that runs, and that the database does not know since it was restored.
type UnknownSession struct {
	Session   uuid.UUID
	Agent     string // its name
	Org       string // the organisation's slug; empty when the database does not know that either
	Namespace string
	Started   time.Time
	Seen      time.Time // the agent's last contact
}

// New is an agent that is enrolled.
type New struct {
	ID   ID
	Name string
	Hash secret.Hash // of its secret
}

// Enrolled is an agent as operators list it.
type Enrolled struct {
	ID      ID
	Name    string
	Seen    time.Time // the last contact; zero when there was none
	Revoked bool
	Created time.Time
	// UnenforcedLimits are the limits of sessions that the host's kernel does not enforce; nil: it does not say.
	UnenforcedLimits []string
}

// Enrolment has the use cases of the platform's operators who add agents.
type Enrolment struct{ registry Registry }

// NewEnrolment makes the service.
func NewEnrolment(r Registry) *Enrolment { return &Enrolment{registry: r} }

// Enrol adds an agent. It returns the agent's secret, which cannot be read again: the database has only its hash. A new
// agent serves no organisation. It returns an Invalid fault for a bad name, or ErrNameTaken.
func (e *Enrolment) Enrol(ctx context.Context, operator, name string) (ID, secret.Secret, error) {
	if err := cmp.Or(checkOperator(operator), input.Text("name", name, 1, maxName)); err != nil {
		return ID{}, secret.Secret{}, err
	}
	id, key := ID{uuid.Must(uuid.NewV7())}, secret.New()
	if err := e.registry.EnrolAgent(ctx, operator, New{id, name, key.Hash()}); err != nil {
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
	if err := cmp.Or(checkOperator(operator), unknown); err != nil {
		return err
	}
	return e.registry.ServeOrg(ctx, operator, agent, in)
}

// Rotate gives an agent another secret and returns it. The secret before ends at once: the agent is cut off until it is
// started with the new one, and its sessions run on. It returns ErrRevoked for a revoked or unknown agent.
func (e *Enrolment) Rotate(ctx context.Context, operator string, agent ID) (secret.Secret, error) {
	if err := checkOperator(operator); err != nil {
		return secret.Secret{}, err
	}
	key := secret.New()
	if err := e.registry.RotateAgent(ctx, operator, agent, key.Hash()); err != nil {
		return secret.Secret{}, err
	}
	return key, nil
}

// Revoke ends an agent for good: it is cut off and never connects again. It returns ErrUnknown for an unknown or
// revoked agent.
func (e *Enrolment) Revoke(ctx context.Context, operator string, agent ID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	return e.registry.RevokeAgent(ctx, operator, agent)
}

// ByName returns an agent's id, or ErrNotFound.
func (e *Enrolment) ByName(ctx context.Context, name string) (ID, error) {
	return e.registry.AgentByName(ctx, name)
}

// List returns a page of at most n agents by name, after the given name.
func (e *Enrolment) List(ctx context.Context, after string, n int) ([]Enrolled, error) {
	return e.registry.Agents(ctx, after, n)
}

// Unknown returns a page of the sessions that run and that the database does not know.
func (e *Enrolment) Unknown(ctx context.Context, after uuid.UUID, n int) ([]UnknownSession, error) {
	return e.registry.UnknownSessions(ctx, after, n)
}

// EndUnknown lets agents end these sessions. A restore that is noticed later keeps such sessions again.
func (e *Enrolment) EndUnknown(ctx context.Context, operator string) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	return e.registry.EndUnknownSessions(ctx, operator)
}

func checkOperator(name string) error { return input.Text("operator", name, 1, maxName) }
