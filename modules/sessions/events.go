package sessions

import "github.com/google/uuid"

// Created tells that a member started a session.
type Created struct {
	ID       ID     `json:"-"`
	Template string `json:"template"` // its name
}

// EventType implements events.Fact.
func (Created) EventType() string { return "session.created" }

// EventSubject implements events.Fact.
func (e Created) EventSubject() uuid.UUID { return e.ID.UUID }

// Changed tells that a session's state is another.
type Changed struct {
	ID     ID     `json:"-"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
}

// EventType implements events.Fact.
func (e Changed) EventType() string { return "session." + string(e.State) }

// EventSubject implements events.Fact.
func (e Changed) EventSubject() uuid.UUID { return e.ID.UUID }
