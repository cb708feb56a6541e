// Package jwt makes and verifies access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037).
package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// lifetime is how long a token is valid. Every transaction checks the sign-in again, so a revoked one stops
	// working at once. The lifetime only limits how long a stolen token can be used.
	lifetime = 15 * time.Minute
	// leeway is how far the clocks of two servers may differ. Synchronised clocks differ by milliseconds. A virtual
	// machine that was just resumed can be ten seconds off.
	leeway = 30 * time.Second
	// audience is the same for every installation; the issuer tells them apart.
	audience = "streamspace"
	// algorithm is the only one that is accepted.
	algorithm = "EdDSA"
)

// Config is the configuration of Tokens.
type Config struct {
	Keys   Keys
	Issuer string           // the installation's public URL
	Now    func() time.Time // nil: time.Now
}

// Tokens makes and verifies access tokens. It may be used from many goroutines.
type Tokens struct {
	config Config
	parser *jwt.Parser
	ring   atomic.Pointer[ring]
}

// claims are the claims of requirement T1.
type claims struct {
	OrgID      string   `json:"org_id,omitempty"`
	OrgName    string   `json:"org_name,omitempty"`
	OrgSlug    string   `json:"org_slug,omitempty"`
	Role       org.Role `json:"role,omitempty"`
	Credential string   `json:"sid,omitempty"`
	jwt.RegisteredClaims
}

// New returns tokens that are signed and verified with the keys of the configuration, until Rotate changes them.
func New(c Config) (*Tokens, error) {
	if c.Issuer == "" {
		return nil, errors.New("the issuer of access tokens is missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	t := &Tokens{config: c, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{algorithm}), jwt.WithAudience(audience), jwt.WithIssuer(c.Issuer),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(c.Now),
		jwt.WithStrictDecoding(),
	)}
	r, err := newRing(c.Keys)
	if err != nil {
		return nil, err
	}
	t.ring.Store(r)
	return t, nil
}

// Rotate replaces the keys, and reports whether they differ from those in use. Tokens that are being made or verified
// meanwhile use either set.
func (t *Tokens) Rotate(k Keys) (changed bool, err error) {
	next, err := newRing(k)
	if err != nil {
		return false, err
	}
	for {
		used := t.ring.Load()
		if next.same(used) {
			return false, nil
		}
		next.version = used.version + 1
		if t.ring.CompareAndSwap(used, next) {
			return true, nil
		}
	}
}

// KeysVersion counts the changes of the keys. What was verified at one version may be refused at another.
func (t *Tokens) KeysVersion() uint64 { return t.ring.Load().version }

// Mint makes a token for a sign-in and returns how long it is valid: at most lifetime, and no longer than the
// sign-in.
func (t *Tokens) Mint(s identity.SignIn) (string, time.Duration, error) {
	now := t.config.Now()
	lasts := min(lifetime, s.EndsAt.Sub(now))
	id, err := uuid.NewV7()
	if err != nil {
		return "", 0, fmt.Errorf("number a token: %w", err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		OrgID: s.Org.ID.String(), OrgName: s.Org.Name, OrgSlug: s.Org.Slug, Role: s.Role, Credential: s.Credential.String(),
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: s.User.String(), ID: id.String(), Issuer: t.config.Issuer, Audience: jwt.ClaimStrings{audience},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lasts)),
		},
	})
	r := t.ring.Load()
	token.Header["kid"] = r.keyID
	signed, err := token.SignedString(r.signing)
	if err != nil {
		return "", 0, fmt.Errorf("sign a token: %w", err)
	}
	return signed, lasts, nil
}

// Verify returns the sign-in that a token was made for. Its EndsAt is the token's expiry. An invalid token is an
// Unauthenticated fault, with one code for each reason.
func (t *Tokens) Verify(token string) (identity.SignIn, error) {
	// The decoder skips line ends. Without this check a token could be written in several ways.
	if strings.ContainsAny(token, "\r\n") {
		return identity.SignIn{}, errMalformed
	}
	var c claims
	parsed, err := t.parser.ParseWithClaims(token, &c, t.ring.Load().keyOf)
	if err != nil {
		return identity.SignIn{}, t.explain(parsed, c, err)
	}
	if c.OrgID == "" {
		return identity.SignIn{}, errOrgMissing
	}
	return c.signIn()
}

// JWKS returns the public keys (RFC 7517) with which other programs can verify the tokens.
func (t *Tokens) JWKS() []byte { return slices.Clone(t.ring.Load().jwks) }

func (c claims) signIn() (identity.SignIn, error) {
	orgID, err1 := uuid.Parse(c.OrgID)
	user, err2 := uuid.Parse(c.Subject)
	credential, err3 := uuid.Parse(c.Credential)
	role, err4 := org.ParseRole(string(c.Role))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return identity.SignIn{}, errMalformed.Because(err)
	}
	return identity.SignIn{
		Membership: identity.Membership{
			Org:  identity.Org{ID: org.ID{UUID: orgID}, Slug: c.OrgSlug, Name: c.OrgName},
			User: org.UserID{UUID: user}, Role: role,
		},
		Credential: org.CredentialID{UUID: credential}, EndsAt: c.ExpiresAt.Time,
	}, nil
}
