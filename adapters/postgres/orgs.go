package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// orgFaults maps the constraints that creating an organisation or adding a member can violate.
var orgFaults = map[string]*fault.Fault{
	"organizations_slug_key":      orgs.ErrSlugTaken,
	"organizations_namespace_key": orgs.ErrNamespaceTaken,
	"memberships_of_org":          orgs.ErrNotFound,
	"memberships_of_user":         identity.ErrUserNotFound,
}

// CreateOrg implements orgs.Registry.
func (o *Operator) CreateOrg(ctx context.Context, operator string, id org.ID, n orgs.New) error {
	var namespace *string
	if n.Namespace != "" {
		namespace = &n.Namespace
	}
	err := o.q.CreateOrg(ctx, sysdb.CreateOrgParams{
		Operator: operator, OrgID: id.UUID, Slug: n.Slug, Name: n.Name, Namespace: namespace, Owner: n.Owner.UUID,
		PerOrg: n.Sessions.PerOrg, PerUser: n.Sessions.PerUser,
	})
	return ofConstraint(err, orgFaults)
}

// OrgBySlug implements orgs.Registry.
func (o *Operator) OrgBySlug(ctx context.Context, slug string) (org.ID, error) {
	id, err := o.q.FindOrg(ctx, slug)
	return org.ID{UUID: id}, orNotFound(err, orgs.ErrNotFound)
}

// AddMember implements orgs.Registry.
func (o *Operator) AddMember(ctx context.Context, operator string, in org.ID, m orgs.Member) error {
	err := o.q.AddMember(ctx, sysdb.AddMemberParams{
		Operator: operator, OrgID: in.UUID, UserID: m.User.UUID, Role: string(m.Role),
	})
	return ofConstraint(err, orgFaults)
}
