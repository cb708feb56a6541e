// Package policy proves that a database keeps organisations apart: by rules over its catalogue (the view
// rls.violations), by comparing the whole catalogue with a reviewed manifest (db/manifest), by trying to cross from
// one organisation into another in a transaction that is always rolled back, and by what is known of the server's
// version.
//
// Rules find what somebody thought of and say why it matters; the manifest finds whatever else has changed; the
// probes know nothing of the catalogue's words and ask the server itself.
package policy

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/rules"
)

// Beginner is a connection, a pool of them, or a transaction, whose look at the catalogue is then a part of it.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Violation is one thing that is not as it must be.
type Violation struct {
	// Rule is the number of the rule that was broken, or "manifest" for what no line of the manifest allows.
	Rule string `json:"rule"`
	// Object is what breaks it; for the manifest, the kind of the fact.
	Object string `json:"object"`
	Detail string `json:"detail"`
}

// String is the violation in one line, the full text by which it can be accepted. PostgreSQL prints some conditions on
// several lines.
func (v Violation) String() string {
	return oneLine(fmt.Sprintf("%s %s: %s", v.Rule, v.Object, v.Detail))
}

// Violations lists what breaks a rule and what differs from the manifest, and is empty when the catalogue is sound.
// Any of the service roles or the auditor may ask. A database whose migrations or rules are newer than this program's
// is what a rolling restart looks like: its manifest is the newer program's, and its rules, which are its own, decide
// alone.
func Violations(ctx context.Context, conn Beginner) ([]Violation, error) {
	var found []Violation
	err := look(ctx, conn, func(tx pgx.Tx) error {
		var err error
		if found, err = brokenRules(ctx, tx); err != nil {
			return err
		}
		have, err := versionsOf(ctx, tx)
		if err != nil {
			return err
		}
		if want, err := built(); err != nil || have.Migrations > want.Migrations || have.Rules > want.Rules {
			return err
		}
		differences, _, err := differences(ctx, tx)
		for _, d := range differences {
			found = append(found, d.violation())
		}
		return err
	})
	return found, err
}

// lockPatience, in milliseconds, is how long a look waits for a table that is being altered. It is under PostgreSQL's
// deadlock_timeout of a second: of the two it is the look that gives up, never the migration.
const lockPatience = "500"

// look runs a function that reads the catalogue, in a transaction, or a part of one, that can change nothing and
// leaves nothing. Names that are not PostgreSQL's own are written out in full.
func look(ctx context.Context, conn Beginner, read func(pgx.Tx) error) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin to look at the catalogue: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, "set transaction read only; set local search_path = pg_catalog, pg_temp; "+
		"set local lock_timeout = "+lockPatience); err != nil {
		return fmt.Errorf("prepare to look at the catalogue: %w", err)
	}
	return read(tx)
}

// brokenRules asks the view.
func brokenRules(ctx context.Context, tx pgx.Tx) ([]Violation, error) {
	rows, err := tx.Query(ctx, "select rule, object, coalesce(detail, '') from rls.violations order by 1, 2, 3")
	if err != nil {
		return nil, fmt.Errorf("read rls.violations: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Violation])
	if err != nil {
		return nil, fmt.Errorf("read rls.violations: %w", err)
	}
	return found, nil
}

// notes lists what breaks no rule, and an auditor is told of.
func notes(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "select rule, object, detail from rls.rules_notes() order by 1, 2")
	if err != nil {
		return nil, fmt.Errorf("read rls.rules_notes: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Violation])
	if err != nil {
		return nil, fmt.Errorf("read rls.rules_notes: %w", err)
	}
	var out []string
	for _, n := range found {
		out = append(out, n.String())
	}
	return out, nil
}

// versions are the database's, or those that this program brings.
type versions struct{ Migrations, Rules int64 }

func versionsOf(ctx context.Context, tx pgx.Tx) (have versions, err error) {
	err = tx.QueryRow(ctx, "select coalesce(max(version_id), 0), rls.rules_version() from rls.goose_db_version "+
		"where is_applied").Scan(&have.Migrations, &have.Rules)
	if err != nil {
		return have, fmt.Errorf("read the database's version: %w", err)
	}
	return have, nil
}

func built() (versions, error) {
	migrations, err := db.Version()
	if err != nil {
		return versions{}, err
	}
	set, err := rules.Built()
	return versions{migrations, set.Version}, err
}
