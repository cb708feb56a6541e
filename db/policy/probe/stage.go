package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Fill makes all rows of the probe files in a database that has just been migrated, as a superuser, each statement in
// a transaction of its own.
func (s *Script) Fill(ctx context.Context, conn *pgx.Conn) error {
	for _, r := range slices.Concat(s.rows, s.testRows) {
		steps, err := s.As(r.by)
		if err != nil {
			return err
		}
		all := slices.Concat([]string{"begin"}, steps, []string{r.sql, "commit"})
		if _, err := conn.Exec(ctx, strings.Join(all, "; ")); err != nil {
			return fmt.Errorf("fill the database as %s: %s: %w", r.by, r.sql, err)
		}
	}
	if _, err := conn.Exec(ctx, "vacuum analyze"); err != nil {
		return fmt.Errorf("analyse the database: %w", err)
	}
	return nil
}

// FillWithin makes the rows of the two organisations alone, inside a transaction that the caller rolls back.
func (s *Script) FillWithin(ctx context.Context, tx pgx.Tx) error {
	for _, r := range s.rows {
		steps, err := s.As(r.by)
		if err != nil {
			return err
		}
		all := slices.Concat(steps, []string{r.sql, s.Leave()})
		if _, err := tx.Exec(ctx, strings.Join(all, "; ")); err != nil {
			return fmt.Errorf("make rows as %s: %s: %w", r.by, r.sql, err)
		}
	}
	return nil
}
