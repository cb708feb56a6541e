package templates

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// Service has the use cases of members. It is safe for concurrent use.
type Service struct {
	read     org.Reading[Queries]
	inOrg    org.Scoped[Tx]
	refusals *audit.Refusals[Tx]
	log      *slog.Logger
}

// NewService makes the service.
func NewService(
	read org.Reading[Queries], inOrg org.Scoped[Tx], c audit.Counter, log *slog.Logger,
) *Service {
	return &Service{
		read: read, inOrg: inOrg, refusals: audit.NewRefusals(Resource, inOrg, Tx.TemplateIsForeign, c), log: log,
	}
}

// List returns a page of the templates that the caller can start a session from. It reads one more than the page's
// size, to learn whether there is a next page without counting all.
//
// An unreadable template must not cost the others their place in the list. It is logged, and only admins see it, who
// can write it again or delete it. So a page may have fewer items than its size, and there may still be a next page.
func (s *Service) List(ctx context.Context, who org.Scope, r page.Request) (page.Page[Template], error) {
	ts, err := s.read(who).Templates(ctx, r.After, r.Size()+1)
	p := page.Cut(ts, r.Size(), func(t Template) page.Cursor { return page.Cursor{Key: t.Name, ID: t.ID.UUID} })
	for i := range p.Items {
		p.Items[i] = shownTo(who, p.Items[i])
	}
	p.Items = slices.DeleteFunc(p.Items, func(t Template) bool {
		if t.Unreadable {
			s.log.WarnContext(ctx, "template with an unknown form", "template_id", t.ID.String())
		}
		return t.Unreadable && !who.IsAdmin()
	})
	return p, err
}

// Get returns one template. It returns ErrNotFound for an unknown id, and audit.ErrOtherOrg for an id of another
// organisation.
func (s *Service) Get(ctx context.Context, who org.Scope, id ID) (Template, error) {
	t, err := s.read(who).TemplateByRef(ctx, id.String())
	if fault.IsKind(err, fault.NotFound) {
		err = s.refusals.Missing(ctx, who, id.UUID)
	}
	return shownTo(who, t), err
}

// shownTo leaves out what only admins see: why operators refused to publish a template.
func shownTo(who org.Scope, t Template) Template {
	if !who.IsAdmin() {
		t.Rejection = ""
	}
	return t
}

// Create writes a private template of the caller's organisation. It returns ErrNameTaken, ErrTooMany, or an Invalid
// fault that names the field. With the key of an earlier request it returns what that one has created, or ErrNotFound
// if it is deleted, or idempotency.ErrReused.
func (s *Service) Create(ctx context.Context, who org.Scope, n New) (Template, error) {
	if err := n.check(); err != nil {
		return Template{}, err
	}
	var out Template
	err := s.inOrg(ctx, who, func(tx Tx) error {
		out = n.template()
		id, err := idempotency.Claim(ctx, tx, n.Key, out.ID.UUID)
		if err != nil {
			return err
		}
		if n.Key.Replayed() { // as it is now
			out, err = tx.LockTemplate(ctx, ID{id})
			return err
		}
		if err := tx.InsertTemplate(ctx, out); err != nil {
			return err
		}
		return record(ctx, tx, "template.create", about(created, out, Content{out.Title, out.Revision}))
	})
	return out, err
}

// Update makes a new revision of a private template, unless nothing differs. Sessions that exist keep what they were
// started from. It returns version.ErrChanged for a version that the caller does not expect, ErrPublic, ErrNotFound,
// audit.ErrOtherOrg, or an Invalid fault that names the field.
func (s *Service) Update(ctx context.Context, who org.Scope, id ID, c Change) (Template, error) {
	if err := c.check(); err != nil {
		return Template{}, err
	}
	var out Template
	err := s.locked(ctx, who, target{id, c.Expected}, func(tx Tx, was Template) (err error) {
		if out, err = tx.UpdateTemplate(ctx, id, c); err != nil || out.Revision == was.Revision {
			return err
		}
		return record(ctx, tx, "template.update", about(updated, out, Content{out.Title, out.Revision}))
	})
	return out, err
}

// Delete removes a private template with its name. Sessions that were started from it run on, because each has a copy
// of what it runs. It returns the same faults as Update.
func (s *Service) Delete(ctx context.Context, who org.Scope, id ID, expected version.Expected) error {
	return s.locked(ctx, who, target{id, expected}, func(tx Tx, t Template) error {
		if err := tx.DeleteTemplate(ctx, id); err != nil {
			return err
		}
		return record(ctx, tx, "template.delete", about(deleted, t, events.None{}))
	})
}

// RequestPublication asks the operators to publish the template's present revision for all organisations. A later
// change ends the request, because the operators have not seen it. Asking again changes nothing. It returns the same
// faults as Update, and ErrUnreadable.
func (s *Service) RequestPublication(
	ctx context.Context, who org.Scope, id ID, expected version.Expected,
) (Template, error) {
	var out Template
	err := s.locked(ctx, who, target{id, expected}, func(tx Tx, t Template) error {
		out = t
		out.Publication, out.Rejection = Requested, ""
		switch {
		case t.Unreadable:
			return ErrUnreadable
		case t.Publication == Requested:
			return nil
		}
		if err := tx.RequestPublication(ctx, id); err != nil {
			return err
		}
		return record(ctx, tx, "template.request_publication", about(requested, t, AtRevision{t.Revision}))
	})
	return out, err
}

// WithdrawPublication ends a request, and removes the public template that an operator has made of this one. Sessions
// that were started from it run on. Without either it changes nothing. It returns the same faults as Update.
func (s *Service) WithdrawPublication(ctx context.Context, who org.Scope, id ID, expected version.Expected) error {
	return s.locked(ctx, who, target{id, expected}, func(tx Tx, t Template) error {
		if t.Publication == Unpublished {
			return nil
		}
		if err := tx.WithdrawPublication(ctx, id); err != nil {
			return err
		}
		return record(ctx, tx, "template.withdraw_publication", about(withdrawn, t, AtRevision{t.Revision}))
	})
}

// target is the template that a caller wants to change.
type target struct {
	id       ID
	expected version.Expected
}

// locked runs fn in a transaction that has locked one of the organisation's own templates, if it has a version that the
// caller expects.
func (s *Service) locked(ctx context.Context, who org.Scope, at target, fn func(Tx, Template) error) error {
	err := s.inOrg(ctx, who, func(tx Tx) error {
		t, err := tx.LockTemplate(ctx, at.id)
		if err := cmp.Or(err, at.expected.Check(t.Version())); err != nil {
			return err
		}
		return fn(tx, t)
	})
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	if _, err := s.Get(ctx, who, at.id); err != nil {
		return err
	}
	return ErrPublic // the caller sees it, and it is not their organisation's own
}
