package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Operator is the platform's side: it makes organisations, users and agents, and reads no organisation's content. It
// implements the Registry of orgs, identity, templates and agents. A server that only serves does not open one.
type Operator struct {
	pool *pool
	q    *sysdb.Queries
}

// OpenOperator connects as the operator's role.
func OpenOperator(ctx context.Context, c Config) (*Operator, error) {
	p, err := openPool(ctx, c, roleOperator)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return &Operator{pool: p, q: sysdb.New(p)}, nil
}

// Close closes its connections.
func (o *Operator) Close() { o.pool.Close() }

// taken are the unique constraints that an operator's choice of a name can meet.
var taken = map[string]*fault.Fault{
	"users_email_key":             errEmailTaken,
	"organizations_slug_key":      errSlugTaken,
	"organizations_namespace_key": errNamespaceTaken,
	"agents_name_key":             errAgentNameTaken,
}

// Faults of the operator's choices.
var (
	errEmailTaken     = fault.New(fault.Conflict, "email_taken", "There is a user with this email address.")
	errSlugTaken      = fault.New(fault.Conflict, "org_slug_taken", "There is an organisation with this slug.")
	errNamespaceTaken = fault.New(fault.Conflict, "namespace_taken", "Another organisation has this namespace.")
	errAgentNameTaken = fault.New(fault.Conflict, "agent_name_taken", "There is an agent with this name.")
	errNoUser         = fault.New(fault.NotFound, "user_not_found", "There is no such user.")
	errNoOrg          = fault.New(fault.NotFound, "org_not_found", "There is no such organisation.")
)

func named(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && taken[pg.ConstraintName] != nil {
		return taken[pg.ConstraintName].Because(err)
	}
	return translate(err)
}

// CreateUser implements identity.Registry.
func (o *Operator) CreateUser(ctx context.Context, u identity.User, passwordHash string) error {
	return named(o.q.CreateUser(ctx, sysdb.CreateUserParams{
		UserID: u.ID.UUID, Email: u.Email, Name: u.Name, PasswordHash: passwordHash,
	}))
}

// SetPassword implements identity.Registry.
func (o *Operator) SetPassword(ctx context.Context, u org.UserID, passwordHash string) error {
	return translate(o.q.SetPassword(ctx, u.UUID, passwordHash))
}

// UserIDByEmail implements identity.Registry.
func (o *Operator) UserIDByEmail(ctx context.Context, email string) (org.UserID, error) {
	id, err := o.q.FindUser(ctx, email)
	return org.UserID{UUID: id}, found(err, errNoUser.Saying("There is no user %s.", email))
}

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
	return org.ID{UUID: id}, found(err, errNoOrg.Saying("There is no organisation %s.", slug))
}

// AddMember implements orgs.Registry.
func (o *Operator) AddMember(ctx context.Context, operator string, in org.ID, m orgs.Member) error {
	return translate(o.q.AddMember(ctx, sysdb.AddMemberParams{
		Operator: operator, OrgID: in.UUID, UserID: m.User.UUID, Role: string(m.Role),
	}))
}

// AddTemplate implements templates.Registry.
func (o *Operator) AddTemplate(ctx context.Context, operator string, in org.ID, t templates.Template) error {
	spec, err := json.Marshal(t.Spec)
	if err != nil {
		return fmt.Errorf("encode the spec of template %s: %w", t.Name, err)
	}
	return translate(o.q.AddTemplate(ctx, sysdb.AddTemplateParams{
		Operator: operator, OrgID: in.UUID, TemplateID: t.ID.UUID, Name: t.Name, Title: t.Title,
		Description: t.Description, Spec: spec,
	}))
}

// PublishTemplate implements templates.Registry.
func (o *Operator) PublishTemplate(ctx context.Context, t templates.Template) error {
	spec, err := json.Marshal(t.Spec)
	if err != nil {
		return fmt.Errorf("encode the spec of template %s: %w", t.Name, err)
	}
	return translate(o.q.PublishTemplate(ctx, sysdb.PublishTemplateParams{
		TemplateID: t.ID.UUID, Name: t.Name, Title: t.Title, Description: t.Description, Spec: spec,
	}))
}

// EnrolAgent implements agents.Registry.
func (o *Operator) EnrolAgent(ctx context.Context, id agents.ID, name string, hash secret.Hash) error {
	return named(o.q.EnrolAgent(ctx, id.UUID, name, hash[:]))
}

// ServeOrg implements agents.Registry.
func (o *Operator) ServeOrg(ctx context.Context, operator string, agent agents.ID, in org.ID) error {
	return translate(o.q.ServeOrg(ctx, operator, agent.UUID, in.UUID))
}
