// Package usage counts what an organisation runs and may still run: its sessions by state, its quota, and whether a
// host has room. adapters/http sends it to clients that follow it.
package usage

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/quotas"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Usage is what one member may see of it, at one moment.
type Usage struct {
	// Sessions are those that have not ended: an admin's are the organisation's, another member's are their own.
	Sessions Counts
	Quota    quotas.Quota
	Room     bool // for another session, on a host that serves the organisation; false for a caller who is no admin
}

// Counts are numbers of sessions by state. A state without sessions is 0.
type Counts struct {
	Pending     int64 `json:"pending"`
	Starting    int64 `json:"starting"`
	Running     int64 `json:"running"`
	Terminating int64 `json:"terminating"`
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Usage reads everything in one statement.
	Usage(ctx context.Context) (Usage, error)
	// HasRoom reads whether a host that serves the organisation has room. The caller must be an admin.
	HasRoom(ctx context.Context) (bool, error)
}

// Service has the use cases of members. It is safe for concurrent use.
type Service struct{ read org.Reading[Queries] }

// NewService makes the service.
func NewService(read org.Reading[Queries]) *Service { return &Service{read} }

// Get returns what the caller may see.
func (s *Service) Get(ctx context.Context, who org.Scope) (Usage, error) {
	return s.read(who).Usage(ctx)
}

// HasRoom reports whether a host has room. Only admins see hosts; everyone else is told false.
func (s *Service) HasRoom(ctx context.Context, who org.Scope) (bool, error) {
	return s.read(who).HasRoom(ctx)
}
