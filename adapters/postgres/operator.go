package postgres

import (
	"context"
	"fmt"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
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
