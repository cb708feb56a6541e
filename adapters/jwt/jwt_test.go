package jwt

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const issuer = "https://streamspace.test"

// noon is when these tests happen.
var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newTokens(t *testing.T, key ed25519.PrivateKey, now time.Time) *Tokens {
	t.Helper()
	tokens, err := New(Config{Keys: Keys{Signing: key}, Issuer: issuer, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// keyID is the id of the key that signs.
func (t *Tokens) keyID() string { return t.ring.Load().keyID }

func someone() identity.SignIn {
	return identity.SignIn{
		Membership: identity.Membership{
			Org:  identity.Org{ID: org.ID{UUID: uuid.New()}, Slug: "acme", Name: "Acme"},
			User: org.UserID{UUID: uuid.New()}, Role: org.RoleMember,
		},
		Credential: org.CredentialID{UUID: uuid.New()}, EndsAt: noon.Add(12 * time.Hour),
	}
}

func TestATokenIsReadBackAsItWasMade(t *testing.T) {
	t.Parallel()
	tokens, in := newTokens(t, newKey(t), noon), someone()
	token, lasts, err := tokens.Mint(in)
	if err != nil || lasts != 15*time.Minute {
		t.Fatalf("Mint = %v, %v", lasts, err)
	}
	got, err := tokens.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	in.EndsAt = noon.Add(15 * time.Minute).Local()
	if diff := cmp.Diff(in, got); diff != "" {
		t.Errorf("Verify (-want +got):\n%s", diff)
	}
}

func TestATokenCarriesTheClaimsOfT1(t *testing.T) {
	t.Parallel()
	tokens, in := newTokens(t, newKey(t), noon), someone()
	token, _, err := tokens.Mint(in)
	if err != nil {
		t.Fatal(err)
	}
	var header, got map[string]any
	for i, into := range []*map[string]any{&header, &got} {
		b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	jti, err := uuid.Parse(got["jti"].(string))
	if err != nil || jti.Version() != 7 {
		t.Errorf("jti = %v, want a UUIDv7", got["jti"])
	}
	want := map[string]any{
		"sub": in.User.String(), "org_id": in.Org.ID.String(), "org_name": "Acme", "org_slug": "acme", "role": "member",
		"sid": in.Credential.String(), "jti": got["jti"], "iat": float64(noon.Unix()),
		"exp": float64(noon.Add(15 * time.Minute).Unix()), "iss": issuer, "aud": []any{"streamspace"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": tokens.keyID()}, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestATokenDoesNotOutlastItsSignIn(t *testing.T) {
	t.Parallel()
	in := someone()
	in.EndsAt = noon.Add(time.Minute)
	if _, lasts, err := newTokens(t, newKey(t), noon).Mint(in); err != nil || lasts != time.Minute {
		t.Errorf("Mint = %v, %v; want a minute", lasts, err)
	}
}

// good is what Mint would write; each test of a wrong token changes one thing of it.
func good() claims {
	in := someone()
	return claims{
		OrgID: in.Org.ID.String(), Role: in.Role, Credential: in.Credential.String(),
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: in.User.String(), Issuer: issuer, Audience: jwt.ClaimStrings{audience},
			IssuedAt: jwt.NewNumericDate(noon), ExpiresAt: jwt.NewNumericDate(noon.Add(time.Minute)),
		},
	}
}

func sign(t *testing.T, method jwt.SigningMethod, key any, keyID string, c claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"] = keyID
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryWrongTokenHasItsCode(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	tokens := newTokens(t, key, noon)
	public := []byte(key.Public().(ed25519.PublicKey))
	edited := func(change func(*claims)) string {
		c := good()
		change(&c)
		return sign(t, jwt.SigningMethodEdDSA, key, tokens.keyID(), c)
	}
	right := edited(func(*claims) {})
	parts := strings.Split(right, ".")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	for name, test := range map[string]struct{ token, code string }{
		"right":                {right, ""},
		"empty":                {"", "token_malformed"},
		"no JWT":               {"junk", "token_malformed"},
		"four parts":           {right + ".x", "token_malformed"},
		"header is no JSON":    {b64([]byte("{")) + "." + parts[1] + "." + parts[2], "token_malformed"},
		"claims are no object": {parts[0] + "." + b64([]byte(`"x"`)) + "." + parts[2], "token_malformed"},
		"none": {sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, tokens.keyID(), good()),
			"token_algorithm"},
		"HMAC with the public key": {sign(t, jwt.SigningMethodHS256, public, tokens.keyID(), good()), "token_algorithm"},
		"RSA":                      {sign(t, jwt.SigningMethodRS256, rsaKey, tokens.keyID(), good()), "token_algorithm"},
		"an algorithm that there is not": {
			b64([]byte(`{"alg":"XX","kid":"`+tokens.keyID()+`"}`)) + "." + parts[1] + "." + parts[2], "token_algorithm"},
		"no algorithm": {b64([]byte(`{"kid":"`+tokens.keyID()+`"}`)) + "." + parts[1] + "." + parts[2],
			"token_algorithm"},
		"another key by its name": {sign(t, jwt.SigningMethodEdDSA, newKey(t), "other", good()), "token_key"},
		"another key by our name": {sign(t, jwt.SigningMethodEdDSA, newKey(t), tokens.keyID(), good()), "token_signature"},
		"tampered claims": {
			parts[0] + "." + strings.Split(edited(func(c *claims) { c.Role = org.RoleOwner }), ".")[1] + "." + parts[2],
			"token_signature"},
		"no signature": {parts[0] + "." + parts[1] + ".", "token_signature"},
		"expired": {edited(func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(noon.Add(-time.Minute)) }),
			"token_expired"},
		"no expiry": {edited(func(c *claims) { c.ExpiresAt = nil }), "token_malformed"},
		"from the future": {edited(func(c *claims) { c.IssuedAt = jwt.NewNumericDate(noon.Add(time.Hour)) }),
			"token_not_yet_valid"},
		"issued beyond the leeway": {
			edited(func(c *claims) { c.IssuedAt = jwt.NewNumericDate(noon.Add(leeway + time.Second)) }),
			"token_not_yet_valid"},
		"issued within the leeway": {edited(func(c *claims) { c.IssuedAt = jwt.NewNumericDate(noon.Add(leeway)) }), ""},
		"not before": {edited(func(c *claims) { c.NotBefore = jwt.NewNumericDate(noon.Add(time.Hour)) }),
			"token_not_yet_valid"},
		"another audience": {edited(func(c *claims) { c.Audience = jwt.ClaimStrings{"elsewhere"} }),
			"token_audience"},
		"no audience":              {edited(func(c *claims) { c.Audience = nil }), "token_audience"},
		"another issuer":           {edited(func(c *claims) { c.Issuer = "https://elsewhere.test" }), "token_issuer"},
		"no issuer":                {edited(func(c *claims) { c.Issuer = "" }), "token_issuer"},
		"no org":                   {edited(func(c *claims) { c.OrgID = "" }), "token_org_missing"},
		"an org that is no id":     {edited(func(c *claims) { c.OrgID = "acme" }), "token_malformed"},
		"no user":                  {edited(func(c *claims) { c.Subject = "" }), "token_malformed"},
		"no credential":            {edited(func(c *claims) { c.Credential = "" }), "token_malformed"},
		"a role that there is not": {edited(func(c *claims) { c.Role = "root" }), "token_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tokens.Verify(test.token)
			switch {
			case test.code == "" && err != nil:
				t.Errorf("Verify: %v", err)
			case test.code != "" && (fault.Of(err).Code != test.code || !fault.IsKind(err, fault.Unauthenticated)):
				t.Errorf("Verify = %v, %v; want code %s", got, err, test.code)
			}
		})
	}
}

func TestATokenEndsWithinTheLeeway(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	token, lasts, err := newTokens(t, key, noon).Mint(someone())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newTokens(t, key, noon.Add(lasts+leeway-time.Second)).Verify(token); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	_, err = newTokens(t, key, noon.Add(lasts+leeway+time.Second)).Verify(token)
	if !errors.Is(err, errExpired) {
		t.Errorf("after the leeway: %v", err)
	}
}

func TestTheKeyIsKnownByItsThumbprint(t *testing.T) {
	t.Parallel()
	// The example of RFC 8037 appendix A.3.
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("thumbprint = %s, want %s", got, want)
	}
}

func TestTheKeySetHoldsThePublicKeyAlone(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	tokens := newTokens(t, key, noon)
	var got any
	if err := json.Unmarshal(tokens.JWKS(), &got); err != nil {
		t.Fatal(err)
	}
	want := any(map[string]any{"keys": []any{map[string]any{
		"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": tokens.keyID(),
		"x": base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey)),
	}}})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("JWKS (-want +got):\n%s", diff)
	}
}

