package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/ports/fault"
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
