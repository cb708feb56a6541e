package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// Templates returns the transactions of members who act on templates.
func (d *DB) Templates() org.Scoped[templates.Tx] {
	return scoped(d, func(t *memberTx) templates.Tx { return t })
}

// TemplateReads returns the reads of templates.
func (d *DB) TemplateReads() org.Reading[templates.Queries] {
	return reading(d, func(r reader) templates.Queries { return templateReader{r} })
}

// TemplateByRef implements templates.Reader.
func (t *memberTx) TemplateByRef(ctx context.Context, ref string) (templates.Template, error) {
	return templateByRef(ctx, t.Queries, ref)
}

// InsertTemplate implements templates.Tx. It asks for the row that it has written, so that a name that is taken shows
// at once.
func (t *memberTx) InsertTemplate(ctx context.Context, n templates.Template) error {
	spec, err := encodeSpec(n)
	if err != nil {
		return err
	}
	_, err = t.Queries.InsertTemplate(ctx, orgdb.InsertTemplateParams{
		ID: n.ID.UUID, Name: n.Name, Title: n.Title, Description: n.Description, Spec: spec,
	})
	return ofConstraint(err, map[string]*fault.Fault{"templates_name_key": templates.ErrNameTaken})
}

// LockTemplate implements templates.Tx.
func (t *memberTx) LockTemplate(ctx context.Context, id templates.ID) (templates.Template, error) {
	row, err := t.Queries.LockTemplate(ctx, id.UUID)
	return toTemplate(orgdb.TemplateByRefRow(row)), orNotFound(err, templates.ErrNotFound)
}

// UpdateTemplate implements templates.Tx.
func (t *memberTx) UpdateTemplate(
	ctx context.Context, id templates.ID, c templates.Change,
) (templates.Template, error) {
	change := orgdb.UpdateTemplateParams{ID: id.UUID, Title: c.Title, Description: c.Description}
	if c.Spec != nil {
		var err error
		if change.Spec, err = encodeSpec(templates.Template{ID: id, Spec: *c.Spec}); err != nil {
			return templates.Template{}, err
		}
	}
	row, err := t.Queries.UpdateTemplate(ctx, change)
	return toTemplate(orgdb.TemplateByRefRow(row)), translate(err)
}

// DeleteTemplate implements templates.Tx.
func (t *memberTx) DeleteTemplate(ctx context.Context, id templates.ID) error {
	return t.Queries.DeleteTemplate(ctx, id.UUID)
}

// RequestPublication implements templates.Tx.
func (t *memberTx) RequestPublication(ctx context.Context, id templates.ID) error {
	return t.Queries.RequestPublication(ctx, id.UUID)
}

// WithdrawPublication implements templates.Tx.
func (t *memberTx) WithdrawPublication(ctx context.Context, id templates.ID) error {
	return t.Queries.WithdrawPublication(ctx, id.UUID)
}

func encodeSpec(t templates.Template) (json.RawMessage, error) {
	spec, err := json.Marshal(t.Spec)
	if err != nil {
		return nil, fmt.Errorf("encode the spec of template %s: %w", t.ID, err)
	}
	return spec, nil
}

// templateReader reads templates.
type templateReader struct{ reader }

// TemplateByRef implements templates.Reader.
func (r templateReader) TemplateByRef(ctx context.Context, ref string) (templates.Template, error) {
	return templateByRef(ctx, r.Queries, ref)
}

// Templates implements templates.Queries.
func (r templateReader) Templates(ctx context.Context, after page.Cursor, n int) ([]templates.Template, error) {
	rows, err := r.Queries.Templates(ctx, after.Key, after.ID, int32(n))
	if err != nil {
		return nil, translate(err)
	}
	out := make([]templates.Template, len(rows))
	for i, row := range rows {
		out[i] = toTemplate(orgdb.TemplateByRefRow(row))
	}
	return out, nil
}

