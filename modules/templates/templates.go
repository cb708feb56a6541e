// Package templates has the templates that sessions are started from: an organisation's private ones, and the public
// ones that an operator has published for all organisations. Members read them with Service; operators write them with
// Publisher.
//
// A template has numbered revisions. A session copies what it runs from the newest revision when it is created, so that
// a later revision changes no session that exists.
package templates

import (
	"context"
	"log/slog"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// ErrNotFound is the fault of an unknown template.
var ErrNotFound = fault.New(fault.NotFound, "template_not_found", "There is no such template.").AsMiss()

// ErrUnreadable is the fault of a template whose stored form this version of the program does not know.
var ErrUnreadable = fault.New(fault.Conflict, "template_unreadable",
	"This template cannot be read. An admin of your organisation can write it again.")

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
	Public      bool // every organisation may use it
	Revision    int  // counts the changes, from 1
	Spec        runtime.Spec
	// Unreadable means that the stored spec has another form than this version knows, and Spec is empty. A newer version
	// may have written it.
	Unreadable bool
}

// Version names what the template shows.
func (t Template) Version() version.Version { return version.Version(strconv.Itoa(t.Revision)) }

// Reader reads the templates that a scope shows: the organisation's own and the public ones.
type Reader interface {
	// TemplateByRef finds the newest revision of a template by its id or its name. If an organisation's own template has
	// the name of a public one, it gets its own. It returns ErrNotFound. The template may be unreadable.
	TemplateByRef(ctx context.Context, ref string) (Template, error)
}

// Tx is the part of a transaction that is needed to tell another organisation's template from an unknown one.
type Tx interface {
	// TemplateIsForeign reports whether the id belongs to another organisation's private template.
	TemplateIsForeign(ctx context.Context, id uuid.UUID) (bool, error)
	audit.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	Reader
	// Templates lists the newest revisions in the order of name and id: at most n, after the cursor. Some may be
	// unreadable.
	Templates(ctx context.Context, after page.Cursor, n int) ([]Template, error)
}

// Service has the use cases of members. It is safe for concurrent use.
type Service struct {
	read     org.Reading[Queries]
	refusals *audit.Refusals[Tx]
	log      *slog.Logger
}

// NewService makes the service.
func NewService(
	read org.Reading[Queries], inOrg org.Scoped[Tx], c audit.Counter, log *slog.Logger,
) *Service {
	return &Service{read: read, refusals: audit.NewRefusals(Resource, inOrg, Tx.TemplateIsForeign, c), log: log}
}

// List returns a page of the templates that the caller can start a session from. It reads one more than the page's
// size, to learn whether there is a next page without counting all.
//
// An unreadable template must not cost the others their place in the list. It is logged, and only admins see it, who
// can write it again or delete it. So a page may have fewer items than its size, and there may still be a next page.
func (s *Service) List(ctx context.Context, who org.Scope, r page.Request) (page.Page[Template], error) {
	ts, err := s.read(who).Templates(ctx, r.After, r.Size()+1)
	p := page.Cut(ts, r.Size(), func(t Template) page.Cursor { return page.Cursor{Key: t.Name, ID: t.ID.UUID} })
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
	return t, err
}
