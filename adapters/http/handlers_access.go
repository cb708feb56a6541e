package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/access"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ListSignIns implements api.StrictServerInterface.
func (h handlers) ListSignIns(
	ctx context.Context, r api.ListSignInsRequestObject,
) (api.ListSignInsResponseObject, error) {
	at, err := pageOf(r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Access.SignIns(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toSignIn)
	return api.ListSignIns200JSONResponse{Items: items, NextCursor: optional(p.Next.String())}, err
}

// EndSignIn implements api.StrictServerInterface. The end of the present sign-in is a sign-out.
func (h handlers) EndSignIn(ctx context.Context, r api.EndSignInRequestObject) (api.EndSignInResponseObject, error) {
	current, err := h.config.Access.End(ctx, org.From(ctx), identity.SignInID{UUID: r.SignInId})
	if err != nil {
		return nil, err
	}
	var out api.EndSignIn204Response
	if current {
		out.Headers.SetCookie = h.forget(ctx)
	}
	return out, nil
}

// EndOtherSignIns implements api.StrictServerInterface. What other processes and this one have cached of them is refused
// by the database.
func (h handlers) EndOtherSignIns(
	ctx context.Context, _ api.EndOtherSignInsRequestObject,
) (api.EndOtherSignInsResponseObject, error) {
	return api.EndOtherSignIns204Response{}, h.config.Access.EndOthers(ctx, org.From(ctx))
}

// ChangePassword implements api.StrictServerInterface. An attempt is counted like a sign-in, because a stolen sign-in
// could guess the password here.
func (h handlers) ChangePassword(
	ctx context.Context, r api.ChangePasswordRequestObject,
) (api.ChangePasswordResponseObject, error) {
	who := org.From(ctx)
	if err := h.limitLogins(networkOf(ctx), who.User().String()); err != nil {
		return nil, err
	}
	err := h.config.Access.ChangePassword(ctx, who, r.Body.CurrentPassword, r.Body.NewPassword)
	return api.ChangePassword204Response{}, err
}

func toSignIn(s access.SignIn) api.SignIn {
	return api.SignIn{
		Id: s.ID.UUID, CreatedAt: s.Created.UTC(), EndsAt: s.Ends.UTC(), Address: s.From.Address, Browser: s.From.Browser,
		Current: s.Current,
	}
}
