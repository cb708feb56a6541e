package jwt

import (
	"errors"
	"slices"

	"github.com/golang-jwt/jwt/v5"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// What can be wrong with a token. A client can do nothing about any of it but the expiry, yet the one who must find out
// why a deployment refuses everyone is helped by the difference.
var (
	errMalformed = fault.New(fault.Unauthenticated, "token_malformed", "The access token cannot be read.")
	errAlgorithm = fault.New(fault.Unauthenticated, "token_algorithm", "The access token is not signed with EdDSA.")
	errKey       = fault.New(fault.Unauthenticated, "token_key",
		"The access token is signed with a key that is not in use here.")
	errSignature = fault.New(fault.Unauthenticated, "token_signature", "The access token's signature is wrong.")
	errExpired   = fault.New(fault.Unauthenticated, "token_expired", "The access token has expired. Refresh it.")
	errAudience  = fault.New(fault.Unauthenticated, "token_audience", "The access token is not meant for this API.")
	errIssuer    = fault.New(fault.Unauthenticated, "token_issuer", "The access token was issued by another installation.")
	// errOrgMissing is that of tokens from before there were organisations (requirement T2).
	errOrgMissing = fault.New(fault.Unauthenticated, "token_org_missing",
		"The access token names no organisation. Refresh it to get one that does.")
)

// explain says what was wrong with a token that did not parse. The order matters: what the claims say counts only once
// the signature is known to be right, and the signature only once the algorithm is.
func (t *Tokens) explain(parsed *jwt.Token, c claims, err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return errMalformed.Because(err)
	case parsed == nil || parsed.Header["alg"] != algorithm:
		return errAlgorithm.Because(err)
	case errors.Is(err, errKey):
		return errKey.Because(err)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return errSignature.Because(err)
	case errors.Is(err, jwt.ErrTokenExpired):
		return errExpired.Because(err)
	case !slices.Contains(c.Audience, audience):
		return errAudience.Because(err)
	case c.Issuer != t.config.Issuer:
		return errIssuer.Because(err)
	default: // no expiry, or not valid yet
		return errMalformed.Because(err)
	}
}
