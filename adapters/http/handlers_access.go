package http

import (
	"context"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/access"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ListSignIns implements api.StrictServerInterface.
func (h handlers) ListSignIns(
	ctx context.Context, r api.ListSignInsRequestObject,
) (api.ListSignInsResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Access.SignIns(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toSignIn)
	return api.ListSignIns200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
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

// EndOtherSignIns implements api.StrictServerInterface. What other processes and this one have cached of them is
// refused by the database.
func (h handlers) EndOtherSignIns(
	ctx context.Context, _ api.EndOtherSignInsRequestObject,
) (api.EndOtherSignInsResponseObject, error) {
	return api.EndOtherSignIns204Response{}, h.config.Access.EndOthers(ctx, org.From(ctx))
}

// limitMember counts an attempt by the member who makes it, as often as sign-ins by one email address are allowed. Not
// by the network: everyone here has signed in, and an office has one address.
func (h handlers) limitMember(who org.Scope) error {
	if wait := h.limits.loginsByEmail.allow(who.User().String()); wait > 0 {
		return errTooManyLogins.RetryIn(wait)
	}
	return nil
}

// ChangePassword implements api.StrictServerInterface. An attempt is counted like a sign-in, because a stolen sign-in
// could guess the password here.
func (h handlers) ChangePassword(
	ctx context.Context, r api.ChangePasswordRequestObject,
) (api.ChangePasswordResponseObject, error) {
	who := org.From(ctx)
	if err := h.limitMember(who); err != nil {
		return nil, err
	}
	err := h.config.Access.ChangePassword(ctx, who, r.Body.CurrentPassword, r.Body.NewPassword)
	return api.ChangePassword204Response{}, err
}

// ListOrgs implements api.StrictServerInterface.
func (h handlers) ListOrgs(ctx context.Context, r api.ListOrgsRequestObject) (api.ListOrgsResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Access.Orgs(ctx, org.From(ctx), at)
	items := convertAll(p.Items, func(m identity.Membership) api.OwnOrg {
		return api.OwnOrg{Id: m.Org.ID.UUID, Slug: m.Org.Slug, Name: m.Org.Name, Role: api.Role(m.Role)}
	})
	return api.ListOrgs200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// SwitchOrg implements api.StrictServerInterface. It is limited like a sign-in, because it makes one. The cookie of the
// present sign-in is replaced; the sign-in itself goes on until it ends.
func (h handlers) SwitchOrg(ctx context.Context, r api.SwitchOrgRequestObject) (api.SwitchOrgResponseObject, error) {
	who := org.From(ctx)
	if err := h.limitMember(who); err != nil {
		return nil, err
	}
	s, key, err := h.config.Access.Switch(ctx, who, r.Body.Org, clientOf(ctx))
	if err != nil {
		return nil, err
	}
	if value(r.Body.Cookie) {
		cookie := sessionCookie(key.Reveal(), time.Until(s.EndsAt))
		return api.SwitchOrg204Response{Headers: api.SwitchOrg204ResponseHeaders{SetCookie: &cookie}}, nil
	}
	t, err := h.tokens(s, key)
	return api.SwitchOrg200JSONResponse(t), err
}

func toSignIn(s access.SignIn) api.SignIn {
	return api.SignIn{
		Id: s.ID.UUID, CreatedAt: s.Created.UTC(), EndsAt: s.Ends.UTC(), Address: s.From.Address, Browser: s.From.Browser,
		Current: s.Current,
	}
}
