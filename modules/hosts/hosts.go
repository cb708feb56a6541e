// Package hosts shows an organisation's admins which hosts run its desktops. adapters/http calls Service. A host is an
// agent that serves the organisation; operators enrol agents and see their load (modules/agents).
package hosts

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// ID names a host, which is an agent.
type ID struct{ uuid.UUID }

// Host is a host as an organisation's admins see it. It has no number of slots and nothing of other organisations'
// sessions.
type Host struct {
	ID        ID
	Name      string
	Version   string    // of its program; empty: it does not say
	Connected bool      // heard of within the last 30 seconds
	Seen      time.Time // the last contact; zero: none yet
	Room      bool      // for another session
	Sessions  int64     // of the organisation, that have not ended
	// UnenforcedLimits are the limits of sessions that the host's kernel does not enforce; nil: it does not say.
	UnenforcedLimits []string
}

var (
	// ErrNotFound is the fault of an id of no host that serves the organisation.
	ErrNotFound = fault.New(fault.NotFound, "host_not_found", "There is no such host.").AsMiss()
	// Resource is what refusals are about.
	Resource = audit.Resource{Name: "host", NotFound: ErrNotFound}
)

// Tx is what a refusal may read and write.
type Tx interface {
	// AgentIsForeign reports whether there is an agent with this id that does not serve the organisation.
	AgentIsForeign(ctx context.Context, id uuid.UUID) (bool, error)
	audit.Tx
}

// Queries has the reads of this module's use cases, each in one round trip.
type Queries interface {
	// Hosts lists the hosts in the order of their ids: at most n, after the given one.
	Hosts(ctx context.Context, after uuid.UUID, n int) ([]Host, error)
	// HostByID returns ErrNotFound for an id of no host of the organisation.
	HostByID(ctx context.Context, id ID) (Host, error)
}

// Service has the use cases of admins. It is safe for concurrent use.
type Service struct {
	read     org.Reading[Queries]
	refusals *audit.Refusals[Tx]
}

// NewService makes the service.
func NewService(inOrg org.Scoped[Tx], read org.Reading[Queries], c audit.Counter) *Service {
	return &Service{read: read, refusals: audit.NewRefusals(Resource, inOrg, Tx.AgentIsForeign, c)}
}

// List returns a page of the hosts that serve the organisation, in the order of their enrolment.
func (s *Service) List(ctx context.Context, who org.Scope, r page.Request) (page.Page[Host], error) {
	all, err := s.read(who).Hosts(ctx, r.After.ID, r.Size()+1)
	return page.Cut(all, r.Size(), func(h Host) page.Cursor { return page.Cursor{ID: h.ID.UUID} }), err
}

// Get returns one host. It returns ErrNotFound, or audit.ErrOtherOrg for a host that serves only others.
func (s *Service) Get(ctx context.Context, who org.Scope, id ID) (Host, error) {
	h, err := s.read(who).HostByID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Host{}, s.refusals.Missing(ctx, who, id.UUID)
	}
	return h, err
}
