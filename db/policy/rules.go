package policy

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Rule is one of the rules that the view checks.
type Rule struct {
	Number string `json:"number"`
	// Says is the requirement, Why the reason for it.
	Says string `json:"says"`
	Why  string `json:"why"`
}

// heading matches the comment above a rule in the text of a function: its number and the requirement. The comment lines
// below say why.
var heading = regexp.MustCompile(`(?m)^-- (R\d\d) (.+)\n((?:-- .+\n)+)`)

// Rules reads the rules from the comments in the functions that check them, so that there is no second list.
func Rules(ctx context.Context, conn Beginner) ([]Rule, error) {
	var out []Rule
	err := look(ctx, conn, func(tx pgx.Tx) (err error) {
		out, err = readRules(ctx, tx)
		return err
	})
	return out, err
}

func readRules(ctx context.Context, tx pgx.Tx) ([]Rule, error) {
	var text string
	err := tx.QueryRow(ctx, `select coalesce(string_agg(p.prosrc, E'\n'), '')
		from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where n.nspname = 'rls' and p.proname ~ '^rules_'`).Scan(&text)
	if err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	var out []Rule
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		why := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(m[3]), "-- "), "\n-- ", " ")
		out = append(out, Rule{Number: m[1], Says: m[2], Why: why})
	}
	if len(out) == 0 {
		return nil, errors.New("no rule found in the functions that check them")
	}
	slices.SortFunc(out, func(a, b Rule) int { return strings.Compare(a.Number, b.Number) })
	return out, nil
}
