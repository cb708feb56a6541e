package sessions

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Placement is where a new session can run.
type Placement struct {
	Agent     uuid.UUID
	Namespace string // the organisation's; empty when it has none
}

// Tx is everything a member's use case may touch in one transaction.
type Tx interface {
	// Place returns the agent that a new session of this organisation should run on, or ErrNoAgent.
	Place(ctx context.Context) (Placement, error)
	// InsertSession takes the session's quota, or returns an Exhausted fault "quota_exceeded". An organisation without a
	// namespace is refused with a Conflict fault "no_namespace".
	InsertSession(ctx context.Context, s Session) error
	// LockSession reads a session and keeps others from changing it until the end of the transaction. It returns a
	// NotFound fault when the scope shows no such session.
	LockSession(ctx context.Context, id ID) (Session, error)
	// EndSession says that the session should be gone and returns it as it then is: terminating, or terminated when it was
	// never placed.
	EndSession(ctx context.Context, id ID) (Session, error)
	// InsertTicket writes a ticket, or returns a NotFound fault when the scope shows no such session.
	InsertTicket(ctx context.Context, t Ticket) error
	// SessionIsForeign tells whether the id is that of another organisation's session.
	SessionIsForeign(ctx context.Context, id uuid.UUID) (bool, error)

	org.Clocked
	templates.Reader
	templates.Tx
	audit.Tx
	events.Tx
}

// Queries are the reads of this module's use cases. All are in the order of creation, the newest first.
type Queries interface {
	// SessionByID returns a NotFound fault when the scope shows no such session.
	SessionByID(ctx context.Context, id ID) (Session, error)
	// Sessions lists what the scope shows after the cursor, at most n.
	Sessions(ctx context.Context, f Filter, after page.Cursor, n int) ([]Session, error)
}

// Filter narrows a list. Its zero value is everything that the scope shows.
type Filter struct {
	Active bool // only those that have not ended
}

// ReportTx is what recording an agent's report may touch: the one session that it is about.
type ReportTx interface {
	// ReportedSession reads the session and keeps others from changing it until the end of the transaction.
	ReportedSession(ctx context.Context) (Session, error)
	// SetObserved writes what the agent observed.
	SetObserved(ctx context.Context, id ID, o Observed) error
	audit.Tx
	events.Tx
}

// Observed is what an agent saw of a session.
type Observed struct {
	State      State
	Reason     string
	Generation int64 // of what is wanted that this is the outcome of
}

// InReport runs fn in one transaction that reaches the reported session and nothing else of its organisation. It
// returns a Conflict fault "stale_agent" when the session is not placed on this process of the agent.
type InReport func(ctx context.Context, a link.Agent, id ID, fn func(ReportTx) error) error

// ServiceTx is what ending a session without its agent may touch.
type ServiceTx interface {
	// FinishSession marks as terminated a session whose end is wanted, and tells whether it had not ended before.
	FinishSession(ctx context.Context, id ID, reason string) (bool, error)
	audit.Tx
	events.Tx
}

// Due is a session that background work has to look at.
type Due struct {
	Org     org.ID
	Session ID
}

// DueSessions lists the sessions that background work must act on, over all organisations: ids and nothing else.
type DueSessions interface {
	// Overdue lists sessions whose end was wanted five minutes ago and has not been reported, the oldest first, at most n.
	Overdue(ctx context.Context, n int) ([]Due, error)
}

// TicketStore redeems tickets, before the caller's organisation is known.
type TicketStore interface {
	// ConsumeTicket returns what the ticket with this hash admits to, or ErrTicket when there is none that still holds.
	ConsumeTicket(ctx context.Context, hash secret.Hash) (Admission, error)
}
