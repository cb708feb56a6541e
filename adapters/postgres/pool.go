package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/rules"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

const (
	// connectTimeout bounds one attempt to connect.
	connectTimeout = 5 * time.Second
	// cancelTimeout is how long a statement may take to end after it was cancelled. After that its connection is closed.
	cancelTimeout = time.Second
)

// pool has the connections of one role.
type pool struct {
	*pgxpool.Pool
	role string
	size int
}

// openPool makes a pool and connects once, so that a wrong password, a bad posture or a missing migration shows at
// once.
func openPool(ctx context.Context, c Config, role string) (*pool, error) {
	return openSized(ctx, c, role, c.size(role))
}

// openSized is openPool with another number of connections.
func openSized(ctx context.Context, c Config, role string, size int32) (*pool, error) {
	config, err := poolConfig(c, role)
	if err != nil {
		return nil, err
	}
	config.MaxConns = size
	p, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("make the pool of %s: %w", role, err)
	}
	out := &pool{Pool: p, role: role, size: int(config.MaxConns)}
	if err := out.checkVersion(ctx); err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	return out, nil
}

// connect opens a connection outside the pool, for work that sets parameters: the pool would close it. A check of the
// catalogue does, every few minutes.
func (p *pool) connect(ctx context.Context) (*pgx.Conn, error) {
	return connectAlone(ctx, p.Config(), p.role)
}

// connectAlone opens a connection with a pool's configuration, outside of any pool.
func connectAlone(ctx context.Context, config *pgxpool.Config, role string) (*pgx.Conn, error) {
	config.ConnConfig.Tracer = nil
	if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connect as %s: %w", role, err)
	}
	return conn, nil
}

// Query runs a statement outside of any organisation. The login, agent and system roles can only call functions there.
// It waits for a connection at most acquireTimeout.
func (p *pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	wait, cancel := context.WithTimeoutCause(ctx, acquireTimeout, fault.ErrBusy)
	defer cancel()
	conn, err := p.Acquire(wait)
	if err != nil {
		return nil, acquireError(ctx, err)
	}
	return sendAlone(ctx, conn.Conn(), []statement{{sql, args}}, conn.Release) //nolint:sqlclosecheck // by the caller
}

// Exec is Query for a statement whose rows no one reads.
func (p *pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	rows, err := p.Query(ctx, sql, args...)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	rows.Close()
	return rows.CommandTag(), rows.Err()
}

// QueryRow is Query for one row.
func (p *pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

// poolConfig returns the settings of a role's pool. Connections live for about an hour, at different times, so that a
// changed DNS entry or a restarted pooler is noticed, and not all reconnect at once.
func poolConfig(c Config, role string) (*pgxpool.Config, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errURL
	}
	config.ConnConfig.User = role
	config.ConnConfig.Password = ""
	config.MaxConns = c.size(role)
	config.MaxConnLifetime = time.Hour
	config.MaxConnLifetimeJitter = 10 * time.Minute
	config.MaxConnIdleTime = 10 * time.Minute
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "streamspace"
	// By default pgx closes the connection of a cancelled statement. Clients that disconnect often would then make the
	// pool reconnect all the time. So a cancel request is sent, and the connection is kept.
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelTimeout}
	}
	// The password is read for each new connection, so that a changed one works without a restart.
	config.BeforeConnect = func(_ context.Context, cc *pgx.ConnConfig) (err error) {
		cc.Password, err = ReadPassword(c.Passwords, cc.User)
		return err
	}
	left := &residue{log: c.Log}
	config.ConnConfig.Tracer = left
	config.PrepareConn = left.prepare
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		left.connected(conn)
		pgxuuid.Register(conn.TypeMap()) // otherwise ids travel as text, after a failed binary attempt: 40 µs of a point read
		return checkPosture(ctx, conn, role)
	}
	return config, nil
}

// errURL replaces pgx's error for an invalid URL, which quotes the URL and so a password in it.
var errURL = errors.New("the database's URL cannot be parsed")

// Check refuses a URL that cannot be parsed or names a user. Its error does not contain the URL.
func (c Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errURL
	}
	_, err = pgxpool.ParseConfig(c.URL)
	switch {
	case err != nil:
		return errURL
	case u.User != nil || u.Query().Has("user") || u.Query().Has("password"):
		return errors.New("the database's URL names a user: each kind of work has its own role, so leave it out")
	default:
		return nil
	}
}

// CheckPasswords reads the passwords of the roles that Open connects as. Its error lists every file that cannot be
// used.
func (c Config) CheckPasswords() error {
	if c.Passwords == "" {
		return nil
	}
	if _, err := os.ReadDir(c.Passwords); err != nil {
		return fmt.Errorf("read the folder of passwords: %w", err)
	}
	var errs []error
	for _, role := range []string{roleApp, roleLogin, roleAgent, roleSystem} {
		_, err := ReadPassword(c.Passwords, role)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Migrator returns how to connect as the role that runs migrations. That role may change the schema, so that `serve`
// never uses it.
func (c Config) Migrator() (*pgx.ConnConfig, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, errURL
	}
	config.User = roleMigrator
	config.Password, err = ReadPassword(c.Passwords, config.User)
	return config, err
}

// ReadPassword reads a role's password from its file in the folder of STREAMSPACE_DATABASE_PASSWORDS. Without a folder
// there is no password.
func ReadPassword(folder, role string) (string, error) {
	if folder == "" {
		return "", nil
	}
	return db.ReadPassword(folder, role)
}

//go:embed posture.sql
var posture string

// PostureError says why a role or a table does not keep organisations apart. The program must not serve then.
type PostureError struct {
	Role  string
	Wrong []string // one sentence for each problem
}

// Error lists all problems.
func (e *PostureError) Error() string {
	return "the database does not keep organisations apart: " + strings.Join(e.Wrong, "; ")
}

// checkPosture runs on each new connection and not only at the start: a restored or changed database must not be
// served.
func checkPosture(ctx context.Context, conn *pgx.Conn, role string) error {
	rows, err := conn.Query(ctx, posture, role)
	if err != nil {
		return fmt.Errorf("check the posture of %s: %w", role, err)
	}
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("check the posture of %s: %w", role, err)
	}
	if len(wrong) > 0 {
		return &PostureError{Role: role, Wrong: wrong}
	}
	return nil
}

// checkVersion returns an error if the database lacks migrations that this program needs. A newer database is accepted:
// during a rolling upgrade the old program runs on it. The four SQLSTATEs mean that a table, function or schema does
// not exist, or that its privileges were never granted.
func (p *pool) checkVersion(ctx context.Context) error {
	want, err := db.Version()
	if err != nil {
		return err
	}
	set, err := rules.Built()
	if err != nil {
		return err
	}
	var have, haveRules int64
	err = p.QueryRow(ctx, "select max(version_id), rls.rules_version() from rls.goose_db_version where is_applied").
		Scan(&have, &haveRules)
	if broken, ok := errors.AsType[*PostureError](err); ok {
		return broken
	}
	switch state := stateOf(err); {
	case state == "42P01" || state == "42883" || state == "3F000" || state == "42501":
		return errors.New("the database has no tables yet: run `streamspace migrate`")
	case err != nil:
		return fmt.Errorf("read the database's version: %w", unprepared(err))
	case have < want:
		return fmt.Errorf("the database is at version %d and this program needs %d: run `streamspace migrate`", have, want)
	case haveRules < set.Version:
		return fmt.Errorf("the database's rules are at version %d and this program needs %d: run `streamspace migrate`",
			haveRules, set.Version)
	default:
		return nil
	}
}
