// Package events writes each organisation's event log: what happened, for programs that follow it. The audit log says
// who did it (modules/audit). Use cases call Append in the transaction of the change, so that an event exists if and
// only if its change was committed.
//
// The database numbers the events of an organisation without gaps, in the order of the commits. So a reader can ask for
// everything after number n and misses nothing. The price is that changes of one organisation commit one after the
// other.
package events

import (
	"context"
	"encoding/json"
	"fmt"
)

// Audience is who may see an event. Admins are the organisation's admins and owners.
type Audience string

// The audiences, as the database has them.
const (
	Everyone Audience = "everyone" // every member
	Owner    Audience = "owner"    // whom it is about, and admins
	Admins   Audience = "admins"   // admins alone
	Private  Audience = "private"  // whom it is about, alone
)

// Type declares a type of events: what clients may rely on. docs/asyncapi.yaml describes each one; a test compares it.
type Type struct {
	Name     string // the kind of the subject, a dot, and what happened, such as "session.created"
	Version  int    // of the form of the data, from 1. Fields may be added, but not renamed or removed, in one version
	Audience Audience
	Data     any // the zero value of the Go type whose JSON is the data
}

// Kind is a declared type of events whose data is a D.
type Kind[D any] struct{ Type }

// Declare declares the first version of a type of events.
func Declare[D any](name string, a Audience) Kind[D] {
	var zero D
	return Kind[D]{Type{Name: name, Version: 1, Audience: a, Data: zero}}
}

// About makes the fact that this happened to a subject.
func (k Kind[D]) About(s Subject, data D) Happened { return Happened{k.Type, s, data} }

// None is the data of events that say everything by their type and subject.
type None struct{}

// Fact is something that happened. Its JSON is the event's data.
type Fact interface {
	EventType() Type
	EventSubject() Subject
}

// Happened is a fact of any declared type.
type Happened struct {
	Type    Type
	Subject Subject
	Data    any
}

// EventType implements Fact.
func (h Happened) EventType() Type { return h.Type }

// EventSubject implements Fact.
func (h Happened) EventSubject() Subject { return h.Subject }

// MarshalJSON writes the data.
func (h Happened) MarshalJSON() ([]byte, error) { return json.Marshal(h.Data) }

// Only is the same fact for another audience.
func (h Happened) Only(a Audience) Happened {
	h.Type.Audience = a
	return h
}

// Event is one entry, before the database numbers it and adds the time, the actor and whom it is about.
type Event struct {
	Type     string
	Version  int
	Audience Audience
	Subject  Subject         // a session needs no name: the database adds it
	Data     json.RawMessage // a JSON object
}

// Tx is the part of a transaction that Append needs.
type Tx interface {
	// AppendEvent writes the event after all others of the organisation. The write may be sent later, with the commit.
	AppendEvent(ctx context.Context, e Event) error
}

// Append writes a fact to the event log of the organisation that tx has entered. It fails only if the fact has no JSON,
// or if the transaction fails.
func Append(ctx context.Context, tx Tx, f Fact) error {
	t := f.EventType()
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode %s: %w", t.Name, err)
	}
	return tx.AppendEvent(ctx, Event{t.Name, t.Version, t.Audience, f.EventSubject(), data})
}
