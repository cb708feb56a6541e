package jwt

import (
	"errors"
	"slices"

	"github.com/golang-jwt/jwt/v5"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// The reasons to refuse a token. A client can act only on an expired one. The others are kept apart for an operator
// who has to find out why a deployment refuses all users.
var (
	errMalformed = fault.New(fault.Unauthenticated, "token_malformed", "The access token is malformed. Sign in again.")
	errAlgorithm = fault.New(fault.Unauthenticated, "token_algorithm",
		"The access token is not signed with EdDSA. Sign in again.")
	errKey = fault.New(fault.Unauthenticated, "token_key",
		"The access token is signed with an unknown key. Sign in again.")
	errSignature = fault.New(fault.Unauthenticated, "token_signature",
		"The access token's signature is invalid. Sign in again.")
	errExpired = fault.New(fault.Unauthenticated, "token_expired", "The access token has expired. Refresh it.")
	errNotYet  = fault.New(fault.Unauthenticated, "token_not_yet_valid",
		"The access token is not valid yet: the clock of a server is wrong. Try again in a moment.")
	errAudience = fault.New(fault.Unauthenticated, "token_audience",
		"The access token is for another API. Sign in again.")
	errIssuer = fault.New(fault.Unauthenticated, "token_issuer",
		"Another installation issued the access token. Sign in here.")
	// errOrgMissing is for tokens that were issued before organisations existed (requirement T2).
	errOrgMissing = fault.New(fault.Unauthenticated, "token_org_missing",
		"The access token names no organisation. Refresh it to get one that does.")
)

// explain returns the reason why a token was refused. The order matters: the claims mean nothing before the signature
// is verified, and the signature means nothing before the algorithm is.
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
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued), errors.Is(err, jwt.ErrTokenNotValidYet):
		return errNotYet.Because(err)
	case !slices.Contains(c.Audience, audience):
		return errAudience.Because(err)
	case c.Issuer != t.config.Issuer:
		return errIssuer.Because(err)
	default: // no expiry
		return errMalformed.Because(err)
	}
}
