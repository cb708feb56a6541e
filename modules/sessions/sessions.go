// Package sessions has the life of a session: one desktop of one member. Members create, list, open and terminate
// sessions (Service). Agents report what became of them (Observer). Background work ends those whose agent does not
// report (Reaper) and tells agents at once about changes (Nudger). adapters/http, adapters/ws and
// adapters/tunnel call it.
//
// # Desired and observed state
//
// A session's row has what should be (run, or end) and what was last observed (State). Members change the first, agents
// the second. There is no queue of commands: an agent asks for all its sessions when it connects and every ten seconds,
// compares them with what runs, and reports. Each change is also told at once, and again every second until a report
// follows (modules/agents). So a lost, repeated or reordered message costs at most two seconds and no correctness.
//
//	pending → starting → running → terminating → terminated
//	          any of them → failed
//
// A state goes back only once: a session that its host could not start is pending again, for another host. Terminated
// and failed are final. The database enforces the final states as well.
//
// # Placement
//
// A new session goes to an agent that serves the organisation, has a free slot, and has not failed to start one of the
// organisation's sessions within the last minute. The database holds the slots, so that no race overfills an agent.
// Without such an agent the session is pending and says what it waits for. The Placer places it as soon as an agent
// has room, or ends it after five minutes.
//
// # Numbers
//
// A session can be placed on an agent that has reported within the last 30 seconds. A stream waits up to 30 seconds for
// its desktop. A ticket is valid for 30 seconds and once. An open stream ends within two seconds after the access or
// the session has ended. A session whose end no agent reports is ended after five minutes, and at once when its agent
// has been silent for 60 seconds. A session that runs on an agent that is silent for ten minutes, a setting, fails.
package sessions

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// ErrNotFound is the fault of an id that is unknown, or that belongs to a session of another member.
var ErrNotFound = fault.New(fault.NotFound, "session_not_found", "There is no such session.").AsMiss()

// Resource is what the audit log calls a session.
var Resource = audit.Resource{Name: "session", NotFound: ErrNotFound}

// ID is a session's id, a UUIDv7.
type ID struct{ uuid.UUID }

// State is the last observed state of a session. The states are declared in ports/link, because agents report them.
type State = link.State

// next lists the states that may follow each state by a report or a request. A session that its host could not start is
// also pending again, once (Observer). A state that is not a key is unknown, and one without followers is
// final. Reports can be lost, so that states may be skipped: a desktop that started quickly goes from pending to
// running.
var next = map[State][]State{
	link.Pending:     {link.Starting, link.Running, link.Terminating, link.Terminated, link.Failed},
	link.Starting:    {link.Running, link.Terminating, link.Terminated, link.Failed},
	link.Running:     {link.Terminating, link.Terminated, link.Failed},
	link.Terminating: {link.Terminated, link.Failed},
	link.Terminated:  nil,
	link.Failed:      nil,
}

// WaitsFor is what a session without an agent waits for.
type WaitsFor string

// What a session waits for. Start is shown for a session that has an agent, which has not reported yet.
const (
	WaitsForHost  WaitsFor = "host"  // all agents of its organisation are away, or have just failed to start a session
	WaitsForRoom  WaitsFor = "room"  // all agents of its organisation are full
	WaitsForStart WaitsFor = "start" // its agent
)

// CanFollow reports whether a session may go from one state to another.
func CanFollow(from, to State) bool { return slices.Contains(next[from], to) }

// known reports whether s is one of the states. An agent sends it as a string.
func known(s State) bool {
	_, ok := next[s]
	return ok
}

// Session is one desktop of one member.
type Session struct {
	ID        ID
	Owner     org.UserID
	OwnerName string // empty in reports and background work
	Name      string
	Template  templates.Template // the revision that it was started from; its Spec only when the session is created
	Scale     int                // how many pixels of the desktop make one of the page, from 1
	Agent     uuid.UUID          // the agent that it is placed on; zero: none
	WaitsFor  WaitsFor           // while it is pending; otherwise empty
	Tags      []string           // in the order of the alphabet, without duplicates
	State     State
	Reason    string // why it ended, in lower_snake, at most 64 bytes; empty if there is nothing to say
	Detail    string // the last output of a desktop that did not start, at most 2 KiB; anything can be in it
	EndWanted bool   // its end was requested; it stays true
	// SilentSince is the last news of its agent, while there has been none for 60 seconds; otherwise zero.
	SilentSince time.Time
	// Generation counts the changes of the desired state, from 1. A report names the generation that it is about, so that
	// an agent's report on an older one is recognised.
	Generation int64
	CreatedAt  time.Time
	EndedAt    time.Time // zero: it has not ended
}

// Version names what the session shows.
func (s Session) Version() version.Version {
	shown := fmt.Sprintf("%q %q %q %q %q %q %q %v %v %v", s.Name, s.Tags, s.OwnerName, s.State, s.WaitsFor, s.Reason,
		s.Detail, s.Owner, s.EndedAt.IsZero(), s.SilentSince)
	sum := sha256.Sum256([]byte(shown))
	return version.Version(hex.EncodeToString(sum[:16]))
}

// Ticket opens the stream of one session once. It is deleted with its credential or its session. It exists because a
// page cannot add a header to a WebSocket request.
type Ticket struct {
	ID      uuid.UUID
	Session ID
	Hash    secret.Hash
}

// TicketLifetime is how long a ticket is valid. The database enforces it; this is what clients are told.
const TicketLifetime = 30 * time.Second

// Admission is what a redeemed ticket grants: the member who asked for it, their credential, and the session. The
// member still has to enter the organisation, which checks the credential again.
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
		"Your organisation has no host for desktops yet. Ask its operator to add one.")
	// ErrNoRoom is the fault of a race that the database decides: Place has kept no slot.
	ErrNoRoom = fault.New(fault.Unavailable, "no_room", "No host has room for this session right now.").
			RetryIn(retryStart)
	ErrEnded = link.ErrSessionEnded
	// ErrOwnerIsMember is the fault of taking over a session that has not been left.
	ErrOwnerIsMember = fault.New(fault.Conflict, "owner_is_member",
		"The session's owner is still a member. Only a session whose owner has left can be taken over.")
	ErrTicket = fault.New(fault.Unauthenticated, "ticket_invalid",
		"The stream needs a ticket that was not used before and is less than 30 seconds old. Ask for a new one.")
	// ErrUnsure ends a stream when the database has not answered for too long. The session runs on.
	ErrUnsure = fault.New(fault.Unavailable, "access_unknown", "The server cannot check the access to this desktop now.").
			RetryIn(time.Second)
	errNotReady = fault.New(fault.Unavailable, "session_not_ready", "The desktop did not start in time.").
			RetryIn(retryStart)
	errTransition = fault.New(fault.Conflict, "bad_transition",
		"The session cannot go to that state from its present one.")
	errInvalidReport = fault.New(fault.Invalid, "invalid_report",
		"state must be a session's state, reason has at most 64 bytes, and detail is text of at most 2048 bytes.")
)

// retryStart is when a client should try again if a desktop did not start in time. On an idle host it starts in less
// than a second, so that a busy host has most likely caught up after five.
const retryStart = 5 * time.Second
