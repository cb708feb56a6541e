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

	"github.com/google/uuid"
)

// Event is one entry, before the database numbers it and adds the time and the owner of its subject.
type Event struct {
	Type    string          // "session.created": the subject's kind, a dot, what happened
	Subject uuid.UUID       // the id of what it is about
	Data    json.RawMessage // a JSON object
}

// Fact is something that happened, as a type of the module that it happened in. Its JSON is the event's data, which
// clients read, so that fields may be added but not renamed.
type Fact interface {
	// EventType is the event's type: the kind of the subject, a dot, and what happened, such as "session.created".
	EventType() string
	// EventSubject is the id of what the fact is about.
	EventSubject() uuid.UUID
}

// Tx is the part of a transaction that Append needs.
type Tx interface {
	// AppendEvent writes the event after all others of the organisation. The subject's owner and admins can see it. The
	// write may be sent later, with the commit.
	AppendEvent(ctx context.Context, e Event) error
}

// Append writes a fact to the event log of the organisation that tx has entered. It fails only if the fact has no JSON,
// or if the transaction fails.
func Append(ctx context.Context, tx Tx, f Fact) error {
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.EventType(), err)
	}
	return tx.AppendEvent(ctx, Event{Type: f.EventType(), Subject: f.EventSubject(), Data: data})
}
