package sessions

import (
	"context"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// Quota is how many sessions may be active at the same time, and how many are. An active session counts until it has
// ended.
type Quota struct {
	PerOrg, PerUser       int64 // the limits, for the organisation and for each member
	UsedByOrg, UsedByUser int64 // by all, and by the caller
}

// Quota returns the quota of the caller's organisation.
func (s *Service) Quota(ctx context.Context, who org.Scope) (Quota, error) {
	return s.read(who).Quota(ctx)
}
