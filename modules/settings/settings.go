// Package settings has what an organisation's admins decide for all of its members. adapters/http calls Service.
package settings

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Settings are an organisation's own.
type Settings struct {
	MaxKeyDays int // how long an API key may last, in days: 1 to 730. Keys that exist keep their end.
}

// Tx is everything that a change of the settings may write.
type Tx interface {
	// SetSettings writes the settings. The caller must be an admin.
	SetSettings(ctx context.Context, s Settings) error
	audit.Tx
	events.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Settings reads the settings.
	Settings(ctx context.Context) (Settings, error)
}

// Service has the use cases of members and admins. It is safe for concurrent use.
type Service struct {
	inOrg org.Scoped[Tx]
	read  org.Reading[Queries]
}

// NewService makes the service.
func NewService(inOrg org.Scoped[Tx], read org.Reading[Queries]) *Service {
	return &Service{inOrg, read}
}

// Get returns the settings of the caller's organisation.
func (s *Service) Get(ctx context.Context, who org.Scope) (Settings, error) {
	return s.read(who).Settings(ctx)
}

// Set replaces the settings. It returns an Invalid fault that names the field.
func (s *Service) Set(ctx context.Context, who org.Scope, to Settings) error {
	if err := input.Number("max_key_days", int64(to.MaxKeyDays), 1, 730); err != nil {
		return err
	}
	return s.inOrg(ctx, who, func(tx Tx) error {
		if err := audit.Record(ctx, tx, "settings.update", who.Org()); err != nil {
			return err
		}
		if err := tx.SetSettings(ctx, to); err != nil {
			return err
		}
		return events.Append(ctx, tx, updated.About(events.Subject{ID: who.Org().UUID}, Values(to)))
	})
}
