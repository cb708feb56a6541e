// Package orgs is how the platform's operators make organisations and their first members. An operator acts on an
// organisation, never inside it; what they do is audited there.
package orgs

import (
	"context"
	"fmt"
	"regexp"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// New is an organisation to be made.
type New struct {
	Slug      string
	Name      string
	Namespace string // its own, in which its sessions run; empty: it has none yet and starts no session
	Owner     org.UserID
	Sessions  Quota
}

// Member is someone who is to belong to an organisation.
type Member struct {
	User org.UserID
	Role org.Role
}

// Quota bounds what runs at once; both are at least 1.
type Quota struct{ PerOrg, PerUser int64 }

// Registry is where organisations are written. Each method is one function of the database, which audits the operator.
type Registry interface {
	// CreateOrg returns a Conflict fault "org_slug_taken".
	CreateOrg(ctx context.Context, operator string, id org.ID, o New) error
	// AddMember ties a user to an organisation. Someone who is a member already keeps their role.
	AddMember(ctx context.Context, operator string, in org.ID, m Member) error
	// OrgBySlug returns the organisation's id, or a NotFound fault "org_not_found".
	OrgBySlug(ctx context.Context, slug string) (org.ID, error)
}

// slugs are DNS labels (RFC 1123), so that a slug can be a host name or a Kubernetes namespace's end.
var slugs = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Service is the operators' use cases.
type Service struct {
	registry Registry
	users    identity.Registry
	hash     func(ctx context.Context, password string) (string, error)
}

var errInvalidSlug = fault.New(fault.Invalid, "invalid_slug",
	"slug must be 1 to 63 lower case letters, digits and dashes, and neither begin nor end with a dash.").
	With("field", "slug")

// NewService makes the service; hash turns a password into what is stored of it.
func NewService(r Registry, u identity.Registry, hash func(context.Context, string) (string, error)) *Service {
	return &Service{registry: r, users: u, hash: hash}
}

// Create makes an organisation and returns its id. Its owner is its first member.
func (s *Service) Create(ctx context.Context, operator string, o New) (org.ID, error) {
	if !slugs.MatchString(o.Slug) {
		return org.ID{}, errInvalidSlug
	}
	id := org.ID{UUID: uuid.Must(uuid.NewV7())}
	if err := s.registry.CreateOrg(ctx, operator, id, o); err != nil {
		return org.ID{}, fmt.Errorf("create organisation %s: %w", o.Slug, err)
	}
	return id, nil
}

// SetPassword gives a user another password.
func (s *Service) SetPassword(ctx context.Context, user org.UserID, password string) error {
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.users.SetPassword(ctx, user, hash)
}

// AddUser makes a user and returns their id.
func (s *Service) AddUser(ctx context.Context, email, name, password string) (org.UserID, error) {
	hash, err := s.hash(ctx, password)
	if err != nil {
		return org.UserID{}, err
	}
	u := identity.User{ID: org.UserID{UUID: uuid.Must(uuid.NewV7())}, Email: identity.NormalEmail(email), Name: name}
	return u.ID, s.users.CreateUser(ctx, u, hash)
}
