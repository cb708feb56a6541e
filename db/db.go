// Package db is what the database is: its roles, its schemas and the migrations that make its tables, policies and
// functions. What is asked of it lives in sql/.
package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed roles.sql
var roles string

//go:embed database.sql
var database string

const (
	// owner is the role that everything but the definer functions belongs to.
	owner = "streamspace_owner"
	// versions is goose's table. It stands in rls, where the service roles may read it and write nothing.
	versions = "rls.goose_db_version"
	// migrationPatience bounds one run, the wait for another's lock included.
	migrationPatience = 10 * time.Minute
)

// Roles are those that log in, one for each kind of work; db/roles.sql says which is for what.
func Roles() []string {
	return []string{
		"streamspace_app", "streamspace_login", "streamspace_agent", "streamspace_operator", "streamspace_system",
		"streamspace_auditor", "streamspace_backup", "streamspace_migrator",
	}
}

// Prepare makes the cluster's roles and the database's schemas, as a superuser. It may run any number of times, and
// must run again after a restore.
func Prepare(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect as a superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, script := range []string{roles, database} {
		if _, err := conn.Exec(ctx, script); err != nil {
			return fmt.Errorf("prepare database %s: %w", config.Database, err)
		}
	}
	return nil
}

// Migrate brings the database to the newest version and returns it, with the number of migrations that were applied. It
// connects as a role that may become the owner, and works as the owner. Of two that run at once one waits for the
// other.
func Migrate(ctx context.Context, config *pgx.ConnConfig) (version int64, applied int, err error) {
	ctx, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	pool, err := asOwner(ctx, config)
	if err != nil {
		return 0, 0, err
	}
	defer pool.Close()
	p, err := provider(pool)
	if err != nil {
		return 0, 0, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("migrate database %s: %w", config.Database, err)
	}
	version, err = p.GetDBVersion(ctx)
	return version, len(results), err
}

// Rollback undoes every migration. It is for tests: a production database goes forward.
func Rollback(ctx context.Context, config *pgx.ConnConfig) error {
	pool, err := asOwner(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	p, err := provider(pool)
	if err != nil {
		return err
	}
	if _, err := p.DownTo(ctx, 0); err != nil {
		return fmt.Errorf("roll back database %s: %w", config.Database, err)
	}
	return nil
}

// Version is the newest version that this program knows.
func Version() (int64, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	return goose.NumericComponent(names[len(names)-1])
}

// asOwner connects and makes sure that what is created will belong to the owner: as the app role, or as a superuser,
// the tables would be made in the wrong name.
func asOwner(ctx context.Context, config *pgx.ConnConfig) (*sql.DB, error) {
	config = config.Copy()
	config.RuntimeParams["options"] = "-c role=" + owner
	pool := stdlib.OpenDB(*config)
	var current string
	if err := pool.QueryRowContext(ctx, "select current_user").Scan(&current); err != nil {
		_ = pool.Close()
		return nil, fmt.Errorf("connect as %s to become %s: %w", config.User, owner, err)
	}
	return pool, nil
}

func provider(pool *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, uint64(migrationPatience.Seconds())))
	if err != nil {
		return nil, fmt.Errorf("make the migrations' lock: %w", err)
	}
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, pool, migrations,
		goose.WithSessionLocker(locker), goose.WithTableName(versions))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}
