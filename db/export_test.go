package db

import (
	"context"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
)

// MigrateTo applies other migrations than the program's, which ask for a lock once.
func MigrateTo(ctx context.Context, config *pgx.ConnConfig, migrations fs.FS) (Migrated, error) {
	return MigrateRetrying(ctx, config, migrations, 1, 0)
}

// MigrateRetrying is MigrateTo, with so many tries and a pause between two.
func MigrateRetrying(ctx context.Context, config *pgx.ConnConfig, migrations fs.FS, tries int, pause time.Duration) (
	Migrated, error) {
	m := migration{migrations: migrations, retry: retrying{tries, pause}}
	err := m.run(ctx, config)
	return m.done, err
}
