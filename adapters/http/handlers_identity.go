package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// LogIn implements api.StrictServerInterface.
func (h handlers) LogIn(ctx context.Context, r api.LogInRequestObject) (api.LogInResponseObject, error) {
	if err := h.limitLogins(networkOf(ctx), r.Body.Email); err != nil {
		return nil, err
	}
	s, key, err := h.config.Identity.LogIn(ctx, identity.LogIn{
		Email: r.Body.Email, Password: r.Body.Password, Org: value(r.Body.Org),
	})
	if err != nil {
		return nil, err
	}
	if value(r.Body.Cookie) {
		cookie := sessionCookie(key.Reveal(), identity.Lifetime)
		return api.LogIn204Response{Headers: api.LogIn204ResponseHeaders{SetCookie: &cookie}}, nil
	}
	t, err := h.tokens(s, key)
	return api.LogIn200JSONResponse(t), err
}

// limitLogins counts an attempt by where it comes from and by whom it is for.
func (h handlers) limitLogins(from, email string) error {
	wait := h.limits.loginsByAddress.take(from)
	if wait == 0 {
		wait = h.limits.loginsByEmail.take(identity.NormalEmail(email))
	}
	if wait > 0 {
		return errTooManyLogins.RetryIn(wait)
	}
	return nil
}

// Refresh implements api.StrictServerInterface.
func (h handlers) Refresh(ctx context.Context, r api.RefreshRequestObject) (api.RefreshResponseObject, error) {
	key := secret.Of(r.Body.RefreshToken)
	s, err := h.auth.resolve(ctx, key)
	if err != nil {
		return nil, err
	}
	t, err := h.tokens(s, key)
	return api.Refresh200JSONResponse(t), err
}

// LogOut implements api.StrictServerInterface.
func (h handlers) LogOut(ctx context.Context, _ api.LogOutRequestObject) (api.LogOutResponseObject, error) {
	if err := h.config.Identity.LogOut(ctx, org.From(ctx)); err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	h.auth.forget(who)
	var out api.LogOut204Response
	if who.cookie != "" {
		gone := sessionCookie("", 0)
		out.Headers.SetCookie = &gone
	}
	return out, nil
}

// GetMe implements api.StrictServerInterface.
func (h handlers) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	me, err := h.config.Identity.Me(ctx, org.From(ctx))
	return api.GetMe200JSONResponse{
		User: api.User{Id: me.User.ID.UUID, Email: me.User.Email, Name: me.User.Name},
		Org:  api.Org{Id: me.Org.ID.UUID, Slug: me.Org.Slug, Name: me.Org.Name},
		Role: api.Role(me.Role),
	}, err
}

func (h handlers) tokens(s identity.SignIn, key secret.Secret) (api.Tokens, error) {
	token, lasts, err := h.config.Tokens.Mint(s)
	return api.Tokens{
		AccessToken: token, TokenType: api.Bearer, ExpiresIn: seconds(lasts), RefreshToken: key.Reveal(), Org: s.Org.Slug,
	}, err
}
