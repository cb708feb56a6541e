package sessions

import (
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// EventTypes lists the events of sessions: whom they belong to and admins see them. A new state has the session's type
// and the state's name.
func EventTypes() []events.Type {
	all := []events.Type{
		Created{}.EventType(), Updated{}.EventType(), TakenOver{}.EventType(),
		HostChanged{Silent: true}.EventType(), HostChanged{}.EventType(),
	}
	for _, s := range []State{
		link.Pending, link.Starting, link.Running, link.Terminating, link.Terminated, link.Failed,
	} {
		all = append(all, Changed{State: s}.EventType())
	}
	return all
}

// Created is the event of a new session.
type Created struct {
	ID       ID     `json:"-"`
	Template string `json:"template"` // its name
}

// EventType implements events.Fact.
func (Created) EventType() events.Type {
	return events.Declare[Created]("session.created", events.Owner).Type
}

// EventSubject implements events.Fact.
func (e Created) EventSubject() events.Subject { return events.Subject{ID: e.ID.UUID} }

// Event is one entry of a session's history.
type Event struct {
	Seq  int64
	At   time.Time
	Type string // "created", "updated", "taken_over", "host_silent", "host_back", or the state that followed
	Data struct {
		Reason   string    `json:"reason"`
		WaitsFor WaitsFor  `json:"waiting_for"`
		By       uuid.UUID `json:"by"` // the member who asked for it; zero: it followed by itself
	}
}

// Updated is the event of a session's new name or tags.
type Updated struct {
	ID   ID       `json:"-"`
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

// EventType implements events.Fact.
func (Updated) EventType() events.Type {
	return events.Declare[Updated]("session.updated", events.Owner).Type
}

// EventSubject implements events.Fact.
func (e Updated) EventSubject() events.Subject { return events.Subject{ID: e.ID.UUID} }

// TakenOver is the event of a session's new owner. It belongs to the new one.
type TakenOver struct {
	ID        ID        `json:"-"`
	Owner     uuid.UUID `json:"owner_id"`
	OwnerName string    `json:"owner_name"`
}

// EventType implements events.Fact.
func (TakenOver) EventType() events.Type {
	return events.Declare[TakenOver]("session.taken_over", events.Owner).Type
}

// EventSubject implements events.Fact.
func (e TakenOver) EventSubject() events.Subject { return events.Subject{ID: e.ID.UUID} }

// Changed is the event of a session's new state. Its type is "session." and the state.
type Changed struct {
	ID     ID     `json:"-"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	// WaitsFor is what a pending session waits for.
	WaitsFor WaitsFor `json:"waiting_for,omitempty"`
	// By is the member who asked for the end.
	By uuid.UUID `json:"by,omitzero"`
}

// EventType implements events.Fact.
func (e Changed) EventType() events.Type {
	return events.Declare[Changed]("session."+string(e.State), events.Owner).Type
}

// EventSubject implements events.Fact.
func (e Changed) EventSubject() events.Subject { return events.Subject{ID: e.ID.UUID} }

// HostChanged is the event of a session whose host does not answer, or answers again.
type HostChanged struct {
	ID     ID   `json:"-"`
	Silent bool `json:"-"`
}

// EventType implements events.Fact.
func (e HostChanged) EventType() events.Type {
	if e.Silent {
		return events.Declare[HostChanged]("session.host_silent", events.Owner).Type
	}
	return events.Declare[HostChanged]("session.host_back", events.Owner).Type
}

// EventSubject implements events.Fact.
func (e HostChanged) EventSubject() events.Subject { return events.Subject{ID: e.ID.UUID} }
