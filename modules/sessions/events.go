package sessions

import (
	"time"

	"github.com/google/uuid"
)

// Created is the event of a new session.
type Created struct {
	ID       ID     `json:"-"`
	Template string `json:"template"` // its name
}

// EventType implements events.Fact.
func (Created) EventType() string { return "session.created" }

// EventSubject implements events.Fact.
func (e Created) EventSubject() uuid.UUID { return e.ID.UUID }

// Event is one entry of a session's history.
type Event struct {
	Seq  int64
	At   time.Time
	Type string // "created", or the state that followed
	Data struct {
		Reason   string   `json:"reason"`
		WaitsFor WaitsFor `json:"waiting_for"`
	}
}

// Updated is the event of a session's new name or tags.
type Updated struct {
	ID   ID       `json:"-"`
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

// EventType implements events.Fact.
func (Updated) EventType() string { return "session.updated" }

// EventSubject implements events.Fact.
func (e Updated) EventSubject() uuid.UUID { return e.ID.UUID }

// Changed is the event of a session's new state. Its type is "session." and the state.
type Changed struct {
	ID     ID     `json:"-"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	// WaitsFor is what a pending session waits for.
	WaitsFor WaitsFor `json:"waiting_for,omitempty"`
}

// EventType implements events.Fact.
func (e Changed) EventType() string { return "session." + string(e.State) }

// EventSubject implements events.Fact.
func (e Changed) EventSubject() uuid.UUID { return e.ID.UUID }
