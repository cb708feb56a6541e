// Package orgs has the use cases of the platform's operators who create organisations and add members. The operators'
// commands and `streamspace dev` call it; members never do.
//
// An operator acts on an organisation and never inside it: no method here reads or returns an organisation's content.
// Each action is written to that organisation's audit log with the operator's name, in the same transaction, so that
// its members can see what an operator did. The name is what the operator's command was given; it is not authenticated.
package orgs

import (
	"cmp"
	"context"
	"math"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// maxName bounds the name of an organisation and of an operator, in characters.
const maxName = 80

// New is an organisation to be created.
type New struct {
	Slug      string // a DNS label, unique; members name it when they sign in
	Name      string // for people; 1 to 80 characters
	Namespace string // where its sessions run; no other organisation has it. Empty: it cannot start sessions yet.
	Owner     org.UserID
	Sessions  Quota
}

// Member is a user who is added to an organisation.
type Member struct {
	User org.UserID
	Role org.Role
}

// Quota bounds how many sessions run at the same time, for the whole organisation and for each member. Both are at
// least 1 and at most 2^31-1, the database's integer.
type Quota struct{ PerOrg, PerUser int64 }

// Faults of this module.
var (
	ErrSlugTaken      = fault.New(fault.Conflict, "org_slug_taken", "There is an organisation with this slug.")
	ErrNamespaceTaken = fault.New(fault.Conflict, "namespace_taken", "Another organisation has this namespace.")
	ErrNotFound       = fault.New(fault.NotFound, "org_not_found", "There is no such organisation.")
)

// Registry is the port to the database. Each method calls one function, which also writes the audit entry.
type Registry interface {
	// CreateOrg writes an organisation with its owner, or returns ErrSlugTaken, ErrNamespaceTaken or
	// identity.ErrUserNotFound.
	CreateOrg(ctx context.Context, operator string, id org.ID, o New) error
	// AddMember adds a user to an organisation. A user who is a member already keeps their role. It returns ErrNotFound
	// or identity.ErrUserNotFound.
	AddMember(ctx context.Context, operator string, in org.ID, m Member) error
	// OrgBySlug returns the organisation's id, or ErrNotFound.
	OrgBySlug(ctx context.Context, slug string) (org.ID, error)
}

// Service has the operators' use cases.
type Service struct{ registry Registry }

// NewService makes the service.
func NewService(r Registry) *Service { return &Service{registry: r} }

// Create creates an organisation and returns its id. Its owner is its first member. It returns ErrSlugTaken,
// ErrNamespaceTaken, identity.ErrUserNotFound, or an Invalid fault that names the field.
func (s *Service) Create(ctx context.Context, operator string, o New) (org.ID, error) {
	if err := cmp.Or(checkOperator(operator), o.check()); err != nil {
		return org.ID{}, err
	}
	id := org.ID{UUID: uuid.Must(uuid.NewV7())}
	return id, s.registry.CreateOrg(ctx, operator, id, o)
}

// AddMember adds a user to an organisation. A user who is a member already keeps their role, so that it can be
// repeated. It returns ErrNotFound, identity.ErrUserNotFound, or an Invalid fault.
func (s *Service) AddMember(ctx context.Context, operator string, in org.ID, m Member) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	if _, err := org.ParseRole(string(m.Role)); err != nil {
		return input.Invalid("role", "must be one of %v", org.Roles())
	}
	return s.registry.AddMember(ctx, operator, in, m)
}

// BySlug returns the id of an organisation, or ErrNotFound.
func (s *Service) BySlug(ctx context.Context, slug string) (org.ID, error) {
	return s.registry.OrgBySlug(ctx, slug)
}

// check reports the first invalid field. The database has the same limits as constraints; here they get a message.
func (o New) check() error {
	var namespace, owner error
	if o.Namespace != "" {
		namespace = input.Label("namespace", o.Namespace)
	}
	if o.Owner == (org.UserID{}) {
		owner = input.Invalid("owner", "must be a user: an organisation keeps at least one owner")
	}
	return cmp.Or(
		input.Label("slug", o.Slug), input.Text("name", o.Name, 1, maxName), namespace, owner,
		input.Number("sessions_per_org", o.Sessions.PerOrg, 1, math.MaxInt32),
		input.Number("sessions_per_user", o.Sessions.PerUser, 1, math.MaxInt32),
	)
}

func checkOperator(name string) error { return input.Text("operator", name, 1, maxName) }
