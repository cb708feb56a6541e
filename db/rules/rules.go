// Package rules holds the rules that the catalogue of a database must keep: one SQL function per family of rules, and
// one file of exceptions (pins.sql). They are not migrations. `streamspace migrate` installs all of them after the
// migrations, when the program's version of the rules is newer than the database's.
package rules

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed *.sql
var files embed.FS

// Set is one version of the rules.
type Set struct {
	Version int64
	// Files are in the order of execution.
	Files []File
}

// File is one of the files of a set.
type File struct{ Name, Text string }

// ranks orders the files that do not run in the order of their names: files that the others call run first, and files
// that call the others run last.
var ranks = map[string]int{
	"extensions.sql": -3, "catalogue.sql": -2, "pins.sql": -1, "violations.sql": 1, "version.sql": 2,
}

// version matches the number that rls.rules_version() returns in version.sql.
var version = regexp.MustCompile(`(?s)function rls\.rules_version\(\).*?\bselect (\d+)\b`)

// Built returns the set that is embedded in this program.
func Built() (Set, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return Set{}, fmt.Errorf("list the rules: %w", err)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(ranks[a], ranks[b]) })
	var s Set
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return Set{}, fmt.Errorf("read the rules: %w", err)
		}
		s.Files = append(s.Files, File{name, string(text)})
		if m := version.FindSubmatch(text); m != nil {
			s.Version, err = strconv.ParseInt(string(m[1]), 10, 64)
			if err != nil {
				return Set{}, fmt.Errorf("read the version of the rules: %w", err)
			}
		}
	}
	if s.Version == 0 {
		return Set{}, errors.New("the rules have no version")
	}
	return s, nil
}

// Hash is the SHA-256 of the set's text.
func (s Set) Hash() string {
	h := sha256.New()
	for _, f := range s.Files {
		fmt.Fprintf(h, "%s %d\n%s", f.Name, len(f.Text), f.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Beginner is a connection or a transaction. In a transaction the change is a savepoint.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// owner is the role that owns the functions of the rules: one of them is SECURITY DEFINER.
const owner = "streamspace_definer"

// Apply replaces the rules of a database with the set, in one transaction, if the set is newer. It drops functions of
// rules that the set does not contain. A concurrent reader sees the old set or the new one and never waits, because
// functions are replaced in place and the view over them is not altered.
func (s Set) Apply(ctx context.Context, conn Beginner) (applied bool, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var have int64
		if err := tx.QueryRow(ctx, "select rls.rules_version()").Scan(&have); err != nil {
			return fmt.Errorf("read the version of the database's rules: %w", err)
		}
		if have >= s.Version {
			return nil
		}
		applied = true
		return s.replace(ctx, tx)
	})
	if err != nil {
		return false, fmt.Errorf("apply version %d of the rules: %w", s.Version, err)
	}
	return applied, nil
}

func (s Set) replace(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "set local role "+owner); err != nil {
		return fmt.Errorf("become %s: %w", owner, err)
	}
	before, err := functions(ctx, tx)
	if err != nil {
		return err
	}
	for _, f := range s.Files {
		if err := f.apply(ctx, tx); err != nil {
			return err
		}
	}
	after, err := functions(ctx, tx)
	if err != nil {
		return err
	}
	for signature, written := range before {
		if after[signature] != written {
			continue // replaced, or already dropped
		}
		if _, err := tx.Exec(ctx, "drop function "+signature); err != nil {
			return fmt.Errorf("drop an unused function of the rules: %w", err)
		}
	}
	return nil
}

// functions maps each function of the rules to a mark that changes whenever the function is written.
func functions(ctx context.Context, tx pgx.Tx) (map[string]string, error) {
	rows, err := tx.Query(ctx, `select p.oid::regprocedure::text, p.xmin::text || p.ctid::text from pg_proc p
		where p.pronamespace = 'rls'::regnamespace and p.proname ~ '^(rules_|catalogue_|check_catalogue$)'`)
	if err != nil {
		return nil, fmt.Errorf("list the functions of the rules: %w", err)
	}
	out := map[string]string{}
	var signature, written string
	_, err = pgx.ForEachRow(rows, []any{&signature, &written}, func() error {
		out[signature] = written
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the functions of the rules: %w", err)
	}
	return out, nil
}

// declared matches the functions that a file creates.
var declared = regexp.MustCompile(`(?m)^create or replace function (rls\.\w+)\(`)

// apply runs a file. PostgreSQL cannot replace a function when its return type changes, so apply then drops the file's
// functions and runs the file again.
func (f File) apply(ctx context.Context, tx pgx.Tx) error {
	err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return execute(ctx, tx, f.Text) })
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42P13" { // invalid_function_definition
		var drops strings.Builder
		for _, m := range declared.FindAllStringSubmatch(f.Text, -1) {
			fmt.Fprintf(&drops, "drop function if exists %s; ", m[1])
		}
		err = execute(ctx, tx, drops.String()+f.Text)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return nil
}

func execute(ctx context.Context, tx pgx.Tx, sql string) error {
	_, err := tx.Exec(ctx, sql)
	return err
}

// Remove drops the rules, except the functions that the migrations created. It is for tests, which undo the migrations.
func Remove(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `do $$
		declare
		  f regprocedure;
		begin
		  for f in select oid from pg_proc where pronamespace = 'rls'::regnamespace
		             and proname ~ '^(rules_|catalogue_)' and proname <> 'rules_version' loop
		    execute format('drop function %s', f);
		  end loop;
		end $$`)
	if err != nil {
		return fmt.Errorf("remove the rules: %w", err)
	}
	return nil
}
