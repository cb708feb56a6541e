package http

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Faults of authentication, in addition to those of the tokens and of the modules.
var (
	errNoCredentials = fault.New(fault.Unauthenticated, "credentials_missing",
		"Sign in: the request has neither a Bearer token nor a cookie.")
	errKey = fault.New(fault.Unauthenticated, "key_invalid",
		"This is not a whole API key: a part of it is missing or mistyped.")
	errAnotherSignIn = fault.New(fault.Conflict, "signed_in_as_another",
		"Another tab of this browser has signed in as someone else, so that nothing was done.")
	errCookie = fault.New(fault.Unauthenticated, "cookie_invalid",
		"The cookie was not issued here. Sign in again.")
)

// caller is the authenticated sender of a request, with the credential that identified them.
type caller struct {
	scope     org.Scope
	key       secret.Hash // of the token or the cookie: the key of its cache entry
	cookie    string      // the cookie's value; empty: a token, a key or a ticket was presented
	apiKey    string      // the API key's token; empty: something else was presented
	scopes    []string    // of an API key; nil: all that the role may do
	ticketFor sessions.ID // the session that a ticket opens
	until     time.Time   // when an access token expires; zero: the database knows the credential's end
	fresh     bool        // the role was read from the database for this request, not from a cache
}

type callerKey struct{}

// withCaller returns the request with the caller and their scope in its context, and notes the scope for the log line.
func withCaller(r *http.Request, who caller) *http.Request {
	recordOf(r.Context()).scope = who.scope
	ctx := context.WithValue(r.Context(), callerKey{}, who)
	return r.WithContext(org.With(ctx, who.scope))
}

// callerOf returns the caller. It is zero before authentication, and in operations without authentication.
func callerOf(ctx context.Context) caller {
	who, _ := ctx.Value(callerKey{}).(caller)
	return who
}

// authenticator identifies callers. Its results are cached until the credential expires: verifying a token takes 56 µs,
// and resolving a cookie takes a query. A cached result may be outdated, which is safe because each transaction checks
// the credential again when it enters the organisation.
type authenticator struct {
	origin   string
	tokens   Tokens
	identity *identity.Service
	sessions *sessions.Service
	// A cache for each, because a cookie's secret must not pass as a token, nor a token as a cookie. With one cache, a
	// client that sent a refresh token as a Bearer token was let in, without the token's signature and its 15 minutes.
	tokenCache  atomic.Pointer[tokenCache]
	cookieCache *signInCache
	keyCache    *signInCache
	guesses     *limiter[string] // by the network that sends invalid cookies, keys or refresh tokens
}

func newAuthenticator(c Config, origin string, limits *limits) *authenticator {
	a := &authenticator{
		origin: origin, tokens: c.Tokens, identity: c.Identity, sessions: c.Sessions,
		cookieCache: newSignInCache(), keyCache: newSignInCache(), guesses: limits.guesses,
	}
	a.tokenCache.Store(&tokenCache{signInCache: newSignInCache(), keys: c.Tokens.KeysVersion()})
	return a
}

// tokenCache is what was verified with one version of the keys. When a key is removed, the tokens that it signed must
// be refused at once, so that a change of the keys empties the cache.
type tokenCache struct {
	*signInCache
	keys uint64
}

// verified returns the cache of the keys that are in use.
func (a *authenticator) verified() *tokenCache {
	version, cache := a.tokens.KeysVersion(), a.tokenCache.Load()
	if cache.keys == version {
		return cache
	}
	fresh := &tokenCache{signInCache: newSignInCache(), keys: version}
	a.tokenCache.CompareAndSwap(cache, fresh)
	return fresh
}

// identify returns the caller, or an Unauthenticated fault. If a request has both a token and a cookie, the token
// counts: a browser adds cookies by itself, but a program sets the Authorization header on purpose. For the same reason
// a header with another scheme is refused, even with a valid cookie.
func (a *authenticator) identify(r *http.Request, method authMethod) (caller, error) {
	if method == byTicket {
		return a.byTicket(r)
	}
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return caller{}, errNoCredentials
		}
		token = strings.TrimLeft(token, " ") // RFC 6750 §2.1: any number of spaces, and nothing else
		if keys.IsKey(token) {
			return a.byKey(r.Context(), token)
		}
		return a.byToken(token)
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		who, err := a.byCookie(r.Context(), cookie.Value)
		if err == nil && !asShown(r, who.scope) {
			return caller{}, errAnotherSignIn
		}
		return who, err
	}
	return caller{}, errNoCredentials
}

// signedInAs is the header in which a page names whom it shows as signed in: the user's id, a dot, and the
// organisation's. All tabs of a browser share one cookie. When another tab signs in as someone else, a page would act
// as them, while it still shows the earlier user and organisation.
const signedInAs = "Signed-In-As"

// asShown reports whether the cookie is of the user and the organisation that the page shows. A request that names none
// is not from such a page.
func asShown(r *http.Request, who org.Scope) bool {
	shown := r.Header.Get(signedInAs)
	return shown == "" || strings.EqualFold(shown, who.User().String()+"."+who.Org().String())
}

