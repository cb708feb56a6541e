package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/streamspace-dev/streamspace/db/rules"
)

const (
	// owner is the role that owns everything except the definer's functions.
	owner = "streamspace_owner"
	// versions is goose's table. It is in rls, where the service roles may read it but not write.
	versions = "rls.goose_db_version"
	// migrationPatience is the timeout of one run, including the wait for another migration.
	migrationPatience = 10 * time.Minute
)

// Migrated is the result of Migrate.
type Migrated struct {
	Version int64 // the newest migration that the database has
	Applied int   // how many of them were applied now
	// Rules is the version of the database's rules, and RulesApplied reports whether this run applied it.
	Rules        int64
	RulesApplied bool
}

// Migrate brings the database to the newest version: first the migrations, then the rules, if the program's are newer.
// config must be of a role that may become the owner. When two runs overlap, one waits for the other.
func Migrate(ctx context.Context, config *pgx.ConnConfig) (Migrated, error) {
	set, err := rules.Built()
	if err != nil {
		return Migrated{}, err
	}
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return Migrated{}, fmt.Errorf("open the migrations: %w", err)
	}
	m := migration{migrations: migrations, set: set, retry: retrying{lockTries, lockPause}}
	ctx, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	err = m.run(ctx, config)
	return m.done, err
}

// migration is one run.
type migration struct {
	migrations fs.FS
	set        rules.Set
	retry      retrying
	done       Migrated
}

// run takes these steps under one lock: compare the texts, apply the migrations, apply the rules. The texts come
// first, because nothing may be applied on top of an edited migration.
func (m *migration) run(ctx context.Context, config *pgx.ConnConfig) (err error) {
	var w watcher
	pool, err := asOwner(ctx, config, w.connected)
	if err != nil {
		return err
	}
	defer pool.Close()
	p, err := provider(pool, m.migrations)
	if err != nil {
		return err
	}
	texts, err := textsOf(m.migrations)
	if err != nil {
		return err
	}
	return alone(ctx, pool, func(conn *pgx.Conn) error {
		if err := compareTexts(ctx, conn, texts); err != nil {
			return fmt.Errorf("migrate database %s: %w", config.Database, err)
		}
		if err := m.up(ctx, config, p, &w); err != nil {
			return fmt.Errorf("migrate database %s: %w", config.Database, err)
		}
		if m.done.Version, err = p.GetDBVersion(ctx); err != nil {
			return fmt.Errorf("read the version of database %s: %w", config.Database, err)
		}
		if m.done.RulesApplied, err = m.set.Apply(ctx, conn); err != nil {
			return fmt.Errorf("migrate database %s: %w", config.Database, err)
		}
		if err := conn.QueryRow(ctx, "select rls.rules_version()").Scan(&m.done.Rules); err != nil {
			return fmt.Errorf("read the version of the rules of database %s: %w", config.Database, err)
		}
		return nil
	})
}

// up applies the migrations, each in a transaction of its own, and retries those that did not get a lock.
func (m *migration) up(ctx context.Context, config *pgx.ConnConfig, p *goose.Provider, w *watcher) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to watch the migrations: %w", err)
	}
	watching, stop := context.WithCancel(ctx)
	var g sync.WaitGroup
	g.Go(func() { w.watch(watching, conn) })
	defer func() {
		stop()
		g.Wait()
		_ = conn.Close(context.WithoutCancel(ctx))
	}()
	return m.retry.persist(ctx, w, func() error {
		results, err := p.Up(ctx)
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			results = partial.Applied
		}
		m.done.Applied += len(results)
		return err
	})
}

// Rollback undoes the rules and every migration. It is for tests: a production database goes forward.
func Rollback(ctx context.Context, config *pgx.ConnConfig) error {
	pool, err := asOwner(ctx, config, func(context.Context, *pgx.Conn) error { return nil })
	if err != nil {
		return err
	}
	defer pool.Close()
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return fmt.Errorf("open the migrations: %w", err)
	}
	p, err := provider(pool, migrations)
	if err != nil {
		return err
	}
	return alone(ctx, pool, func(conn *pgx.Conn) error {
		if err := rules.Remove(ctx, conn); err != nil {
			return err
		}
		if _, err := p.DownTo(ctx, 0); err != nil {
			return fmt.Errorf("roll back database %s: %w", config.Database, err)
		}
		_, err := conn.Exec(ctx, "drop function if exists rls.migration_texts()")
		return wrap(err, "forget the migrations' texts")
	})
}

// asOwner connects with the owner as the current role. Otherwise new tables would belong to the role that connects.
func asOwner(ctx context.Context, config *pgx.ConnConfig, connected func(context.Context, *pgx.Conn) error) (
	*sql.DB, error) {
	config = config.Copy()
	config.RuntimeParams["options"] = "-c role=" + owner + " -c lock_timeout=" + lockPatience
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(connected))
	var current string
	err := pool.QueryRowContext(ctx, "select current_user").Scan(&current)
	if wrong, ok := errors.AsType[*pgconn.PgError](err); ok && wrong.Code == "08P01" || err == nil && current != owner {
		err = errors.Join(errPooler, err)
	}
	if err != nil {
		_ = pool.Close()
		return nil, fmt.Errorf("connect as %s to become %s: %w", config.User, owner, err)
	}
	return pool, nil
}

// errPooler is what a pooler that works by transaction comes to: PgBouncer refuses the parameter that makes the
// connection work as the owner (08P01), or, told to ignore it, drops it.
var errPooler = errors.New("the address leads to a pooler that works by transaction: migrate connects directly to " +
	"the server, because it holds a lock and works as the owner for a whole connection")

// alone runs do while no other process migrates the database. It uses goose's lock. It takes the lock itself, because
// the lock must also cover the rules, on a connection that it passes to do.
func alone(ctx context.Context, pool *sql.DB, do func(*pgx.Conn) error) (err error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, uint64(migrationPatience.Seconds())))
	if err != nil {
		return fmt.Errorf("make the migrations' lock: %w", err)
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect for the migrations' lock: %w", err)
	}
	defer func() { _ = conn.Close() }() // its lock is released below
	if err := locker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	defer func() { err = errors.Join(err, locker.SessionUnlock(context.WithoutCancel(ctx), conn)) }()
	return conn.Raw(func(driver any) error { return do(driver.(*stdlib.Conn).Conn()) })
}

// provider reads the migrations for goose, whose table is versions.
func provider(pool *sql.DB, migrations fs.FS) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectPostgres, pool, migrations, goose.WithTableName(versions))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}
