// Package sessions knows what a session is, who may start, see and end one, and how what agents report becomes its
// state. A session's row says what should be; an agent makes it so and reports what is.
package sessions

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// ErrNotFound is the fault of a session that does not exist as far as the caller may know.
var ErrNotFound = fault.New(fault.NotFound, "session_not_found", "There is no such session.").AsMiss()

// Resource is what the audit log calls a session.
var Resource = audit.Resource{Name: "session", NotFound: ErrNotFound}

// ID names a session.
type ID struct{ uuid.UUID }

// State is what is known of a session. The states stand in ports/link, since agents report them.
type State = link.State

// next lists where each state may go. A state that is not a key is unknown; one that leads nowhere is final.
var next = map[State][]State{
	link.Pending:     {link.Starting, link.Running, link.Terminating, link.Terminated, link.Failed},
	link.Starting:    {link.Running, link.Terminating, link.Terminated, link.Failed},
	link.Running:     {link.Terminating, link.Terminated, link.Failed},
	link.Terminating: {link.Terminated, link.Failed},
	link.Terminated:  nil,
	link.Failed:      nil,
}

// CanFollow tells whether a session may go from one state to another.
func CanFollow(from, to State) bool { return slices.Contains(next[from], to) }

// known tells whether there is such a state.
func known(s State) bool {
	_, ok := next[s]
	return ok
}

// Session is one desktop of one member.
type Session struct {
	ID        ID
	Owner     org.UserID
	Name      string
	Template  templates.Template // the revision that it was started from; what it runs only as it is started
	Agent     uuid.UUID          // where it is placed; zero: nowhere
	State     State
	Reason    string // lower_snake; empty when there is nothing to say
	EndWanted bool
	// Generation counts the changes of what is wanted, from 1.
	Generation int64
	CreatedAt  time.Time
	EndedAt    time.Time // zero: it has not
}

// Ticket opens one session's stream once.
type Ticket struct {
	ID      uuid.UUID
	Session ID
	Hash    secret.Hash
}

// TicketLifetime is how long a ticket can be used. The database keeps it.
const TicketLifetime = 30 * time.Second

// Admission is what a used ticket says: who asked, by which credential, for which session.
type Admission struct {
	Org        org.ID
	User       org.UserID
	Role       org.Role
	Credential org.CredentialID
	Session    ID
}

// Faults of this module.
var (
	ErrNoAgent = fault.New(fault.Conflict, "no_agent",
		"No host is available for your organisation right now.").RetryIn(retryPlace)
	ErrEnded  = link.ErrSessionEnded
	ErrTicket = fault.New(fault.Unauthenticated, "ticket_invalid",
		"The stream needs a ticket that was not used before and is less than 30 seconds old. Ask for a new one.")
	errNotReady = fault.New(fault.Unavailable, "session_not_ready", "The desktop did not start in time.").
			RetryIn(retryStart)
	errTransition = fault.New(fault.Conflict, "bad_transition",
		"The session cannot go to that state from its present one.")
	errInvalidReport = fault.New(fault.Invalid, "invalid_report",
		"state must be a session's state, and reason has at most 64 bytes.")
)

// retryPlace is how long to wait before a host is looked for again. A host that has not reported for 30 seconds is not
// available.
const retryPlace = 30 * time.Second

// retryStart is how long to wait before a desktop that did not start in time is asked for again. It starts in less than
// a second on an idle host.
const retryStart = 5 * time.Second
