package postgres

import (
	"context"
	"fmt"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
)

// Operator calls the functions of the platform's operators, which create organisations, users, templates and agents and
// read no organisation's content (docs/adr/0005-operators-act-by-functions-alone.md). It implements the Registry
// interfaces of orgs, identity, templates and agents. `serve` does not open one, so that a bug in it cannot act as an
// operator.
type Operator struct {
	pool *pool
	q    *sysdb.Queries
}

// OpenOperator connects as the operators' role. It makes the same checks as Open.
func OpenOperator(ctx context.Context, c Config) (*Operator, error) {
	p, err := openPool(ctx, c, roleOperator)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return &Operator{pool: p, q: sysdb.New(p)}, nil
}

// Close closes the connections.
func (o *Operator) Close() { o.pool.Close() }
