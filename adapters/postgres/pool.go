package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/rules"
)

const (
	// connectTimeout bounds one attempt to connect.
	connectTimeout = 5 * time.Second
	// cancelTimeout is how long a statement whose caller has gone may take to notice that it was cancelled; after that
	// its connection is closed.
	cancelTimeout = time.Second
)

// pool is one role's connections.
type pool struct {
	*pgxpool.Pool
	role string
	size int
}

func openPool(ctx context.Context, c Config, role string) (*pool, error) {
	config, err := poolConfig(c, role)
	if err != nil {
		return nil, err
	}
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
	config := p.Config()
	config.ConnConfig.Tracer = nil
	if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connect as %s: %w", p.role, err)
	}
	return conn, nil
}

// Query asks outside a scope, where there are functions alone.
func (p *pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return watch(ctx)(p.Pool.Query(ctx, sql, args...))
}

// QueryRow is Query for one row.
func (p *pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

func poolConfig(c Config, role string) (*pgxpool.Config, error) {
	if err := c.check(); err != nil {
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
	// A cancelled request ends its statement and keeps its connection, so that impatient callers cannot churn the pool.
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelTimeout}
	}
	// A password is read for each connection, so that a rotated one is used without a restart.
	config.BeforeConnect = func(_ context.Context, cc *pgx.ConnConfig) (err error) {
		cc.Password, err = ReadPassword(c.Passwords, cc.User)
		return err
	}
	left := residue{c.Log}
	config.ConnConfig.Tracer = left
	config.PrepareConn = left.prepare
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap()) // else each id goes by its text, after a binary attempt that fails
		return checkPosture(ctx, conn, role)
	}
	return config, nil
}

// errURL hides what pgx says of a URL that it cannot parse: the password in it.
var errURL = errors.New("the database's URL cannot be parsed")

// check refuses a URL that names a user.
func (c Config) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql":
		return errURL
	case u.User != nil || u.Query().Has("user") || u.Query().Has("password"):
		return errors.New("the database's URL names a user: each kind of work has its own role, so leave it out")
	default:
		return nil
	}
}

// Migrator says how the role that migrates connects. A program that serves does not hold it.
func (c Config) Migrator() (*pgx.ConnConfig, error) {
	if err := c.check(); err != nil {
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

// ReadPassword reads a role's password from its file in the folder of STREAMSPACE_DATABASE_PASSWORDS, without the line
// end that an editor adds. Without a folder there is no password.
func ReadPassword(folder, role string) (string, error) {
	if folder == "" {
		return "", nil
	}
	b, err := os.ReadFile(filepath.Join(folder, role))
	if err != nil {
		return "", fmt.Errorf("read the password of %s: %w", role, err)
	}
	return strings.TrimSpace(string(b)), nil
}

//go:embed posture.sql
var posture string

// PostureError is what a role or a table may not be. The program does not serve with it.
type PostureError struct {
	Role  string
	Wrong []string // one sentence each
}

// Error lists all that is wrong.
func (e *PostureError) Error() string {
	return "the database does not keep organisations apart: " + strings.Join(e.Wrong, "; ")
}

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

// checkVersion refuses a database that lacks migrations this program needs. A newer one is what a rolling restart looks
// like.
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
