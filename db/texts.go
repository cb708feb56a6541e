package db

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

// EditedError says that a migration was edited after it was applied to the database. The database then differs from
// what this program's migrations create, and no later migration can repair that.
type EditedError struct {
	Version int64
	File    string // in this program
}

// Error names the migration.
func (e *EditedError) Error() string {
	return fmt.Sprintf("migration %d (%s) was edited after it was applied to this database: "+
		"use the program that applied it, or a new database", e.Version, e.File)
}

// text is the file of a migration and the SHA-256 of its content.
type text struct{ file, hash string }

// textsOf reads the texts of the migrations, by version.
func textsOf(migrations fs.FS) (map[int64]text, error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	out := map[int64]text{}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("read the version of migration %s: %w", name, err)
		}
		content, err := fs.ReadFile(migrations, name)
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", name, err)
		}
		sum := sha256.Sum256(content)
		out[version] = text{name, hex.EncodeToString(sum[:])}
	}
	return out, nil
}

// compareTexts returns an EditedError if an applied migration has a different text in the program. Otherwise it records
// the hashes of all migrations, before they are applied: so an interrupted run leaves no migration without a hash.
//
// A function returns the hashes as constants. A table would need exceptions in the rules, and privileges.
func compareTexts(ctx context.Context, conn *pgx.Conn, ours map[int64]text) error {
	applied, err := appliedVersions(ctx, conn)
	if err != nil {
		return err
	}
	noted, err := notedTexts(ctx, conn)
	if err != nil {
		return err
	}
	next := maps.Clone(noted) // keep the hashes of a newer program
	for _, version := range slices.Sorted(maps.Keys(ours)) {
		ours := ours[version]
		if slices.Contains(applied, version) && noted[version] != ours.hash {
			return &EditedError{version, ours.file}
		}
		next[version] = ours.hash
	}
	if maps.Equal(noted, next) {
		return nil
	}
	return noteTexts(ctx, conn, next)
}

// appliedVersions lists the applied migrations. Before the first migration goose's table does not exist.
func appliedVersions(ctx context.Context, conn *pgx.Conn) ([]int64, error) {
	var there bool
	if err := conn.QueryRow(ctx, "select to_regclass($1) is not null", versions).Scan(&there); err != nil || !there {
		return nil, wrap(err, "look for the applied migrations")
	}
	rows, err := conn.Query(ctx, "select version_id from "+versions+" where is_applied and version_id > 0")
	if err != nil {
		return nil, fmt.Errorf("list the applied migrations: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	return out, wrap(err, "list the applied migrations")
}

// notedTexts returns the recorded hashes, none for a new database.
func notedTexts(ctx context.Context, conn *pgx.Conn) (map[int64]string, error) {
	out := map[int64]string{}
	var there bool
	err := conn.QueryRow(ctx, "select to_regprocedure('rls.migration_texts()') is not null").Scan(&there)
	if err != nil || !there {
		return out, wrap(err, "look for the migrations' texts")
	}
	rows, err := conn.Query(ctx, "select version, sha256 from rls.migration_texts()")
	if err != nil {
		return nil, fmt.Errorf("list the migrations' texts: %w", err)
	}
	var version int64
	var hash string
	_, err = pgx.ForEachRow(rows, []any{&version, &hash}, func() error {
		out[version] = hash
		return nil
	})
	return out, wrap(err, "list the migrations' texts")
}

// noteTexts replaces the function that returns the hashes.
func noteTexts(ctx context.Context, conn *pgx.Conn, texts map[int64]string) error {
	var values []string
	for _, version := range slices.SortedFunc(maps.Keys(texts), cmp.Compare) {
		values = append(values, fmt.Sprintf("(%d::bigint, '%s')", version, texts[version]))
	}
	_, err := conn.Exec(ctx, `create or replace function rls.migration_texts() returns table (version bigint, sha256 text)
		language sql immutable as $$ values `+strings.Join(values, ", ")+` $$;
		comment on function rls.migration_texts() is 'The migrations that made this database, by the hash of their text.'`)
	return wrap(err, "take note of the migrations' texts")
}

// wrap adds what was attempted to an error, and keeps nil as nil.
func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
