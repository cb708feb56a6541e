// Package usage counts what an organisation runs at the moment, and says whether a host has room for more.
// adapters/http sends it to clients that follow it, with the quotas (modules/quotas).
package usage

import (
	"context"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// Counts are the sessions that have not ended, by state: an admin's are the organisation's, another member's are their
// own. A state without sessions is 0.
type Counts struct {
	Pending     int64 `json:"pending"`
	Starting    int64 `json:"starting"`
	Running     int64 `json:"running"`
	Terminating int64 `json:"terminating"`
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Usage counts the sessions.
	Usage(ctx context.Context) (Counts, error)
	// HasRoom reads whether a host that serves the organisation has room.
	HasRoom(ctx context.Context) (bool, error)
}

// Service has the use cases of members. It is safe for concurrent use.
type Service struct{ read org.Reading[Queries] }

// NewService makes the service.
func NewService(read org.Reading[Queries]) *Service { return &Service{read} }

// Get counts the sessions of the caller's organisation that they may see.
func (s *Service) Get(ctx context.Context, who org.Scope) (Counts, error) {
	return s.read(who).Usage(ctx)
}

// HasRoom reports whether a host has room. Only who may read hosts is told.
func (s *Service) HasRoom(ctx context.Context, who org.Scope) (bool, error) {
	return s.read(who).HasRoom(ctx)
}
