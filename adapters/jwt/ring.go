package jwt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// Keys are the keys of the tokens: one signs, and all of them verify.
type Keys struct {
	Signing ed25519.PrivateKey
	// Verifying are the further keys that verify: the key that signs next, and those that signed before. None: nil.
	Verifying []ed25519.PublicKey
}

// ring is a set of keys that is in use. It does not change; a rotation puts another one in its place.
type ring struct {
	signing ed25519.PrivateKey
	keyID   string                       // of the key that signs
	public  map[string]ed25519.PublicKey // by their ids
	jwks    []byte
	version uint64 // counts the rings of a process
}

func newRing(k Keys) (*ring, error) {
	if len(k.Signing) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("the signing key has %d bytes, want %d", len(k.Signing), ed25519.PrivateKeySize)
	}
	r := &ring{signing: k.Signing, public: map[string]ed25519.PublicKey{}}
	for _, public := range append([]ed25519.PublicKey{k.Signing.Public().(ed25519.PublicKey)}, k.Verifying...) {
		if len(public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("a verifying key has %d bytes, not %d", len(public), ed25519.PublicKeySize)
		}
		id := thumbprint(public)
		r.public[id] = public
		if r.keyID == "" {
			r.keyID = id
		}
	}
	var err error
	r.jwks, err = keySet(r.public)
	return r, err
}

// same tells whether two rings sign and verify with the same keys.
func (r *ring) same(other *ring) bool {
	return r.keyID == other.keyID && string(r.jwks) == string(other.jwks)
}

func (r *ring) keyOf(token *jwt.Token) (any, error) {
	id, _ := token.Header["kid"].(string)
	public, ok := r.public[id]
	if !ok {
		return nil, errKey
	}
	return public, nil
}

// keyIDs are the ids of all keys, in order.
func (r *ring) keyIDs() []string { return slices.Sorted(maps.Keys(r.public)) }

// thumbprint returns the key's RFC 7638 thumbprint, so that every server uses the same id for the same key.
func thumbprint(public ed25519.PublicKey) string {
	// The members that RFC 8037 requires, in lexicographic order and without spaces, are what is hashed.
	b := fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":"%s"}`, base64.RawURLEncoding.EncodeToString(public))
	sum := sha256.Sum256([]byte(b))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// keySet is the set of public keys (RFC 7517), ordered by id.
func keySet(public map[string]ed25519.PublicKey) ([]byte, error) {
	var set jwkset.JWKSMarshal
	for _, id := range slices.Sorted(maps.Keys(public)) {
		key, err := jwkset.NewJWKFromKey(public[id], jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.AlgEdDSA, KID: id, USE: jwkset.UseSig},
		})
		if err != nil {
			return nil, fmt.Errorf("describe the key %s: %w", id, err)
		}
		set.Keys = append(set.Keys, key.Marshal())
	}
	return json.Marshal(set)
}
