package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

const (
	// databaseName is the name of the database in the private server.
	databaseName = "streamspace"
	// stopTimeout bounds the stop of the private server, which first writes all data to disk.
	stopTimeout = 30 * time.Second
)

// database is where the installation keeps its data.
type database struct {
	url       string // without a user
	passwords string // a folder; empty for the private server, which authenticates by the operating system's user
	private   *cluster.Cluster
}

// database starts the private server, or uses the given one, and migrates it to this program's version.
func (d *dev) database(ctx context.Context) (*database, error) {
	if d.Server.DatabaseURL != "" {
		return d.givenDatabase(ctx)
	}
	c, err := cluster.Start(ctx, cluster.Config{Dir: d.files.cluster, Roles: db.Roles()})
	if err != nil {
		return nil, err
	}
	out := &database{url: c.DSN("", databaseName), private: c}
	if err := out.buildPrivate(ctx); err != nil {
		return nil, errors.Join(err, out.stop(ctx))
	}
	return out, nil
}

// buildPrivate makes the database on the private server, if it is not there.
func (b *database) buildPrivate(ctx context.Context) error {
	config, err := pgx.ParseConfig(b.private.DSN(cluster.Superuser, "postgres"))
	if err != nil {
		return errors.New("the private server's address cannot be parsed")
	}
	if err := createDatabase(ctx, config); err != nil {
		return err
	}
	config.Database = databaseName
	return b.build(ctx, config)
}

// givenDatabase uses a database on a server that is managed elsewhere, as its superuser. The roles get passwords,
// unless a folder of them was given too.
func (d *dev) givenDatabase(ctx context.Context) (*database, error) {
	g, err := parseGiven(d.Server.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("STREAMSPACE_DATABASE_URL %w", err)
	}
	out := &database{url: g.url, passwords: d.Server.DatabasePasswords}
	if out.passwords == "" {
		out.passwords = d.files.passwords
	}
	if err := g.claim(ctx, out.passwords); err != nil {
		return nil, err
	}
	return out, out.build(ctx, g.super)
}

// build makes the database's roles and schemas, and runs the migrations.
func (b *database) build(ctx context.Context, config *pgx.ConnConfig) error {
	if _, err := db.Prepare(ctx, config, io.Discard); err != nil {
		return err
	}
	if b.private == nil {
		if err := db.GivePasswords(ctx, config, b.passwords); err != nil {
			return err
		}
	}
	migrator, err := postgres.Config{URL: b.url, Passwords: b.passwords}.Migrator()
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx, migrator)
	if _, edited := errors.AsType[*db.EditedError](err); edited && b.private != nil {
		return fmt.Errorf("an earlier version made the data: run `make db/reset` to delete it and start again (%w)", err)
	}
	return err
}

// createDatabase creates the database if it does not exist. SQL has no `create database if not exists`.
func createDatabase(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect as a superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var there bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", databaseName).Scan(&there)
	if err != nil {
		return fmt.Errorf("look for database %s: %w", databaseName, err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, "create database "+databaseName); err != nil {
		return fmt.Errorf("create database %s: %w", databaseName, err)
	}
	return nil
}

// watch returns an error if the private server ends by itself. It returns nil when ctx is done.
func (b *database) watch(ctx context.Context) error {
	if b.private == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-b.private.Done():
		return fmt.Errorf("PostgreSQL stopped unexpectedly; see %s", b.private.Log())
	}
}

// stop ends the private server. It works after ctx is done as well, because that is the usual reason to stop.
func (b *database) stop(ctx context.Context) error {
	if b.private == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return b.private.Stop(ctx)
}
