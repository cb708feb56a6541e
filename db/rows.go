package db

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Querier is a connection, a pool or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// QueryFile is a file with one query, such as "facts/roles.sql".
type QueryFile struct {
	Files fs.FS
	Path  string
}

// Name is the file's name without its folder and extension.
func (f QueryFile) Name() string { return strings.TrimSuffix(path.Base(f.Path), ".sql") }

// Rows runs a query and collects its rows. The query is a file, so that it can be linted and run with psql.
func Rows[T any](ctx context.Context, q Querier, f QueryFile, row pgx.RowToFunc[T]) ([]T, error) {
	query, err := fs.ReadFile(f.Files, f.Path)
	if err != nil {
		return nil, fmt.Errorf("read the query of %s: %w", f.Name(), err)
	}
	rows, err := q.Query(ctx, string(query))
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", f.Name(), err)
	}
	all, err := pgx.CollectRows(rows, row)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", f.Name(), err)
	}
	return all, nil
}

// QueryFiles lists the queries in a folder.
func QueryFiles(files fs.FS, folder string) ([]QueryFile, error) {
	paths, err := fs.Glob(files, folder+"/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the queries of %s: %w", folder, err)
	}
	out := make([]QueryFile, len(paths))
	for i := range paths {
		out[i] = QueryFile{files, paths[i]}
	}
	return out, nil
}
