package proof

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Prove fills databases that have just been migrated, one to a server, and runs all their mutants, or one of so many.
func Prove(ctx context.Context, databases []*pgx.Conn, oneOf int) (*Report, error) {
	for _, conn := range databases {
		if err := Prepare(ctx, conn); err != nil {
			return nil, err
		}
	}
	mutants, err := Generate(ctx, databases[0])
	if err != nil {
		return nil, err
	}
	if oneOf > 1 {
		n := 0
		mutants = slices.DeleteFunc(mutants, func(Mutant) bool { n++; return n%oneOf != 0 })
	}
	behaviour, err := NewBehaviour()
	if err != nil {
		return nil, err
	}
	manifest, err := NewManifest()
	if err != nil {
		return nil, err
	}
	report, err := Run(ctx, databases, mutants, []Checker{Rules{}, manifest, behaviour})
	if err != nil {
		return nil, fmt.Errorf("run %d mutants: %w", len(mutants), err)
	}
	report.Attempts, report.Sampled = behaviour.Attempts(), oneOf > 1
	return report, nil
}
