package templates

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// Reader reads the templates that a scope shows: the organisation's own and the public ones.
type Reader interface {
	// TemplateByRef finds the newest revision of a template by its id or its name. If an organisation's own template has
	// the name of a public one, it gets its own. It returns ErrNotFound. The template may be unreadable.
	TemplateByRef(ctx context.Context, ref string) (Template, error)
}

// Foreign is the part of a transaction that is needed to tell another organisation's template from an unknown one.
type Foreign interface {
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

// Tx is everything that a member's use case may read and write in one transaction. The scope lets only admins write.
type Tx interface {
	// InsertTemplate writes a private template. It returns ErrNameTaken or ErrTooMany.
	InsertTemplate(ctx context.Context, t Template) error
	// LockTemplate reads one of the organisation's own templates and locks its row until the end of the transaction. It
	// returns ErrNotFound, also for a public one.
	LockTemplate(ctx context.Context, id ID) (Template, error)
	// UpdateTemplate changes a template that LockTemplate has locked. It has a new revision if something differs.
	UpdateTemplate(ctx context.Context, id ID, c Change) (Template, error)
	// DeleteTemplate removes a template that LockTemplate has locked, and what was published of it. The write may be sent
	// later.
	DeleteTemplate(ctx context.Context, id ID) error
	// RequestPublication notes that a template that LockTemplate has locked is to be published. The write may be sent
	// later.
	RequestPublication(ctx context.Context, id ID) error
	// WithdrawPublication ends the request for a template that LockTemplate has locked, and removes what was published of
	// it. The write may be sent later.
	WithdrawPublication(ctx context.Context, id ID) error

	Foreign
	idempotency.Tx
	events.Tx
}
