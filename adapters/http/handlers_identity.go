package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/modules/setup"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// firstQuota is the quota of the first organisation: enough to try everything. Operators change it.
var firstQuota = orgs.Quota{PerOrg: 10, PerUser: 3}

// SetUp implements api.StrictServerInterface. It is limited like a sign-in, because a code can be guessed like a
// password. The organisation's slug is also the namespace of its sessions: there is no other organisation yet.
func (h handlers) SetUp(ctx context.Context, r api.SetUpRequestObject) (api.SetUpResponseObject, error) {
	if err := h.limitLogins(networkOf(ctx), r.Body.Owner.Email); err != nil {
		return nil, err
	}
	err := h.config.Setup.SetUp(ctx, secret.Of(r.Body.Code), setup.First{
		Owner: identity.NewUser{Email: r.Body.Owner.Email, Name: r.Body.Owner.Name, Password: r.Body.Owner.Password},
		Org: orgs.New{
			Slug: r.Body.Org.Slug, Name: r.Body.Org.Name, Namespace: r.Body.Org.Slug, Sessions: firstQuota,
		},
	})
	return api.SetUp204Response{}, err
}

// LogIn implements api.StrictServerInterface. The attempt is counted before the password is checked, because the check
// itself costs 20 ms of CPU. A browser asks for a cookie and gets no token, which scripts of the page could read.
func (h handlers) LogIn(ctx context.Context, r api.LogInRequestObject) (api.LogInResponseObject, error) {
	if err := h.limitLogins(networkOf(ctx), r.Body.Email); err != nil {
		return nil, err
	}
	s, key, err := h.config.Identity.LogIn(ctx, identity.LogIn{
		Email: r.Body.Email, Password: r.Body.Password, Org: value(r.Body.Org), From: clientOf(ctx),
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

// clientOf is where a sign-in comes from.
func clientOf(ctx context.Context) identity.Client {
	rec := recordOf(ctx)
	return identity.NewClient(rec.client, rec.browser)
}

// limitLogins counts an attempt by the network that it comes from and by the email address that it is for. An attempt
// that the first limit refuses does not count against the address: a flood from one network must not lock a user out.
func (h handlers) limitLogins(from, email string) error {
	wait := h.limits.loginsByAddress.allow(from)
	if wait == 0 {
		wait = h.limits.loginsByEmail.allow(identity.NormalEmail(email))
	}
	if wait > 0 {
		return errTooManyLogins.RetryIn(wait)
	}
	return nil
}

// Refresh implements api.StrictServerInterface. The refresh token stays the same; it ends with the sign-in.
func (h handlers) Refresh(ctx context.Context, r api.RefreshRequestObject) (api.RefreshResponseObject, error) {
	key := secret.Of(r.Body.RefreshToken)
	s, err := h.auth.resolve(ctx, key, h.config.Identity.Resolve)
	if err != nil {
		return nil, err
	}
	t, err := h.tokens(s, key)
	return api.Refresh200JSONResponse(t), err
}

// LogOut implements api.StrictServerInterface. It removes the credential from the cache only after the database has
// deleted it. Otherwise a request in between could put it back.
func (h handlers) LogOut(ctx context.Context, _ api.LogOutRequestObject) (api.LogOutResponseObject, error) {
	if err := h.config.Identity.LogOut(ctx, org.From(ctx)); err != nil {
		return nil, err
	}
	return api.LogOut204Response{Headers: api.LogOut204ResponseHeaders{SetCookie: h.forget(ctx)}}, nil
}

// forget removes the caller's credential from the cache. If the caller presented a cookie, it returns the header that
// clears it.
func (h handlers) forget(ctx context.Context) (setCookie *string) {
	who := callerOf(ctx)
	h.auth.forget(who)
	if who.cookie == "" {
		return nil
	}
	gone := sessionCookie("", 0)
	return &gone
}

// GetMe implements api.StrictServerInterface. The role is the one that the database has confirmed for this request.
func (h handlers) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	me, err := h.config.Identity.Me(ctx, org.From(ctx))
	return api.GetMe200JSONResponse{
		User: api.User{Id: me.User.ID.UUID, Email: me.User.Email, Name: me.User.Name},
		Org:  api.Org{Id: me.Org.ID.UUID, Slug: me.Org.Slug, Name: me.Org.Name},
		Role: api.Role(me.Role),
	}, err
}

// tokens makes the response to a login and a refresh: a short access token, and the sign-in's secret as refresh token.
func (h handlers) tokens(s identity.SignIn, key secret.Secret) (api.Tokens, error) {
	token, lasts, err := h.config.Tokens.Mint(s)
	return api.Tokens{
		AccessToken: token, TokenType: api.Bearer, ExpiresIn: seconds(lasts), RefreshToken: key.Reveal(), Org: s.Org.Slug,
	}, err
}
