package postgres

import (
	"context"
	"encoding/json"
	"fmt"

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
	"memberships_pkey":            identity.ErrIsMember,
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

// SuspendOrg implements orgs.Registry.
func (o *Operator) SuspendOrg(ctx context.Context, operator string, in org.ID, suspend bool) error {
	return translate(o.q.SuspendOrg(ctx, operator, in.UUID, suspend))
}

// SetLimits implements orgs.Registry.
func (o *Operator) SetLimits(ctx context.Context, operator string, in org.ID, to []orgs.Limit) error {
	limits, err := json.Marshal(to)
	if err != nil {
		return fmt.Errorf("write limits: %w", err)
	}
	return translate(o.q.SetLimits(ctx, operator, in.UUID, limits))
}

// MakeOwner implements orgs.Registry.
func (o *Operator) MakeOwner(ctx context.Context, operator string, in org.ID, user org.UserID) error {
	return ofConstraint(o.q.MakeOwner(ctx, operator, in.UUID, user.UUID), orgFaults)
}

// GrantAccess implements orgs.Registry.
func (o *Operator) GrantAccess(ctx context.Context, operator string, in org.ID, g orgs.Grant) error {
	return ofConstraint(o.q.GrantAccess(ctx, sysdb.GrantAccessParams{
		Operator: operator, OrgID: in.UUID, UserID: g.User.UUID, Role: string(g.Role), Reason: g.Reason, EndsAt: g.Ends,
	}), orgFaults)
}

// EndAccess implements orgs.Registry.
func (o *Operator) EndAccess(ctx context.Context, operator string, in org.ID, user org.UserID) error {
	return translate(o.q.EndAccess(ctx, operator, in.UUID, user.UUID))
}

// Orgs implements orgs.Registry.
func (o *Operator) Orgs(ctx context.Context, after string, n int) ([]orgs.Org, error) {
	rows, err := o.q.ListOrgs(ctx, after, int32(n))
	out := make([]orgs.Org, len(rows))
	for i, r := range rows {
		out[i] = orgs.Org{
			ID: org.ID{UUID: r.ID}, Slug: r.Slug, Name: r.Name, Namespace: r.Namespace, Suspended: r.Suspended,
			Created: r.CreatedAt,
		}
	}
	return out, translate(err)
}

// OperatorLog implements orgs.Registry.
func (o *Operator) OperatorLog(ctx context.Context, after int64, n int) ([]orgs.Entry, error) {
	rows, err := o.q.OperatorLog(ctx, after, int32(n))
	out := make([]orgs.Entry, len(rows))
	for i, r := range rows {
		out[i] = orgs.Entry{Seq: r.Seq, At: r.At, Operator: r.Operator, Action: r.Action, Subject: r.Subject}
	}
	return out, translate(err)
}