// Seen to fail with a decoder that ignores the bits of a last character that carry nothing, and line ends.
func TestATokenIsWrittenInOneWay(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, newKey(t), noon)
	right, _, err := tokens.Mint(someone())
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(right, ".")
	// 64 bytes take 86 characters: the last one carries four bits, and two that must be zero.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, right[len(right)-1])
	for name, token := range map[string]string{
		"padding bits":              right[:len(right)-1] + alphabet[last+1:last+2],
		"padding":                   right + "==",
		"a line end after it":       right + "\n",
		"a line end inside it":      parts[0] + ".\r\n" + parts[1] + "." + parts[2],
		"a space":                   parts[0] + " ." + parts[1] + "." + parts[2],
		"a no-break space":          right + "\u00a0",
		"the other base64 alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(parts[2] + "-"),
	} {
		if name == "the other base64 alphabet" {
			token = parts[0] + "." + parts[1] + "." + token
		}
		if _, err := tokens.Verify(token); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	first, second := newKey(t), newKey(t)
	tokens := newTokens(t, first, noon)
	before, _, err := tokens.Mint(someone())
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(signing ed25519.PrivateKey, verifying ...ed25519.PrivateKey) bool {
		keys := Keys{Signing: signing}
		for _, k := range verifying {
			keys.Verifying = append(keys.Verifying, k.Public().(ed25519.PublicKey))
		}
		changed, err := tokens.Rotate(keys)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	known := func() int { return strings.Count(string(tokens.JWKS()), `"kid"`) }
	if rotate(first) || rotate(first, first) || tokens.KeysVersion() != 0 {
		t.Error("the same keys count as changed ones")
	}
	firstID := tokens.keyID()
	if !rotate(first, second) || known() != 2 || tokens.keyID() != firstID {
		t.Errorf("with the next key: %s", tokens.JWKS())
	}
	if !rotate(second, first) || known() != 2 || tokens.KeysVersion() != 2 || tokens.keyID() == firstID {
		t.Errorf("with the previous key: %s", tokens.JWKS())
	}
	if _, err := tokens.Verify(before); err != nil {
		t.Errorf("a token of the previous key: %v", err)
	}
	after, _, err := tokens.Mint(someone())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newTokens(t, second, noon).Verify(after); err != nil {
		t.Errorf("the new key does not sign: %v", err)
	}
	if !rotate(second) || known() != 1 {
		t.Errorf("with the new key alone: %s", tokens.JWKS())
	}
	if _, err := tokens.Verify(before); !errors.Is(err, errKey) {
		t.Errorf("a token of a removed key: %v", err)
	}
}
