package postgres

import (
	"context"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/setup"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// NewSetupCode implements setup.Codes.
func (o *Operator) NewSetupCode(ctx context.Context, operator string, hash secret.Hash, ends time.Time) error {
	return translate(o.q.NewSetupCode(ctx, operator, hash[:], ends))
}

// SetUp implements setup.Registry for the page.
func (d Directory) SetUp(ctx context.Context, code secret.Hash, m setup.Made) error {
	return setUp(ctx, d.q, code, m)
}

// SetUp implements setup.Registry for the operators' command.
func (o *Operator) SetUp(ctx context.Context, code secret.Hash, m setup.Made) error {
	return setUp(ctx, o.q, code, m)
}

func setUp(ctx context.Context, q *sysdb.Queries, code secret.Hash, m setup.Made) error {
	var namespace *string
	if m.Org.Namespace != "" {
		namespace = &m.Org.Namespace
	}
	err := q.SetUp(ctx, sysdb.SetUpParams{
		SecretHash: code[:], UserID: m.Owner.ID.UUID, Email: m.Owner.Email, Name: m.Owner.Name,
		PasswordHash: m.PasswordHash, OrgID: m.ID.UUID, Slug: m.Org.Slug, OrgName: m.Org.Name, Namespace: namespace,
		PerOrg: m.Org.Sessions.PerOrg, PerUser: m.Org.Sessions.PerUser,
	})
	return ofConstraint(err, map[string]*fault.Fault{"users_email_key": identity.ErrEmailTaken})
}
