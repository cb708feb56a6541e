package events

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// Entry is one event of an organisation's log, as the database keeps it.
type Entry struct {
	Seq     int64 // counts from 1, without gaps
	At      time.Time
	Type    string
	Version int    // of the form of Data, for this type
	Actor   string // "user:", "agent:", "service:" or "operator:", with an id or a name; empty: no one
	Subject Subject
	Owner   org.UserID // whom it is about; zero: no one
	// Audience is who may see it. Owner is whom it is about, and zero for Admins.
	Audience Audience
	Data     json.RawMessage // a JSON object
}

// Subject is what an event is about.
type Subject struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name,omitempty"` // what it was called then
}

// frame is an event as clients get it.
type frame struct {
	Type    string          `json:"type"`
	Seq     int64           `json:"seq"`
	Time    time.Time       `json:"time"`
	Version int             `json:"version"`
	Actor   string          `json:"actor,omitempty"`
	Subject Subject         `json:"subject"`
	Data    json.RawMessage `json:"data"`
}

// encode writes an event as clients get it.
func (e Entry) encode() ([]byte, error) {
	return json.Marshal(frame{e.Type, e.Seq, e.At.UTC(), e.Version, e.Actor, e.Subject, e.Data})
}

// Viewer is what decides which events of its organisation a member sees, as the database said it.
type Viewer struct {
	User org.UserID
	Role org.Role
}

// Sees reports whether the member may see the event. It says what the policy own_or_everyones on app.events says, so
// that one reader can serve all members of an organisation; a test compares the two.
func (v Viewer) Sees(e Entry) bool {
	admin := v.Role == org.RoleOwner || v.Role == org.RoleAdmin
	return e.Audience == Everyone || admin && e.Audience != Private || e.Owner != org.UserID{} && e.Owner == v.User
}

// Types selects events by type. Each is a whole type, "session.running", or the kind of the subject, "session". None
// selects every event.
type Types []string

// selects reports whether an event is selected.
func (t Types) selects(kind string) bool {
	if len(t) == 0 {
		return true
	}
	subject, _, _ := strings.Cut(kind, ".")
	return slices.Contains(t, kind) || slices.Contains(t, subject)
}

// Bounds are the numbers of the events that are still known. Newest is Oldest-1 if there are none.
type Bounds struct{ Oldest, Newest int64 }

// Access is what the database says about a subscriber's credential.
type Access struct {
	// Credential is the id by which the log names the sign-in or the API key.
	Credential uuid.UUID
	EndsAt     time.Time
	// Slug and Namespace name the organisation. A client may repeat them, and is refused with any other.
	Slug, Namespace string
}

// Queries has a member's reads of the log, each in one round trip. Each fails when the credential has ended.
type Queries interface {
	// Access reads what the database knows of the caller's credential.
	Access(ctx context.Context) (Access, error)
	// OwnEvents lists the events that the caller may see, in order: at most n with numbers above after, up to until.
	OwnEvents(ctx context.Context, after, until int64, n int) ([]Entry, error)
}

// ServiceQueries has the reads of the service that distributes one organisation's log.
type ServiceQueries interface {
	// EventBounds reads which events are known.
	EventBounds(ctx context.Context) (Bounds, error)
	// EventsAfter lists events in order: at most n with numbers above after.
	EventsAfter(ctx context.Context, after int64, n int) ([]Entry, error)
}

// Newest reads the number of the newest event of each organisation, in one statement.
type Newest func(ctx context.Context, of []org.ID) (map[org.ID]int64, error)