// byToken verifies an access token, or finds it in the cache by the hash of all of it. The hash covers the signature: a
// cache by the token's claims would accept claims that anyone wrote.
func (a *authenticator) byToken(token string) (caller, error) {
	key := secret.Of(token).Hash()
	cache := a.verified()
	signIn, ok := cache.get(key)
	if !ok {
		var err error
		if signIn, err = a.tokens.Verify(token); err != nil {
			return caller{}, err
		}
		cache.put(key, signIn)
	}
	return caller{scope: scopeOf(signIn), key: key, until: signIn.EndsAt}, nil
}

// byKey resolves an API key. It is resolved again in each hour, so that the hour of its last use is noted.
func (a *authenticator) byKey(ctx context.Context, token string) (caller, error) {
	if !keys.WellFormed(token) {
		return caller{}, errKey
	}
	nextHour := a.keyCache.now().Truncate(time.Hour).Add(time.Hour)
	who, err := a.bySecret(ctx, token, a.keyCache, func(ctx context.Context, s secret.Secret) (identity.SignIn, error) {
		signIn, err := a.identity.ResolveKey(ctx, s)
		if nextHour.Before(signIn.EndsAt) {
			signIn.EndsAt = nextHour
		}
		return signIn, err
	})
	who.apiKey = token
	return who, err
}

// byCookie resolves the secret of a cookie. A value of another length is refused without a query.
func (a *authenticator) byCookie(ctx context.Context, value string) (caller, error) {
	if len(value) != cookieLength {
		return caller{}, errCookie
	}
	who, err := a.bySecret(ctx, value, a.cookieCache, a.identity.Resolve)
	who.cookie = value
	return who, err
}

// lookup finds in the database whose a secret is.
type lookup = func(context.Context, secret.Secret) (identity.SignIn, error)

// bySecret finds the caller in the cache by the hash of a secret, or looks the secret up.
func (a *authenticator) bySecret(ctx context.Context, value string, cache *signInCache, look lookup) (caller, error) {
	presented := secret.Of(value)
	key := presented.Hash()
	signIn, ok := cache.get(key)
	if !ok {
		var err error
		if signIn, err = a.resolve(ctx, presented, look); err != nil {
			return caller{}, err
		}
		cache.put(key, signIn)
	}
	return caller{scope: scopeOf(signIn), key: key, scopes: signIn.Scopes}, nil
}

// resolve looks a secret up in the database. An unknown one belongs to a sign-in or a key that has ended, or it is a
// guess: a network that sends too many has to wait.
func (a *authenticator) resolve(ctx context.Context, presented secret.Secret, look lookup) (identity.SignIn, error) {
	from := networkOf(ctx)
	if wait := a.guesses.retryAfter(from); wait > 0 {
		return identity.SignIn{}, errTooManyGuesses.RetryIn(wait)
	}
	s, err := look(ctx, presented)
	if errors.Is(err, identity.ErrSignedOut) || errors.Is(err, identity.ErrKeyEnded) {
		a.guesses.count(from)
	}
	return s, err
}

// byTicket redeems the ticket of a request for a stream. It checks everything else about the request first, because a
// ticket works once: a request from another site's page or from a broken client must not use it up.
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
	// Requests for streams have no deadline stage, so that the query needs a timeout of its own.
	ctx, cancel := context.WithTimeout(r.Context(), operationTimeout)
	defer cancel()
	admission, err := a.sessions.Redeem(ctx, ticket)
	if err != nil {
		return caller{}, err
	}
	scope := org.Member(admission.Org, admission.User, admission.Role, admission.Credential)
	return caller{scope: scope, ticketFor: admission.Session, fresh: true}, nil
}

// forget removes the caller's credential from all caches. Only one of them can hold it: their keys are hashes of
// different secrets.
func (a *authenticator) forget(who caller) {
	a.verified().remove(who.key)
	a.keyCache.remove(who.key)
	a.cookieCache.remove(who.key)
}

// confirm asks the database whether a cached sign-in and role are still valid. Entering the organisation checks both,
// so that any read will do.
func (a *authenticator) confirm(ctx context.Context, who caller) error {
	_, err := a.identity.Me(ctx, who.scope)
	return err
}

// renew handles a caller whose cached credential the database has refused. It removes the credential from the cache and
// resolves a cookie or a key again, because perhaps only its role has changed. For a token it returns the database's
// error: the role is in the token, so the client must refresh it.
func (a *authenticator) renew(ctx context.Context, who caller, refused error) (renewed caller, err error) {
	switch a.forget(who); {
	case who.cookie != "":
		renewed, err = a.byCookie(ctx, who.cookie)
	case who.apiKey != "":
		renewed, err = a.byKey(ctx, who.apiKey)
	default:
		err = refused
	}
	renewed.fresh = true
	return renewed, err
}

func scopeOf(s identity.SignIn) org.Scope { return org.Member(s.Org.ID, s.User, s.Role, s.Credential) }

// checkSession compares the session in the path with the one that the redeemed ticket opens. If they differ, its error
// is that of a GET of the session in the path, so that a ticket tells its holder nothing about other sessions.
func (a *authenticator) checkSession(r *http.Request) error {
	who := callerOf(r.Context())
	id, err := uuid.Parse(r.PathValue("session_id"))
	if err != nil {
		return errNoRoute // validation has checked the form, so the path has no session_id at all
	}
	if id == who.ticketFor.UUID {
		return nil
	}
	return a.sessions.Missing(r.Context(), who.scope, sessions.ID{UUID: id})
}
