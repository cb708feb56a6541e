package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// CreateOrg implements orgs.Registry.
func (o *Operator) CreateOrg(ctx context.Context, operator string, id org.ID, n orgs.New) error {
	var namespace *string
	if n.Namespace != "" {
		namespace = &n.Namespace
	}
	return named(o.q.CreateOrg(ctx, sysdb.CreateOrgParams{
		Operator: operator, OrgID: id.UUID, Slug: n.Slug, Name: n.Name, Namespace: namespace, Owner: n.Owner.UUID,
		PerOrg: n.Sessions.PerOrg, PerUser: n.Sessions.PerUser,
	}))
}

// OrgBySlug implements orgs.Registry.
func (o *Operator) OrgBySlug(ctx context.Context, slug string) (org.ID, error) {
	id, err := o.q.FindOrg(ctx, slug)
	missing := fault.New(fault.NotFound, "org_not_found", "there is no organisation %s", slug)
	return org.ID{UUID: id}, orNotFound(err, missing)
}

// AddMember implements orgs.Registry.
func (o *Operator) AddMember(ctx context.Context, operator string, in org.ID, m orgs.Member) error {
	return translate(o.q.AddMember(ctx, sysdb.AddMemberParams{
		Operator: operator, OrgID: in.UUID, UserID: m.User.UUID, Role: string(m.Role),
	}))
}
