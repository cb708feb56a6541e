package http

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Faults of authentication, beside those of the tokens and of the modules.
var (
	errNoCredentials = fault.New(fault.Unauthenticated, "credentials_missing",
		"Sign in: the request has neither a Bearer token nor a cookie.")
	errCookie = fault.New(fault.Unauthenticated, "cookie_invalid",
		"The cookie was not issued here. Sign in again.")
)

// caller is who a request comes from, and by what they are known.
type caller struct {
	scope     org.Scope
	key       secret.Hash // of the token or the cookie
	cookie    string      // the cookie's value; empty: a token or a ticket was presented
	ticketFor sessions.ID // the session that a ticket opens
	fresh     bool        // the role was read for this request: it is not a cached one
}

type callerKey struct{}

// withCaller puts who asks into the request's context, and their scope.
func withCaller(r *http.Request, who caller) *http.Request {
	recordOf(r.Context()).scope = who.scope
	ctx := context.WithValue(r.Context(), callerKey{}, who)
	return r.WithContext(org.With(ctx, who.scope))
}

// callerOf returns who asks. It is the zero caller before authentication and in operations without one.
func callerOf(ctx context.Context) caller {
	who, _ := ctx.Value(callerKey{}).(caller)
	return who
}

// authenticator finds out who asks. The database decides whether they are still let in, each time a transaction enters,
// which is why the result may be cached until the credential ends.
type authenticator struct {
	origin   string
	tokens   Tokens
	identity *identity.Service
	sessions *sessions.Service
	// What tokens and cookies stand for. They are kept apart so that the one can never be shown as the other.
	tokenCache, cookieCache *signInCache
	guesses                 *limiter[string] // by the network that shows secrets which are none
}

func newAuthenticator(c Config, origin string, limits *limits) *authenticator {
	return &authenticator{
		origin: origin, tokens: c.Tokens, identity: c.Identity, sessions: c.Sessions,
		tokenCache: newSignInCache(), cookieCache: newSignInCache(),
		guesses: limits.guesses,
	}
}

// identify says who asks. Someone who presents both a token and a cookie is known by the token.
func (a *authenticator) identify(r *http.Request, method authMethod) (caller, error) {
	if method == byTicket {
		return a.byTicket(r)
	}
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return caller{}, errNoCredentials
		}
		return a.byToken(strings.TrimSpace(token))
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		return a.byCookie(r.Context(), cookie.Value)
	}
	return caller{}, errNoCredentials
}

func (a *authenticator) byToken(token string) (caller, error) {
	key := secret.Of(token).Hash()
	signIn, ok := a.tokenCache.get(key)
	if !ok {
		var err error
		if signIn, err = a.tokens.Verify(token); err != nil {
			return caller{}, err
		}
		a.tokenCache.put(key, signIn)
	}
	return caller{scope: scopeOf(signIn), key: key}, nil
}

func (a *authenticator) byCookie(ctx context.Context, value string) (caller, error) {
	presented := secret.Of(value)
	if len(value) != cookieLength {
		return caller{}, errCookie
	}
	key := presented.Hash()
	signIn, ok := a.cookieCache.get(key)
	if !ok {
		var err error
		if signIn, err = a.resolve(ctx, presented); err != nil {
			return caller{}, err
		}
		a.cookieCache.put(key, signIn)
	}
	return caller{scope: scopeOf(signIn), key: key, cookie: value}, nil
}

// resolve looks a secret up in the database. An unknown one is a sign-in that has ended, or a guess: a network that
// sends too many has to wait.
func (a *authenticator) resolve(ctx context.Context, presented secret.Secret) (identity.SignIn, error) {
	from := networkOf(ctx)
	if wait := a.guesses.retryAfter(from); wait > 0 {
		return identity.SignIn{}, errTooManyGuesses.RetryIn(wait)
	}
	s, err := a.identity.Resolve(ctx, presented)
	if errors.Is(err, identity.ErrSignedOut) {
		a.guesses.count(from)
	}
	return s, err
}

// byTicket uses up the ticket that a stream is asked for with, once everything else about the request is right: a
// ticket that a foreign page or a broken client presents can still be used by the caller that it was made for.
func (a *authenticator) byTicket(r *http.Request) (caller, error) {
	if crossOrigin(r, a.origin) {
		return caller{}, errCrossOrigin
	}
	ticket, binary := offeredProtocols(r)
	if ticket.IsZero() {
		return caller{}, sessions.ErrTicket
	}
	if err := checkUpgrade(r, binary); err != nil {
		return caller{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), operationTimeout)
	defer cancel()
	admission, err := a.sessions.Redeem(ctx, ticket)
	if err != nil {
		return caller{}, err
	}
	scope := org.Member(admission.Org, admission.User, admission.Role, admission.Credential)
	return caller{scope: scope, ticketFor: admission.Session, fresh: true}, nil
}

// forget drops what was remembered of a caller's credential.
func (a *authenticator) forget(who caller) {
	a.tokenCache.remove(who.key)
	a.cookieCache.remove(who.key)
}

// confirm asks the database whether a caller's sign-in and role are still what was cached.
func (a *authenticator) confirm(ctx context.Context, who caller) error {
	_, err := a.identity.Me(ctx, who.scope)
	return err
}

// renew is called when the database refused a caller, with the error. It forgets what was cached of the credential. A
// cookie is looked up once more, because its role may only have changed; a token carries its role, so that the error is
// its answer.
func (a *authenticator) renew(ctx context.Context, who caller, refused error) (caller, error) {
	if a.forget(who); who.cookie == "" {
		return caller{}, refused
	}
	renewed, err := a.byCookie(ctx, who.cookie)
	renewed.fresh = true
	return renewed, err
}

func scopeOf(s identity.SignIn) org.Scope { return org.Member(s.Org.ID, s.User, s.Role, s.Credential) }

// checkSession refuses a ticket for another session than the one in the path. Its answers say no more than a GET of
// that session would.
func (a *authenticator) checkSession(r *http.Request) error {
	who := callerOf(r.Context())
	id, err := uuid.Parse(r.PathValue("session_id"))
	if err != nil {
		return errNoRoute // the contract's validation has let it through: then it has no session_id
	}
	if id == who.ticketFor.UUID {
		return nil
	}
	return a.sessions.Missing(r.Context(), who.scope, sessions.ID{UUID: id})
}
