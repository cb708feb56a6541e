package templates

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
)

// Content is the data of the event of a new or changed template. Its form is in the list of templates.
type Content struct {
	Title    string `json:"title"`
	Revision int    `json:"revision"`
}

// AtRevision is the data of the events of a publication.
type AtRevision struct {
	Revision int `json:"revision"`
}

// Rejected is the data of the event of a publication that operators refuse.
type Rejected struct {
	Revision int    `json:"revision"`
	Reason   string `json:"reason"`
}

var (
	created   = events.Declare[Content]("template.created", events.Everyone)
	updated   = events.Declare[Content]("template.updated", events.Everyone)
	deleted   = events.Declare[events.None]("template.deleted", events.Everyone)
	requested = events.Declare[AtRevision]("template.publication_requested", events.Everyone)
	withdrawn = events.Declare[AtRevision]("template.publication_withdrawn", events.Everyone)
)

// EventTypes lists the events of an organisation's own templates, which every member sees, as they see the list. Only
// admins see why operators refuse to publish one, and what happens to a template that this version cannot read. The
// functions by which operators act write the last two, and the first two as well.
func EventTypes() []events.Type {
	return []events.Type{
		created.Type, updated.Type, deleted.Type, requested.Type, withdrawn.Type,
		events.Declare[AtRevision]("template.published", events.Everyone).Type,
		events.Declare[Rejected]("template.publication_rejected", events.Admins).Type,
	}
}

// about makes the fact of a template.
func about[D any](k events.Kind[D], t Template, data D) events.Happened {
	e := k.About(events.Subject{ID: t.ID.UUID, Name: t.Name}, data)
	if t.Unreadable {
		e = e.Only(events.Admins)
	}
	return e
}

// record writes the audit entry and the event of a change.
func record(ctx context.Context, tx Tx, action string, e events.Happened) error {
	if err := audit.Record(ctx, tx, action, e.Subject.ID); err != nil {
		return err
	}
	return events.Append(ctx, tx, e)
}
