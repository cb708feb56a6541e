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

// Resource is a kind of thing whose ids another organisation might hold. Each module names its own.
type Resource struct {
	Name     string       // "session"
	NotFound *fault.Fault // of an id that is unknown, as far as the caller may know
}

// ErrOtherOrg is the fault of asking for a resource of another organisation.
var ErrOtherOrg = fault.New(fault.Forbidden, "other_org", "This belongs to another organisation.").AsMiss()

// Counter counts refusals, for a metric.
type Counter interface {
	// Refusals returns what counts one request for another organisation's resource. The metric shows from then on.
	Refusals(resource string) (count func())
}

// Refusals answers a caller who asked for a resource that their scope does not show: either there is none, or it is
// another organisation's.
type Refusals[T Tx] struct {
	resource  Resource
	inOrg     org.Scoped[T]
	isForeign func(tx T, ctx context.Context, id uuid.UUID) (bool, error)
	count     func()
}

// NewRefusals makes the service for one kind of resource. isForeign tells whether an id is that of another
// organisation's: a method of the module's transaction, each of which is a function of the database.
func NewRefusals[T Tx](
	r Resource, inOrg org.Scoped[T], isForeign func(T, context.Context, uuid.UUID) (bool, error), c Counter,
) *Refusals[T] {
	return &Refusals[T]{resource: r, inOrg: inOrg, isForeign: isForeign, count: c.Refusals(r.Name)}
}

// Missing is called after a scoped read of id found nothing. It returns a NotFound fault, or, when the id is another
// organisation's, a Forbidden one that it has recorded in the caller's organisation and counted. It never returns nil.
func (s *Refusals[T]) Missing(ctx context.Context, who org.Scope, id uuid.UUID) error {
	var foreign bool
	err := s.inOrg(ctx, who, func(tx T) (err error) {
		if foreign, err = s.isForeign(tx, ctx, id); err != nil || !foreign {
			return err
		}
		return tx.RecordAudit(ctx, s.resource.Name+".refused", id.String())
	})
	switch {
	case err != nil:
		return fmt.Errorf("look for %s %s elsewhere: %w", s.resource.Name, id, err)
	case foreign:
		s.count()
		return ErrOtherOrg.Saying("This %s belongs to another organisation.", s.resource.Name)
	default:
		return s.resource.NotFound
	}
}
