package sessions

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Placement is the agent and the namespace for a session that has no agent yet.
type Placement struct {
	Agent     uuid.UUID // zero: no agent has a free slot
	WaitsFor  WaitsFor  // what is missing then
	Namespace string    // the organisation's; empty when it has none
	OwnerName string    // the name of the member who acts; empty in background work
}

// Tx is everything that a member's use case may read and write in one transaction.
type Tx interface {
	// Place returns the agent that a new session of this organisation should run on, and keeps a slot for the rest of the
	// transaction. Without a free slot it returns what is missing. It returns ErrNoAgent if no agent serves the
	// organisation.
	Place(ctx context.Context) (Placement, error)
	// InsertSession writes the session. A trigger counts it against the quotas of the organisation and the member in the
	// same statement. It returns a Conflict fault "quota_exceeded", or a Conflict fault "no_namespace". It is sent
	// later, with the next query or the commit, so that its error appears there.
	InsertSession(ctx context.Context, s Session) error
	// LockSession reads a session and locks its row until the end of the transaction. It returns ErrNotFound. The row is
	// always locked before the quota and the log: one order everywhere, so that transactions cannot deadlock.
	LockSession(ctx context.Context, id ID) (Session, error)
	// EndSession requests the end of a session and returns the session as it is then: terminating, or terminated if it was
	// never placed on an agent. Nothing else would end that one.
	EndSession(ctx context.Context, id ID) (Session, error)
	// UpdateSession writes the session's name and tags.
	UpdateSession(ctx context.Context, id ID, name string, tags []string) error
	// TakeOverSession makes the caller the owner of a session that LockSession has locked. It returns ErrOwnerIsMember,
	// ErrEnded, or a Conflict fault "quota_exceeded".
	TakeOverSession(ctx context.Context, id ID) (Session, error)
	// InsertTicket writes a ticket. It returns ErrNotFound for a session that the scope does not show.
	InsertTicket(ctx context.Context, t Ticket) error
	// SessionIsForeign reports whether the id belongs to another organisation's session.
	SessionIsForeign(ctx context.Context, id uuid.UUID) (bool, error)

	org.Clocked
	idempotency.Tx
	templates.Reader
	templates.Foreign
	audit.Tx
	events.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// SessionByID returns ErrNotFound for a session that the scope does not show.
	SessionByID(ctx context.Context, id ID) (Session, error)
	// Sessions lists the sessions that the scope shows, the newest first: at most n, after the cursor.
	Sessions(ctx context.Context, f Filter, after page.Cursor, n int) ([]Session, error)
	// SessionEvents lists what happened to a session, in order: at most n, after the cursor. It is empty for a session
	// that the scope does not show.
	SessionEvents(ctx context.Context, id ID, after page.Cursor, n int) ([]Event, error)
}

// Stream is what an open stream was opened with.
type Stream struct {
	Who     org.Scope
	Session ID
}

// Access is what the database says about the caller's access to a session that they may see.
type Access struct {
	Ended bool          // the session has ended, or is to end
	Lasts time.Duration // until the caller's credential ends
}

// AccessQueries has the read by which an open stream learns whether it may go on.
type AccessQueries interface {
	// SessionAccess returns ErrNotFound for a session that the scope does not show.
	SessionAccess(ctx context.Context, id ID) (Access, error)
}

// EndedStreams returns the indices of the streams that have no access any more: the member may not see the session, the
// session has ended or is to end, or the credential has ended or has another role. It asks in one statement.
type EndedStreams func(ctx context.Context, all []Stream) ([]int, error)

// Changes begins to watch an organisation's event log, as events.Feed.Watch does.
type Changes func(id org.ID, concerns func(events.Entry) bool) (Changing, error)

// Changing is what *events.Watch does.
type Changing interface {
	Ready() <-chan struct{}
	Due() (due bool, asOf time.Time)
	Stop()
}

// Filter restricts a list. Its zero value is everything that the scope shows.
type Filter struct {
	Active   bool       // only those that have not ended
	State    State      // only those in this state
	Owner    org.UserID // only those of this user
	Template string     // only those of the template with this name
	Tag      string     // only those with this tag
	Text     string     // only those with this text in their name or their template's title
}

// Searches reports whether more is asked for than the owner and whether sessions have ended.
func (f Filter) Searches() bool {
	return f.State != "" || f.Template != "" || f.Tag != "" || f.Text != ""
}

// ReportTx is everything that applying an agent's report may read and write: the one session that the report is about.
// The database shows the agents' role no other row.
type ReportTx interface {
	// ReportedSession reads the session and locks its row until the end of the transaction.
	ReportedSession(ctx context.Context) (Session, error)
	// SetObserved writes what the agent observed.
	SetObserved(ctx context.Context, id ID, o Observed) error
	// StartElsewhere notes that the agent could not start the session. It takes the session from the agent if it was not
	// moved before and another agent serves the organisation, and reports whether it did.
	StartElsewhere(ctx context.Context) (bool, error)
	// PredatesRestore reports whether the session was made before an older database came into use.
	PredatesRestore(ctx context.Context) (bool, error)
	audit.Tx
	events.Tx
}

