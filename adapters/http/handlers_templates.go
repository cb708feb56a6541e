package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// ListTemplates implements api.StrictServerInterface.
func (h handlers) ListTemplates(
	ctx context.Context, r api.ListTemplatesRequestObject,
) (api.ListTemplatesResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Templates.List(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toTemplate)
	return api.ListTemplates200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// GetTemplate implements api.StrictServerInterface.
func (h handlers) GetTemplate(
	ctx context.Context, r api.GetTemplateRequestObject,
) (api.GetTemplateResponseObject, error) {
	t, err := h.config.Templates.Get(ctx, org.From(ctx), templates.ID{UUID: r.TemplateId})
	return api.GetTemplate200JSONResponse{
		Body: toTemplate(t), Headers: api.GetTemplate200ResponseHeaders{ETag: entityTag(t.Version())},
	}, err
}

// CreateTemplate implements api.StrictServerInterface.
func (h handlers) CreateTemplate(
	ctx context.Context, r api.CreateTemplateRequestObject,
) (api.CreateTemplateResponseObject, error) {
	key, err := keyOf(r.Params.IdempotencyKey, "createTemplate", r.Body)
	if err != nil {
		return nil, err
	}
	t, err := h.config.Templates.Create(ctx, org.From(ctx), templates.New{
		Name: r.Body.Name, Title: r.Body.Title, Description: value(r.Body.Description), Spec: fromSpec(r.Body.Spec),
		Key: key,
	})
	path := "/api/v1/templates/" + t.ID.String()
	return api.CreateTemplate201JSONResponse{
		Body: toTemplate(t), Headers: api.CreateTemplate201ResponseHeaders{
			Location: &path, ETag: entityTag(t.Version()), IdempotentReplayed: replayed(key),
		},
	}, err
}

// UpdateTemplate implements api.StrictServerInterface.
func (h handlers) UpdateTemplate(
	ctx context.Context, r api.UpdateTemplateRequestObject,
) (api.UpdateTemplateResponseObject, error) {
	match, err := expected(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	change := templates.Change{Title: r.Body.Title, Description: r.Body.Description, Expected: match}
	if r.Body.Spec != nil {
		change.Spec = new(fromSpec(*r.Body.Spec))
	}
	t, err := h.config.Templates.Update(ctx, org.From(ctx), templates.ID{UUID: r.TemplateId}, change)
	return api.UpdateTemplate200JSONResponse{
		Body: toTemplate(t), Headers: api.UpdateTemplate200ResponseHeaders{ETag: entityTag(t.Version())},
	}, err
}

// DeleteTemplate implements api.StrictServerInterface.
func (h handlers) DeleteTemplate(
	ctx context.Context, r api.DeleteTemplateRequestObject,
) (api.DeleteTemplateResponseObject, error) {
	match, err := expected(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	err = h.config.Templates.Delete(ctx, org.From(ctx), templates.ID{UUID: r.TemplateId}, match)
	return api.DeleteTemplate204Response{}, err
}

// RequestPublication implements api.StrictServerInterface.
func (h handlers) RequestPublication(
	ctx context.Context, r api.RequestPublicationRequestObject,
) (api.RequestPublicationResponseObject, error) {
	match, err := expected(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	t, err := h.config.Templates.RequestPublication(ctx, org.From(ctx), templates.ID{UUID: r.TemplateId}, match)
	return api.RequestPublication200JSONResponse{
		Body: toTemplate(t), Headers: api.RequestPublication200ResponseHeaders{ETag: entityTag(t.Version())},
	}, err
}

// WithdrawPublication implements api.StrictServerInterface.
func (h handlers) WithdrawPublication(
	ctx context.Context, r api.WithdrawPublicationRequestObject,
) (api.WithdrawPublicationResponseObject, error) {
	match, err := expected(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	err = h.config.Templates.WithdrawPublication(ctx, org.From(ctx), templates.ID{UUID: r.TemplateId}, match)
	return api.WithdrawPublication204Response{}, err
}

func toTemplate(t templates.Template) api.Template {
	out := api.Template{
		Id: t.ID.UUID, Name: t.Name, Title: t.Title, Description: t.Description, Revision: t.Revision, IsPublic: t.Public,
		IsUnreadable: optional(t.Unreadable), Publication: optional(api.TemplatePublication(t.Publication)),
		PublicationRejection: optional(t.Rejection),
	}
	if !t.Unreadable {
		out.Spec = &api.TemplateSpec{
			Width: optional(t.Spec.Width), Height: optional(t.Spec.Height), Memory: optional(t.Spec.Memory),
			Cpu: optional(t.Spec.CPU), Processes: optional(t.Spec.Processes), Disk: optional(t.Spec.Disk),
			NestedNamespaces: optional(t.Spec.NestedNamespaces),
		}
		if len(t.Spec.Command) > 0 {
			out.Spec.Command = &t.Spec.Command
		}
	}
	return out
}

func fromSpec(s api.TemplateSpec) runtime.Spec {
	return runtime.Spec{
		Command: value(s.Command), Width: value(s.Width), Height: value(s.Height), Memory: value(s.Memory),
		CPU: value(s.Cpu), Processes: value(s.Processes), Disk: value(s.Disk), NestedNamespaces: value(s.NestedNamespaces),
	}
}
