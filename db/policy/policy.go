// Package policy proves that a database keeps organisations apart. It has four proofs:
//
//   - rules: the view rls.violations lists everything in the catalogue that breaks a rule (db/rules).
//   - manifest: the whole catalogue must equal the reviewed manifest (db/manifest).
//   - live: each role tries to cross from one organisation into another, in a transaction that is always rolled back.
//   - server: the version must have no known flaw of row-level security, and the settings must be safe.
//
// Rules find known mistakes and say why they matter. The manifest finds every other change. The live attempts do not
// read the catalogue's policies: they test what the server really does.
package policy

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/rules"
)

// Beginner is a connection, a pool or a transaction. In a transaction the catalogue is read in a savepoint.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Violation is one finding: something in the catalogue that breaks a rule or differs from the manifest.
type Violation struct {
	// Rule is the number of the broken rule, or "manifest" for a difference from the manifest.
	Rule string `json:"rule"`
	// Object is the object that breaks the rule. For the manifest it is the kind of the fact.
	Object string `json:"object"`
	Detail string `json:"detail"`
}

// String is the violation in one line. An operator accepts a finding by this full text. PostgreSQL prints some
// conditions on several lines, which are joined here.
func (v Violation) String() string {
	return oneLine(fmt.Sprintf("%s %s: %s", v.Rule, v.Object, v.Detail))
}

// Violations lists everything that breaks a rule or differs from the manifest. It is empty when the catalogue is
// sound. Each service role and the auditor may call it. During a rolling upgrade the database may have newer migrations
// or rules than this program. The manifest of this program does not apply then, and only the database's rules are
// checked.
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

// lockPatience, in milliseconds, is how long reading the catalogue waits for a table that is being altered. It is less
// than PostgreSQL's deadlock_timeout of one second, so that in a deadlock the reader gives up and never the migration.
const lockPatience = "500"

// look runs read in a read-only transaction, or in a savepoint, that is always rolled back. With its search path
// PostgreSQL prints every name that is not its own with the schema.
func look(ctx context.Context, conn Beginner, read func(pgx.Tx) error) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin to read the catalogue: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, "set transaction read only; set local search_path = pg_catalog, pg_temp; "+
		"set local lock_timeout = "+lockPatience); err != nil {
		return fmt.Errorf("prepare to read the catalogue: %w", err)
	}
	return read(tx)
}

// brokenRules reads the view rls.violations.
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

// notes lists remarks for the auditor that break no rule: of reviewed extensions, and of a server without a superuser.
func notes(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "select rule, object, detail from rls.rules_notes() order by 1, 2")
	if err != nil {
		return nil, fmt.Errorf("read rls.rules_notes: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Violation])
	if err != nil {
		return nil, fmt.Errorf("read rls.rules_notes: %w", err)
	}
	remarks, err := db.Remarks(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, r := range remarks {
		found = append(found, Violation(r))
	}
	var out []string
	for _, n := range found {
		out = append(out, n.String())
	}
	return out, nil
}

// versions are those of a database, or those of this program.
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
