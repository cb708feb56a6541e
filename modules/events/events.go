// Package events is the log of what happened in each organisation. A change appends its event in its own transaction;
// the database numbers them without gaps, per organisation, and fills in whose session an event is about.
package events

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Event is one entry, before the database numbers it.
type Event struct {
	Type    string    // "session.created": the subject's kind, a dot, what happened
	Subject uuid.UUID // what it is about
	Data    json.RawMessage
}

// Fact is something that happened, in the words of the module that it happened in. Its JSON is the event's data.
type Fact interface {
	// EventType is the event's type.
	EventType() string
	// EventSubject is the id of what the fact is about.
	EventSubject() uuid.UUID
}

// Tx is what appending needs of a transaction.
type Tx interface {
	// AppendEvent writes the event after all others of the organisation. It is seen by the subject's owner and by admins.
	AppendEvent(ctx context.Context, e Event) error
}

// Append writes a fact to the log of the organisation that tx acts in.
func Append(ctx context.Context, tx Tx, f Fact) error {
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.EventType(), err)
	}
	return tx.AppendEvent(ctx, Event{Type: f.EventType(), Subject: f.EventSubject(), Data: data})
}