// templateByRef reads a template by its id or its name, in one query.
func templateByRef(ctx context.Context, q *orgdb.Queries, ref string) (templates.Template, error) {
	id, _ := uuid.Parse(ref) // a name that is not a UUID searches for null, which no id equals
	row, err := q.TemplateByRef(ctx, nullable(id), &ref)
	if err != nil {
		return templates.Template{}, orNotFound(err, templates.ErrNotFound)
	}
	return toTemplate(row), nil
}

// toTemplate never fails: one row of another form must not take a whole list with it.
func toTemplate(row orgdb.TemplateByRefRow) templates.Template {
	t := templates.Template{
		ID: templates.ID{UUID: row.ID}, Name: row.Name, Title: row.Title, Description: row.Description, Public: row.IsPublic,
		Revision: int(row.Revision), Publication: templates.Publication(row.Publication), Rejection: row.Rejection,
	}
	if err := json.Unmarshal(row.Spec, &t.Spec); err != nil {
		t.Spec, t.Unreadable = runtime.Spec{}, true
	}
	return t
}

// AddTemplate implements templates.Registry.
func (o *Operator) AddTemplate(ctx context.Context, operator string, in org.ID, t templates.Template) error {
	spec, err := encodeSpec(t)
	if err != nil {
		return err
	}
	err = o.q.AddTemplate(ctx, sysdb.AddTemplateParams{
		Operator: operator, OrgID: in.UUID, TemplateID: t.ID.UUID, Name: t.Name, Title: t.Title,
		Description: t.Description, Spec: spec,
	})
	return ofConstraint(err, map[string]*fault.Fault{"templates_of_org": orgs.ErrNotFound})
}

// PublishTemplate implements templates.Registry.
func (o *Operator) PublishTemplate(ctx context.Context, operator string, t templates.Template) error {
	spec, err := encodeSpec(t)
	if err != nil {
		return err
	}
	return translate(o.q.PublishTemplate(ctx, sysdb.PublishTemplateParams{
		Operator: operator, TemplateID: t.ID.UUID, Name: t.Name, Title: t.Title, Description: t.Description, Spec: spec,
	}))
}

// WithdrawTemplate implements templates.Registry.
func (o *Operator) WithdrawTemplate(ctx context.Context, operator, name string) error {
	withdrawn, err := o.q.WithdrawTemplate(ctx, operator, name)
	if err == nil && !withdrawn {
		return templates.ErrNotFound
	}
	return translate(err)
}

// PublicationRequests implements templates.Registry.
func (o *Operator) PublicationRequests(
	ctx context.Context, after templates.ID, n int,
) ([]templates.Request, error) {
	rows, err := o.q.PublicationRequests(ctx, after.UUID, int32(n))
	out := make([]templates.Request, len(rows))
	for i, r := range rows {
		out[i] = templates.Request{
			ID: templates.ID{UUID: r.TemplateID}, Org: r.Slug, Name: r.Name, Title: r.Title, Description: r.Description,
			Revision: int(r.Revision), Spec: r.Spec, At: r.RequestedAt,
		}
	}
	return out, translate(err)
}

// ApproveTemplate implements templates.Registry.
func (o *Operator) ApproveTemplate(ctx context.Context, operator string, a templates.Approval) error {
	err := o.q.ApproveTemplate(ctx, sysdb.ApproveTemplateParams{
		Operator: operator, OrgID: a.Org.UUID, TemplateID: a.Public.UUID, Name: a.Name, Revision: int32(a.Revision),
	})
	// Two approvals of one name at once: the one that is later finds the constraint.
	return ofConstraint(err, map[string]*fault.Fault{"public_templates_name_key": templates.ErrPublicNameTaken})
}

// RejectTemplate implements templates.Registry.
func (o *Operator) RejectTemplate(ctx context.Context, operator string, r templates.Rejection) error {
	return translate(o.q.RejectTemplate(ctx, sysdb.RejectTemplateParams{
		Operator: operator, OrgID: r.Org.UUID, Name: r.Name, Revision: int32(r.Revision), Reason: r.Reason,
	}))
}
