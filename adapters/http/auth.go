package http

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Tokens makes and verifies access tokens.
type Tokens interface {
	// Mint makes a token for a sign-in and tells how long it lasts.
	Mint(s identity.SignIn) (token string, lasts time.Duration, err error)
	// Verify returns whom a token was made for, and as EndsAt when it ends, or an Unauthenticated fault.
	Verify(token string) (identity.SignIn, error)
	// JWKS is the set of public keys (RFC 7517) by which others can verify the tokens.
	JWKS() []byte
}

// Faults of authentication, beside those of the tokens and of the modules.
var (
	errNoCredentials = fault.New(fault.Unauthenticated, "credentials_missing",
		"sign in: neither a Bearer token nor a cookie came along")
	errCookie = fault.New(fault.Unauthenticated, "cookie_invalid",
		"the cookie is not one that was given out here; sign in again")
	errNoOtherOrigin = fault.New(fault.Forbidden, "cross_origin", "pages of another origin may not act here")
)

// caller is who a request comes from, and by what they are known.
type caller struct {
	scope  org.Scope
	key    secret.Hash // of what was presented
	cookie string      // the cookie's value; empty: a token or a ticket was presented
	admits sessions.ID // the session that a ticket opens
}

// gate finds out who asks. Whether they are still let in is for the database to say, each time a transaction enters,
// which is why what was found out may be remembered for as long as it lasts.
type gate struct {
	origin   string
	tokens   Tokens
	identity *identity.Service
	sessions *sessions.Service
	// What tokens and cookies stand for. They are kept apart so that the one can never be shown as the other.
	seenTokens, seenCookies *memory
	guesses                 *rates[string] // by the network that shows secrets which are none
}

func newGate(c Config, origin string) *gate {
	return &gate{
		origin: origin, tokens: c.Tokens, identity: c.Identity, sessions: c.Sessions,
		seenTokens: newMemory(), seenCookies: newMemory(), guesses: newRates[string](c.rate(guessesEvery), guessesBurst),
	}
}

// authenticate says who asks. Someone who presents both a token and a cookie is known by the token.
func (g *gate) authenticate(r *http.Request, by entry) (caller, error) {
	if by == byTicket {
		return g.byTicket(r)
	}
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return caller{}, errNoCredentials
		}
		return g.byToken(strings.TrimSpace(token))
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		return g.byCookie(r.Context(), cookie.Value)
	}
	return caller{}, errNoCredentials
}

func (g *gate) byToken(token string) (caller, error) {
	key := secret.Of(token).Hash()
	signIn, ok := g.seenTokens.recall(key)
	if !ok {
		var err error
		if signIn, err = g.tokens.Verify(token); err != nil {
			return caller{}, err
		}
		g.seenTokens.keep(key, signIn)
	}
	return caller{scope: scopeOf(signIn), key: key}, nil
}

func (g *gate) byCookie(ctx context.Context, value string) (caller, error) {
	presented := secret.Of(value)
	if len(value) != cookieLength {
		return caller{}, errCookie
	}
	key := presented.Hash()
	signIn, ok := g.seenCookies.recall(key)
	if !ok {
		var err error
		if signIn, err = g.resolve(ctx, presented); err != nil {
			return caller{}, err
		}
		g.seenCookies.keep(key, signIn)
	}
	return caller{scope: scopeOf(signIn), key: key, cookie: value}, nil
}

// resolve looks a secret up in the database. One that is none is a sign-in that has ended, or a guess: whoever shows
// too many has to wait.
func (g *gate) resolve(ctx context.Context, presented secret.Secret) (identity.SignIn, error) {
	from := networkOf(ctx)
	if wait := g.guesses.owed(from); wait > 0 {
		return identity.SignIn{}, tooMany("too_many_guesses", "you have shown too many sign-ins that are none", wait)
	}
	s, err := g.identity.Resolve(ctx, presented)
	if fault.Has(err, identity.ErrSignedOut.Code) {
		g.guesses.charge(from)
	}
	return s, err
}

// byTicket uses up the ticket that a stream is asked for with, once everything else about the request is right: a
// ticket that a foreign page or a broken client presents can still be used by whoever it was made for.
func (g *gate) byTicket(r *http.Request) (caller, error) {
	if foreign(r, g.origin) {
		return caller{}, errNoOtherOrigin
	}
	ticket, binary := offered(r)
	if ticket.IsZero() {
		return caller{}, sessions.ErrTicket
	}
	if err := upgradable(r, binary); err != nil {
		return caller{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	a, err := g.sessions.Redeem(ctx, ticket)
	if err != nil {
		return caller{}, err
	}
	return caller{scope: org.Member(a.Org, a.User, a.Role, a.Credential), admits: a.Session}, nil
}

// forget drops what was remembered of a caller's credential.
func (g *gate) forget(who caller) {
	g.seenTokens.drop(who.key)
	g.seenCookies.drop(who.key)
}

func scopeOf(s identity.SignIn) org.Scope { return org.Member(s.Org.ID, s.User, s.Role, s.Credential) }
