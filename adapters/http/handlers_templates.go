package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ListTemplates implements api.StrictServerInterface.
func (h handlers) ListTemplates(
	ctx context.Context, r api.ListTemplatesRequestObject,
) (api.ListTemplatesResponseObject, error) {
	at, err := pageOf(r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Templates.List(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toTemplate)
	return api.ListTemplates200JSONResponse{Items: items, NextCursor: optional(p.Next.String())}, err
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

func toTemplate(t templates.Template) api.Template {
	return api.Template{
		Id: t.ID.UUID, Name: t.Name, Title: t.Title, Description: t.Description, IsPublic: t.Public,
		IsUnreadable: optional(t.Unreadable),
	}
}
