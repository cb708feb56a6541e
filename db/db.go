// Package db defines the database: its roles, its schemas, and the migrations that create its tables, policies and
// functions. The queries of the adapters are in sql/.
package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed roles.sql
var roles string

//go:embed database.sql
var database string

// Roles lists the roles that log in, one for each kind of work. db/roles.sql describes each.
func Roles() []string {
	return []string{
		"streamspace_app", "streamspace_login", "streamspace_agent", "streamspace_operator", "streamspace_system",
		"streamspace_auditor", "streamspace_backup", "streamspace_migrator",
	}
}

// Prepare creates the cluster's roles and the database's schemas. config must be a superuser's. It may run any number
// of times, and must run again after a restore.
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

// Version is the newest migration that this program contains.
func Version() (int64, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	return goose.NumericComponent(names[len(names)-1])
}
