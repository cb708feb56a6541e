package proof

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// stage is what the attempts are made on.
//
//go:embed stage.txt
var stage string

// Prepare fills a database that has just been migrated, as a superuser, with what the attempts are made on.
func Prepare(ctx context.Context, conn *pgx.Conn) error {
	who := "super"
	for _, line := range joined(stage) {
		if name, ok := strings.CutPrefix(line, "as "); ok {
			who = name
			continue
		}
		steps, err := become("", who)
		if err != nil {
			return err
		}
		all := append(append([]string{"begin"}, steps...), placeholders.Replace(line), "commit")
		if _, err := conn.Exec(ctx, strings.Join(all, "; ")); err != nil {
			return fmt.Errorf("fill the database as %s: %s: %w", who, line, err)
		}
	}
	if _, err := conn.Exec(ctx, "vacuum analyze"); err != nil {
		return fmt.Errorf("analyse the database: %w", err)
	}
	return nil
}
