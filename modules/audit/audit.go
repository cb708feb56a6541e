// Package audit is the record of who did what in each organisation, and of who was refused what. The database numbers
// the entries, says who the actor is and when, and chains them by their hashes; no role can change or remove one.
package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Tx is what recording needs of a transaction.
type Tx interface {
	// RecordAudit appends an entry. The action is "<resource>.<verb>", the subject an id.
	RecordAudit(ctx context.Context, action, subject string) error
}

// Record appends an entry to the audit log of the organisation that tx acts in.
func Record(ctx context.Context, tx Tx, action string, subject fmt.Stringer) error {
	return tx.RecordAudit(ctx, action, subject.String())
}

// Resource is a kind of thing whose ids another organisation might hold.
type Resource string

// The resources. Each has a function in the database that tells whether an id is another organisation's.
const (
	Session  Resource = "session"
	Template Resource = "template"
)

// Faults of asking for an id that the caller's scope does not show.
var (
	ErrOtherOrg = fault.New(fault.Forbidden, "other_org", "This belongs to another organisation.").AsMiss()

	errNoSession  = fault.New(fault.NotFound, "session_not_found", "There is no such session.").AsMiss()
	errNoTemplate = fault.New(fault.NotFound, "template_not_found", "There is no such template.").AsMiss()
)

// missing is the fault of each resource that does not exist as far as the caller may know.
var missing = map[Resource]*fault.Fault{Session: errNoSession, Template: errNoTemplate}

// RefusalTx is what telling a foreign id from an unknown one needs of a transaction.
type RefusalTx interface {
	// IsForeign tells whether the id is that of another organisation's resource.
	IsForeign(ctx context.Context, r Resource, id uuid.UUID) (bool, error)
	Tx
}

// Counter counts refusals, for a metric.
type Counter interface {
	// Refused counts one request for another organisation's resource.
	Refused(r Resource)
}

// Refusals tells someone who asked for what their scope does not show whether there is no such thing or it is another
// organisation's.
type Refusals struct {
	inOrg   org.Scoped[RefusalTx]
	counter Counter
}

// NewRefusals makes the service.
func NewRefusals(inOrg org.Scoped[RefusalTx], counter Counter) *Refusals {
	return &Refusals{inOrg: inOrg, counter: counter}
}

// Missing is called after a scoped read of id found nothing. It returns a NotFound fault, or, when the id is another
// organisation's, a Forbidden one that it has recorded in the caller's organisation and counted. It never returns nil.
func (s *Refusals) Missing(ctx context.Context, who org.Scope, r Resource, id uuid.UUID) error {
	var foreign bool
	err := s.inOrg(ctx, who, func(tx RefusalTx) (err error) {
		if foreign, err = tx.IsForeign(ctx, r, id); err != nil || !foreign {
			return err
		}
		return tx.RecordAudit(ctx, string(r)+".refused", id.String())
	})
	switch {
	case err != nil:
		return fmt.Errorf("look for %s %s elsewhere: %w", r, id, err)
	case foreign:
		s.counter.Refused(r)
		return ErrOtherOrg.Saying("This %s belongs to another organisation.", r)
	default:
		return NotFound(r)
	}
}

// NotFound is the fault of a resource that does not exist as far as the caller may know.
func NotFound(r Resource) *fault.Fault { return missing[r] }