// Observed is what an agent saw of a session.
type Observed struct {
	State      State
	Reason     string
	Detail     string
	Generation int64 // the generation of the desired state that the agent acted on
	HostFault  bool  // it failed to start because of its host
}

// InReport runs fn in one transaction that reaches the reported session and nothing else of its organisation. The
// database looks up the organisation; the agent cannot name one. It returns a Conflict fault "stale_agent" if the
// session is not placed on this process of the agent.
type InReport func(ctx context.Context, a link.Agent, id ID, fn func(ReportTx) error) error

// ServiceTx is everything that a Reaper may read and write in one transaction.
type ServiceTx interface {
	// EndLeftBehind requests the end of a session that runs, for a reason, and returns the state that follows. It reports
	// whether it did.
	EndLeftBehind(ctx context.Context, id ID, reason string) (State, bool, error)
	// FinishSession marks a session as terminated, if its end was requested and it has not ended. It reports whether it
	// did. The condition is in the statement, because the agent may report the end at the same time.
	FinishSession(ctx context.Context, id ID, reason string) (bool, error)
	audit.Tx
	events.Tx
}

// PlacerTx is everything that a Placer may read and write in one transaction.
type PlacerTx interface {
	// Waiting lists at most n sessions that have no agent, the oldest first, and locks their rows. It leaves out those
	// that another process has locked.
	Waiting(ctx context.Context, patience time.Duration, n int) ([]Waiting, error)
	// PlaceBeside is Tx.Place for a session that failed to start on an agent. The zero id: it has not.
	PlaceBeside(ctx context.Context, failedOn uuid.UUID) (Placement, error)
	// PlaceSession gives the session an agent.
	PlaceSession(ctx context.Context, id ID, agent uuid.UUID) error
	// SetWaitsFor writes what the session waits for.
	SetWaitsFor(ctx context.Context, id ID, w WaitsFor) error
	// FailSession ends the session as failed.
	FailSession(ctx context.Context, id ID, reason string) error
	// LeaveLostHosts takes at most n sessions that have not started from agents that were not heard of for 60 seconds, or
	// fails those that cannot go elsewhere and whose agent is silent for longer than the patience.
	LeaveLostHosts(ctx context.Context, patience time.Duration, n int) ([]Left, error)
	audit.Tx
	events.Tx
}

// SilenceTx is everything that a SilenceWatch may read and write in one transaction.
type SilenceTx interface {
	// NoteSilentHosts marks at most n sessions whose agent was not heard of for 60 seconds, or takes the mark away when it
	// is back. It fails those that ran on an agent that is silent for longer than the patience. Those that were to end
	// have ended then.
	NoteSilentHosts(ctx context.Context, patience time.Duration, n int) ([]Noted, error)
	audit.Tx
	events.Tx
}

// Noted is a session of which NoteSilentHosts has written something.
type Noted struct {
	ID     ID
	State  State
	Silent bool // its agent is silent; false: it is back
}

// Silences is the part of the database that belongs to no organisation.
type Silences interface {
	// Listen says that this control plane hears agents. Their silence counts only since one has said so without a gap.
	Listen(ctx context.Context) error
	// SilentHosts lists organisations for whose sessions NoteSilentHosts has something to do: at most n ids, after the
	// given one.
	SilentHosts(ctx context.Context, patience time.Duration, after org.ID, n int) ([]org.ID, error)
}

// Waiting is a session that has no agent.
type Waiting struct {
	Session            // with its template's Spec
	FailedOn uuid.UUID // the agent that could not start it; zero: none
	Overdue  bool      // it has waited for longer than the patience
}

// Left is a session that has left a lost agent: it waits for another one, or has failed.
type Left struct {
	ID    ID
	State State
}

// Due is a session that background work has to act on.
type Due struct {
	Org     org.ID
	Session ID
	Reason  string // why it is to end, for its user
}

// DueSessions lists the sessions that background work must act on, over all organisations: ids and nothing else.
type DueSessions interface {
	// Overdue lists at most n sessions whose end was requested more than five minutes ago and has not been reported, the
	// oldest first.
	Overdue(ctx context.Context, n int) ([]Due, error)
	// LeftBehind lists at most n sessions whose owner left the organisation, or whose organisation was suspended, a day
	// ago or earlier.
	LeftBehind(ctx context.Context, n int) ([]Due, error)
}

// TicketStore redeems tickets. It is not part of Tx, because a ticket is redeemed before the caller's organisation is
// known.
type TicketStore interface {
	// ConsumeTicket deletes the ticket with this hash and returns what it grants, or ErrTicket if it is unknown, used or
	// expired. Of two concurrent calls one succeeds.
	ConsumeTicket(ctx context.Context, hash secret.Hash) (Admission, error)
}
