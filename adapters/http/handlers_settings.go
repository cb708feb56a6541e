package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/settings"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// GetSettings implements api.StrictServerInterface.
func (h handlers) GetSettings(
	ctx context.Context, _ api.GetSettingsRequestObject,
) (api.GetSettingsResponseObject, error) {
	s, err := h.config.Settings.Get(ctx, org.From(ctx))
	return api.GetSettings200JSONResponse{MaxKeyDays: s.MaxKeyDays}, err
}

// UpdateSettings implements api.StrictServerInterface.
func (h handlers) UpdateSettings(
	ctx context.Context, r api.UpdateSettingsRequestObject,
) (api.UpdateSettingsResponseObject, error) {
	s := settings.Settings{MaxKeyDays: r.Body.MaxKeyDays}
	return api.UpdateSettings200JSONResponse(*r.Body), h.config.Settings.Set(ctx, org.From(ctx), s)
}
