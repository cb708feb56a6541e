package db

import (
	"context"
	"io/fs"

	"github.com/jackc/pgx/v5"
)

// MigrateTo applies other migrations than the program's.
func MigrateTo(ctx context.Context, config *pgx.ConnConfig, migrations fs.FS) (Migrated, error) {
	m := migration{migrations: migrations}
	err := m.run(ctx, config)
	return m.done, err
}
