// Package audit writes each organisation's audit log: who did what, and who was refused what. Use cases call Record in
// the transaction of the change, so that a change and its entry are committed together or not at all.
//
// Code supplies only the action and the subject. The database fills in the actor, the time and a number without gaps,
// and the hash of each entry covers the entry before it, so that a changed or removed entry breaks the chain. No role
// of the program can change or remove an entry.
//
// Refusals tells an unknown id from an id of another organisation, for every kind of resource, and records the second.
package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Tx is the part of a transaction that Record needs.
type Tx interface {
	// RecordAudit appends an entry. The action is "<resource>.<verb>", such as "session.create". The subject is an
	// id. The write may be sent later, with the commit.
	RecordAudit(ctx context.Context, action, subject string) error
}

// Record appends an entry to the audit log of the organisation that tx has entered. The actor is the transaction's
// member, agent or service.
func Record(ctx context.Context, tx Tx, action string, subject fmt.Stringer) error {
	return tx.RecordAudit(ctx, action, subject.String())
}

// Resource is a kind of object whose id may belong to another organisation. Each module declares its own.
type Resource struct {
	Name     string       // "session"
	NotFound *fault.Fault // for an id that is unknown, or that the caller may not see in their own organisation
}

// ErrOtherOrg is the fault of a request for a resource of another organisation. It is 403 and not 404: the ids cannot
// be guessed, so that a 404 would hide nothing, and an admin or an alert can see the 403
// (docs/adr/0001-another-organisations-id-is-403.md).
var ErrOtherOrg = fault.New(fault.Forbidden, "other_org", "This belongs to another organisation.").AsMiss()

// Counter counts refusals in a metric.
type Counter interface {
	// Refusals returns a function that counts one request for another organisation's resource. The metric exists from this
	// call on, with zero, so that the first refusal is an increase that an alert sees.
	Refusals(resource string) (count func())
}

// Refusals decides what a caller is told about an id that their scope does not show: it is unknown, or it belongs to
// another organisation. It is safe for concurrent use.
type Refusals[T Tx] struct {
	resource  Resource
	inOrg     org.Scoped[T]
	isForeign func(tx T, ctx context.Context, id uuid.UUID) (bool, error)
	count     func()
}

// NewRefusals makes the service for one kind of resource. isForeign reports whether an id belongs to another
// organisation. It is a method of the module's transaction, such as Tx.SessionIsForeign, and calls a function of the
// database, because the policies hide the row itself.
func NewRefusals[T Tx](
	r Resource, inOrg org.Scoped[T], isForeign func(T, context.Context, uuid.UUID) (bool, error), c Counter,
) *Refusals[T] {
	return &Refusals[T]{resource: r, inOrg: inOrg, isForeign: isForeign, count: c.Refusals(r.Name)}
}

// Missing is called after a read of id in the caller's scope has found nothing. It returns the resource's NotFound
// fault. If the id belongs to another organisation, it writes an entry "<resource>.refused" to the caller's audit log,
// counts the refusal, and returns ErrOtherOrg. It never returns nil. It costs a second transaction (four round trips),
// which only failed reads pay.
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
