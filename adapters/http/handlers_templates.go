package http

import (
	"context"
	"strings"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// ListTemplates implements api.StrictServerInterface.
func (h handlers) ListTemplates(
	ctx context.Context, r api.ListTemplatesRequestObject,
) (api.ListTemplatesResponseObject, error) {
	at, err := pageOf(r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.templates.List(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toTemplate)
	return api.ListTemplates200JSONResponse{Items: items, NextCursor: optional(p.Next.String())}, err
}

// GetTemplate implements api.StrictServerInterface.
func (h handlers) GetTemplate(
	ctx context.Context, r api.GetTemplateRequestObject,
) (api.GetTemplateResponseObject, error) {
	t, err := h.templates.Get(ctx, org.From(ctx), templates.ID{UUID: r.TemplateId})
	return api.GetTemplate200JSONResponse(toTemplate(t)), err
}

func toTemplate(t templates.Template) api.Template {
	return api.Template{Id: t.ID.UUID, Name: t.Name, Title: t.Title, Description: t.Description, IsPublic: t.Public}
}

// pageOf reads the parameters that every list has.
func pageOf(limit *api.Limit, cursor *api.Cursor) (page.Request, error) {
	after, err := page.Parse(value(cursor))
	if err == nil && strings.ContainsRune(after.Key, 0) {
		err = page.Bad(nil)
	}
	return page.Request{Limit: value(limit), After: after}, err
}

// convertAll is never nil: JSON has a word for an empty list.
func convertAll[T, U any](in []T, to func(T) U) []U {
	out := make([]U, len(in))
	for i, item := range in {
		out[i] = to(item)
	}
	return out
}
