// Package postgres implements the modules' ports with PostgreSQL. Row-level security keeps the organisations apart,
// and this package makes sure that no query runs without it. app/server opens one DB; the operators' commands open an
// Operator.
//
// # How code reaches rows
//
// Each kind of work has its own database role and its own pool of connections, and no pool is visible outside this
// package.
//
//	org.Scoped     a member's transaction: rls.enter, then the statements        scope.go, tx.go
//	org.Reading    one query of a member and rls.enter, in one round trip        reading.go
//	org.AsService  background work in one organisation: rls.enter_service        scope.go
//	InReport       an agent's report on one session: rls.enter_report            scope.go
//	functions      signing in, agents, operators: no organisation, no table      identity.go, agents.go, operator.go
//
// The queries are in sql/ and name no organisation; sqlc generates internal/orgdb (inside an organisation) and
// internal/sysdb (functions). This package contains no SQL that is built from parts, which tools/codelint checks.
//
// # Guarantees
//
//   - Open returns an error if a role or a table could let one organisation read another (posture.sql). Each new
//     connection is checked again.
//   - A transaction is rolled back if its function returns an error or panics. It is run again, up to five times in
//     all, if it lost a race (serialization failure, deadlock). So the function must act on nothing but the
//     transaction.
//   - A write that returns nothing is queued and sent with the next query or the commit. Its error appears there.
//   - One organisation holds at most an eighth of a pool, and at least one connection. A request waits at most three
//     seconds for a connection, and then gets fault.ErrBusy.
//   - Errors that the database raises on purpose become faults of the modules (fault.go). All others stay internal.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/db/policy"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Config says where the database is and how many connections to use.
type Config struct {
	// URL is the database's address. It must not name a user or a password: each kind of work has its own role.
	URL string
	// ListenURL is the address of the server itself, for the connection that Listen opens. Empty: URL.
	ListenURL string
	// Passwords is a folder with one file for each role, named after it. Empty: the server authenticates the roles in
	// another way, such as peer or certificates.
	Passwords string
	// Connections is the size of the pool for members' requests. The pools of the other roles have a quarter of it, at
	// least 2 and at most 4. Three more connections are for open desktops, for the event log and to listen. With the
	// default of 16, one process has 31. Zero means 16.
	Connections int
	// Committed is called after each committed transaction that has written something in an organisation. It must not
	// block. Nil: no one is told.
	Committed func(org.ID)
	Log       *slog.Logger
}

const (
	defaultConnections = 16
	// share is the divisor of a pool that gives one organisation's part, which is at least one connection. So a busy
	// organisation leaves connections to the others. With an eighth, a neighbour of 64 writers waits 1.5 to 1.9 times as
	// long as alone, and with a quarter 3.4 to 4 times (docs/performance.md).
	share = 8
	// looks is the size of each of the two pools for what is open: one of the app role, by which a desktop asks whether
	// its user still may see it, and one of the system role, by which the event log is read. A look takes a fraction of a
	// millisecond, and one that fails is repeated.
	looks = 1
)

// The roles that this package connects as. db/roles.sql creates them and says what each may do.
const (
	roleApp      = "streamspace_app"
	roleLogin    = "streamspace_login"
	roleAgent    = "streamspace_agent"
	roleSystem   = "streamspace_system"
	roleOperator = "streamspace_operator"
	roleMigrator = "streamspace_migrator"
)

// size is the number of connections in the pool of a role.
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

// DB is the database of a control plane. It is safe for concurrent use.
type DB struct {
	app, login, agent, system *pool
	// looks is a second pool of the app role, for open desktops: requests that wait for locks do not hold it.
	looks *pool
	// feed is a second pool of the system role, for the event log: background work that waits for locks does not hold it.
	feed                                            *pool
	appShares, lookShares, feedShares, systemShares *shares
	committed                                       func(org.ID)
	config                                          Config
}

// Open connects as every role and checks the posture of each. It fails if a role is a superuser, bypasses row-level
// security, owns something or is a member of another role, if a table does not force its policies, or if migrations are
// missing. The error lists all problems.
func Open(ctx context.Context, c Config) (*DB, error) {
	d := &DB{committed: c.Committed, config: c}
	var errs []error
	for role, at := range map[string]**pool{
		roleApp: &d.app, roleLogin: &d.login, roleAgent: &d.agent, roleSystem: &d.system,
	} {
		p, err := openPool(ctx, c, role)
		*at = p
		errs = append(errs, err)
	}
	for role, at := range map[string]**pool{roleApp: &d.looks, roleSystem: &d.feed} {
		p, err := openSized(ctx, c, role, looks)
		*at = p
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		d.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	d.lookShares, d.feedShares = newShares(looks), newShares(looks)
	d.appShares = newShares(d.app.size / share)
	d.systemShares = newShares(d.system.size / share)
	return d, nil
}

// Close waits until all connections are released, and closes them.
func (d *DB) Close() {
	for _, p := range []*pool{d.app, d.looks, d.feed, d.login, d.agent, d.system} {
		if p != nil {
			p.Close()
		}
	}
}

// Ping returns nil if the database responds on a connection of the members' role. It is the readiness check.
func (d *DB) Ping(ctx context.Context) error { return d.app.Ping(ctx) }

// Violations lists findings in the database's catalogue: broken rules, and differences from the reviewed manifest.
func (d *DB) Violations(ctx context.Context) ([]policy.Violation, error) {
	conn, err := d.app.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return policy.Violations(ctx, conn)
}

// PoolStat has the statistics of one role's pool.
type PoolStat struct {
	Role string // or "looks", a second pool of the app role, or "feed", one of the system role
	*pgxpool.Stat
}

// Stats returns the statistics of all pools.
func (d *DB) Stats() []PoolStat {
	var all []PoolStat
	for _, p := range []*pool{d.app, d.login, d.agent, d.system} {
		all = append(all, PoolStat{Role: p.role, Stat: p.Stat()})
	}
	return append(all, PoolStat{Role: "looks", Stat: d.looks.Stat()}, PoolStat{Role: "feed", Stat: d.feed.Stat()})
}
