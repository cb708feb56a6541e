package http

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

const (
	// cookieName begins with __Host-: browsers take such a cookie only from this host itself, over TLS or loopback, for
	// all of its paths.
	cookieName = "__Host-session"
	// cookieLength is that of a secret.Secret: 32 bytes in base64url.
	cookieLength = 43
)

// handlers turn requests into calls and results into responses. Who asks is in the context.
type handlers struct {
	auth      *authenticator
	identity  *identity.Service
	templates *templates.Service
	sessions  *sessions.Service

	byAddress *limiter[string]
	byEmail   *limiter[string]
}

var _ api.StrictServerInterface = handlers{}

func newHandlers(c Config, g *authenticator) handlers {
	return handlers{
		auth: g, identity: c.Identity, templates: c.Templates, sessions: c.Sessions,
		byAddress: newLimiter[string](c.rate(loginsByAddressEvery), loginsByAddressBurst),
		byEmail:   newLimiter[string](c.rate(loginsByEmailEvery), loginsByEmailBurst),
	}
}

// LogIn implements api.StrictServerInterface.
func (h handlers) LogIn(ctx context.Context, r api.LogInRequestObject) (api.LogInResponseObject, error) {
	if err := h.limitLogins(networkOf(ctx), r.Body.Email); err != nil {
		return nil, err
	}
	s, key, err := h.identity.LogIn(ctx, identity.LogIn{
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
	wait := h.byAddress.take(from)
	if wait == 0 {
		wait = h.byEmail.take(identity.NormalEmail(email))
	}
	if wait > 0 {
		return tooMany("too_many_logins", "too many have tried to sign in like this", wait)
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
	if err := h.identity.LogOut(ctx, org.From(ctx)); err != nil {
		return nil, err
	}
	who := admittedOf(ctx).who
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
	me, err := h.identity.Me(ctx, org.From(ctx))
	return api.GetMe200JSONResponse{
		User: api.User{Id: me.User.ID.UUID, Email: me.User.Email, Name: me.User.Name},
		Org:  api.Org{Id: me.Org.ID.UUID, Slug: me.Org.Slug, Name: me.Org.Name},
		Role: api.Role(me.Role),
	}, err
}

func (h handlers) tokens(s identity.SignIn, key secret.Secret) (api.Tokens, error) {
	token, lasts, err := h.auth.tokens.Mint(s)
	return api.Tokens{
		AccessToken: token, TokenType: api.Bearer, ExpiresIn: seconds(lasts), RefreshToken: key.Reveal(), Org: s.Org.Slug,
	}, err
}

// sessionCookie is a Set-Cookie header. One that lasts no time clears the cookie.
func sessionCookie(value string, lasts time.Duration) string {
	c := http.Cookie{ //nolint:gosec // it asks for the three attributes that are set
		Name: cookieName, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: seconds(lasts),
	}
	if lasts == 0 {
		c.MaxAge = -1
	}
	return c.String()
}

func seconds(d time.Duration) int { return int(math.Floor(d.Seconds())) }

// value is what an optional member holds, or its type's zero.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional is a member that is left out when it holds its type's zero.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
