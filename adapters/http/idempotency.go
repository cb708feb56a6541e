package http

import (
	"github.com/streamspace-dev/streamspace/ports/idempotency"
)

// keyOf reads the Idempotency-Key of a request that creates something. The fingerprint covers what the validated body
// says, so that spaces and the order of its members do not make it another request.
func keyOf(header *string, operation string, body any) (*idempotency.Key, error) {
	if header == nil {
		return nil, nil
	}
	return idempotency.New(*header, operation, body)
}

// replayed is the header that tells a client that the response shows what an earlier request has created.
func replayed(k *idempotency.Key) *bool { return optional(k.Replayed()) }
