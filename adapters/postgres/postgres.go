// Package postgres keeps what the modules know in PostgreSQL, whose row-level security keeps the organisations apart.
//
// There is a role, and a pool, for each kind of work, and none of the pools leaves this package: an organisation's
// rows are reached only inside a scope that was entered by rls.enter or its like, and what knows no organisation
// calls functions.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/db/policy"
)

// Config says where the database is and how much of it to use.
type Config struct {
	// URL is the database's address. It names no user: each kind of work has its own.
	URL string
	// Passwords is a folder with a file per role, named after it. Empty: the server knows the roles otherwise (peer, a
	// certificate).
	Passwords string
	// Connections bounds the pool of members' requests; the others have a quarter of it, 2 to 4. With the default of 16
	// two replicas fit PostgreSQL's default of 100 connections while a third starts. Zero means 16.
	Connections int
	Log         *slog.Logger
}

const (
	defaultConnections = 16
	// share is the part of a pool that one organisation may hold, one connection at least: another's requests find one
	// whatever it does.
	share = 8
)

// The roles, by the work they do; db/roles.sql has them all.
const (
	roleApp      = "streamspace_app"
	roleLogin    = "streamspace_login"
	roleAgent    = "streamspace_agent"
	roleSystem   = "streamspace_system"
	roleOperator = "streamspace_operator"
	roleMigrator = "streamspace_migrator"
)

func (c Config) size(role string) int32 {
	n := c.Connections
	if n <= 0 {
		n = defaultConnections
	}
	if role == roleApp {
		return int32(n)
	}
	return int32(min(max(n/4, 2), 4))
}

// DB is the database as the control plane uses it.
type DB struct {
	app, login, agent, system *pool
	appShares, systemShares   *shares
}

// Open connects every role and checks its posture: a role that is superuser, bypasses row-level security, owns or is
// a member of anything, or a table whose policies are not forced, refuses the start, and the error lists all that is
// wrong.
func Open(ctx context.Context, c Config) (*DB, error) {
	d := &DB{}
	var errs []error
	for role, at := range map[string]**pool{
		roleApp: &d.app, roleLogin: &d.login, roleAgent: &d.agent, roleSystem: &d.system,
	} {
		p, err := openPool(ctx, c, role)
		*at = p
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		d.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	d.appShares = newShares(d.app.size / share)
	d.systemShares = newShares(d.system.size / share)
	return d, nil
}

// Close waits for what runs and closes every connection.
func (d *DB) Close() {
	for _, p := range []*pool{d.app, d.login, d.agent, d.system} {
		if p != nil {
			p.Close()
		}
	}
}

// Ping tells whether members' requests can be answered: it asks for a connection of their role.
func (d *DB) Ping(ctx context.Context) error { return d.app.Ping(ctx) }

// Violations lists what of the database's catalogue breaks a rule or differs from what was reviewed.
func (d *DB) Violations(ctx context.Context) ([]policy.Violation, error) {
	conn, err := d.app.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return policy.Violations(ctx, conn)
}

// PoolStat is how one pool stands.
type PoolStat struct {
	Role string
	*pgxpool.Stat
}

// Stats tells how the pools stand.
func (d *DB) Stats() []PoolStat {
	var all []PoolStat
	for _, p := range []*pool{d.app, d.login, d.agent, d.system} {
		all = append(all, PoolStat{Role: p.role, Stat: p.Stat()})
	}
	return all
}
