// Package jwt makes and verifies access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037).
package jwt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
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
	Key    ed25519.PrivateKey
	Issuer string           // the installation's public URL
	Now    func() time.Time // nil: time.Now
}

// Tokens makes and verifies access tokens. It may be used from many goroutines.
type Tokens struct {
	config Config
	keyID  string
	parser *jwt.Parser
	jwks   []byte
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

// New returns Tokens that sign with one key.
func New(c Config) (*Tokens, error) {
	if len(c.Key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("the signing key has %d bytes, want %d", len(c.Key), ed25519.PrivateKeySize)
	}
	if c.Issuer == "" {
		return nil, errors.New("the issuer of access tokens is missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	public := c.Key.Public().(ed25519.PublicKey)
	keyID := thumbprint(public)
	jwks, err := keySet(public, keyID)
	if err != nil {
		return nil, err
	}
	return &Tokens{config: c, keyID: keyID, jwks: jwks, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{algorithm}), jwt.WithAudience(audience), jwt.WithIssuer(c.Issuer),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(c.Now),
		jwt.WithStrictDecoding(),
	)}, nil
}

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
	token.Header["kid"] = t.keyID
	signed, err := token.SignedString(t.config.Key)
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
	parsed, err := t.parser.ParseWithClaims(token, &c, t.keyOf)
	if err != nil {
		return identity.SignIn{}, t.explain(parsed, c, err)
	}
	if c.OrgID == "" {
		return identity.SignIn{}, errOrgMissing
	}
	return c.signIn()
}

// JWKS returns the public keys (RFC 7517) with which other programs can verify the tokens.
func (t *Tokens) JWKS() []byte { return slices.Clone(t.jwks) }

func (t *Tokens) keyOf(token *jwt.Token) (any, error) {
	if token.Header["kid"] != t.keyID {
		return nil, errKey
	}
	return t.config.Key.Public(), nil
}

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

// thumbprint returns the key's RFC 7638 thumbprint, so that every server uses the same id for the same key.
func thumbprint(public ed25519.PublicKey) string {
	// The members that RFC 8037 requires, in lexicographic order and without spaces, are what is hashed.
	b := fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":"%s"}`, base64.RawURLEncoding.EncodeToString(public))
	sum := sha256.Sum256([]byte(b))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func keySet(public ed25519.PublicKey, keyID string) ([]byte, error) {
	key, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.AlgEdDSA, KID: keyID, USE: jwkset.UseSig},
	})
	if err != nil {
		return nil, fmt.Errorf("describe the signing key: %w", err)
	}
	return json.Marshal(jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{key.Marshal()}})
}
