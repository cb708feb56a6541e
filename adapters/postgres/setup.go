package postgres

import (
	"context"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// NewSetupCode implements setup.Codes.
func (o *Operator) NewSetupCode(ctx context.Context, operator string, hash secret.Hash, ends time.Time) error {
	return translate(o.q.NewSetupCode(ctx, operator, hash[:], ends))
}

// SetUp implements setup.Registry.
func (d Directory) SetUp(ctx context.Context, hash secret.Hash, owner identity.User, passwordHash string, id org.ID,
	o orgs.New) error {
	var namespace *string
	if o.Namespace != "" {
		namespace = &o.Namespace
	}
	err := d.q.SetUp(ctx, sysdb.SetUpParams{
		SecretHash: hash[:], UserID: owner.ID.UUID, Email: owner.Email, Name: owner.Name, PasswordHash: passwordHash,
		OrgID: id.UUID, Slug: o.Slug, OrgName: o.Name, Namespace: namespace,
		PerOrg: o.Sessions.PerOrg, PerUser: o.Sessions.PerUser,
	})
	return ofConstraint(err, map[string]*fault.Fault{"users_email_key": identity.ErrEmailTaken})
}
