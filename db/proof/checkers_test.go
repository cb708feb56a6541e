package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/streamspace-dev/streamspace/db/policy"
)

// Rules is the checker that reads rls.violations: the catalogue's rules, which serve also checks when it starts.
type Rules struct{}

// Name implements Checker.
func (Rules) Name() string { return "rules" }

// Check implements Checker. A view that cannot be read any more is noticed, too: a process does not serve then.
func (Rules) Check(ctx context.Context, tx pgx.Tx, _ Mutant) (killed bool, why string, err error) {
	inner, err := tx.Begin(ctx)
	if err != nil {
		return false, "", fmt.Errorf("begin to ask for violations: %w", err)
	}
	defer func() { err = errors.Join(err, inner.Rollback(context.WithoutCancel(ctx))) }()
	const first = "select concat_ws(' ', rule, object, detail) from rls.violations order by 1 limit 1"
	err = inner.QueryRow(ctx, first).Scan(&why)
	pg, failed := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, "", nil
	case failed && !transient(pg.Code):
		return true, "the rules cannot be asked: " + pg.Message, nil
	case err != nil:
		return false, "", fmt.Errorf("ask for violations: %w", err)
	}
	return true, why, nil
}

// transient are errors of the moment, which say nothing about a catalogue: conflicts, resources, cancellation.
func transient(code string) bool {
	for _, class := range []string{"40", "53", "55", "57", "58", "XX"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// Manifest is the checker that compares the catalogue with the reviewed manifest (db/manifest).
type Manifest struct{ reviewed policy.Manifest }

// NewManifest reads the manifest that this program was built with.
func NewManifest() (*Manifest, error) {
	reviewed, err := policy.Reviewed()
	if err != nil {
		return nil, err
	}
	return &Manifest{reviewed}, nil
}

// Name implements Checker.
func (*Manifest) Name() string { return "manifest" }

// Check implements Checker.
func (c *Manifest) Check(ctx context.Context, tx pgx.Tx, _ Mutant) (killed bool, why string, err error) {
	now, err := policy.Snapshot(ctx, tx)
	if err != nil {
		return false, "", err
	}
	if differences := policy.Compare(c.reviewed, now); len(differences) > 0 {
		return true, differences[0].String(), nil
	}
	return false, "", nil
}
