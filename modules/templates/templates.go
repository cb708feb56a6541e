// Package templates is what a session can be started from: an organisation's own templates, and the public ones that an
// operator has approved.
package templates

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// ErrNotFound is the fault of a template that does not exist as far as the caller may know.
var ErrNotFound = fault.New(fault.NotFound, "template_not_found", "There is no such template.").AsMiss()

// Resource is what the audit log calls a template.
var Resource = audit.Resource{Name: "template", NotFound: ErrNotFound}

// ID names a template.
type ID struct{ uuid.UUID }

// Template is one revision of what a session can be started from.
type Template struct {
	ID          ID
	Name        string // lower case letters, digits and dashes; unique in its organisation, and among the public ones
	Title       string // for people
	Description string
	Public      bool // offered to every organisation; what it runs no longer changes
	Spec        runtime.Spec
}

// Reader reads the templates that a scope shows: its own and the public ones.
type Reader interface {
	// TemplateByRef finds a template by its id or its name; the organisation's own come before public ones. It returns a
	// NotFound fault when there is none.
	TemplateByRef(ctx context.Context, ref string) (Template, error)
}

// Tx is what telling a template that is another organisation's from an unknown one needs of a transaction.
type Tx interface {
	// TemplateIsForeign tells whether the id is that of another organisation's private template.
	TemplateIsForeign(ctx context.Context, id uuid.UUID) (bool, error)
	audit.Tx
}

// Queries are the reads of this module's use cases.
type Queries interface {
	Reader
	// Templates lists by name and then id, after the given cursor, at most n.
	Templates(ctx context.Context, after page.Cursor, n int) ([]Template, error)
}

// Service is the module's use cases.
type Service struct {
	read     org.Reading[Queries]
	refusals *audit.Refusals[Tx]
}

// NewService makes the service.
func NewService(read org.Reading[Queries], inOrg org.Scoped[Tx], c audit.Counter) *Service {
	return &Service{read: read, refusals: audit.NewRefusals(Resource, inOrg, Tx.TemplateIsForeign, c)}
}

// List returns a page of the templates that the caller can start a session from.
func (s *Service) List(ctx context.Context, who org.Scope, r page.Request) (page.Page[Template], error) {
	ts, err := s.read(who).Templates(ctx, r.After, r.Size()+1)
	return page.Cut(ts, r.Size(), func(t Template) page.Cursor { return page.Cursor{Key: t.Name, ID: t.ID.UUID} }), err
}

// Get returns one template; another organisation's is Forbidden, an unknown one NotFound.
func (s *Service) Get(ctx context.Context, who org.Scope, id ID) (Template, error) {
	t, err := s.read(who).TemplateByRef(ctx, id.String())
	if fault.IsKind(err, fault.NotFound) {
		err = s.refusals.Missing(ctx, who, id.UUID)
	}
	return t, err
}
