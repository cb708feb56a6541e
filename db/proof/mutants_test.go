package proof

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/policy/probe"
)

// everyMutant makes every mutant. Without it only a sample is made, which takes half a minute and shows that the
// checkers work.
var everyMutant = flag.Bool("all", false, "make every mutant, not a sample of them")

// onlyMutants makes the mutants whose name has a text in it, such as a table that a change is about.
var onlyMutants = flag.String("only", "", "make only the mutants that have this text in their name")

// reportFile is where make proof has the report written.
var reportFile = flag.String("report", "", "write the report as Markdown to this file")

const (
	// atOnce is how many servers share the mutants. Roles belong to a server and are mutated too, so that each database
	// needs a server of its own.
	atOnce = 2
	// sample means that one mutant of this many is made, unless all are.
	sample = 40
)

// Seen to fail with an attempt taken away (the mutants that only it notices), with a line of survivors.txt taken
// away, with one added for a mutant that is noticed, and with a table, a function, a policy and a column added by a
// migration.
func TestMutants(t *testing.T) {
	t.Parallel()
	oneOf := sample
	if *everyMutant || *onlyMutants != "" {
		oneOf = 1
	}
	report, err := prove(t.Context(), servers(t), oneOf, *onlyMutants)
	if err != nil {
		t.Fatal(err)
	}
	if found := report.Findings(); len(found) > 0 {
		t.Logf("to be confirmed on new databases:\n%s", strings.Join(found, "\n"))
		if err := report.confirm(t.Context(), servers(t)); err != nil {
			t.Fatal(err)
		}
	}
	var text strings.Builder
	if err := report.Markdown(&text); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	if *reportFile != "" {
		if err := os.WriteFile(*reportFile, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range report.Findings() {
		t.Error(f)
	}
	if want := 5000 / oneOf; len(report.Results) < want && *onlyMutants == "" {
		t.Errorf("only %d mutants", len(report.Results))
	}
}

// servers are databases that have just been migrated, one on each server.
func servers(t *testing.T) (databases []*pgx.Conn) {
	t.Helper()
	for range atOnce {
		databases = append(databases, dbtest.Own(t).Superuser(t))
	}
	return databases
}

// prove fills databases that have just been migrated, one on each server, and runs one of oneOf of the mutants whose
// name has a text in it.
func prove(ctx context.Context, databases []*pgx.Conn, oneOf int, named string) (*Report, error) {
	script, err := probe.ForTests()
	if err != nil {
		return nil, err
	}
	for _, conn := range databases {
		if err := script.Fill(ctx, conn); err != nil {
			return nil, err
		}
	}
	mutants, err := Generate(ctx, databases[0])
	if err != nil {
		return nil, err
	}
	n := 0
	mutants = slices.DeleteFunc(mutants, func(m Mutant) bool {
		n++
		return n%oneOf != 0 || !strings.Contains(m.ID(), named)
	})
	list, err := listedFor(ctx, databases[0])
	if err != nil {
		return nil, fmt.Errorf("read the survivors: %w", err)
	}
	behaviour, err := NewBehaviour(ctx, databases[0], script, list)
	if err != nil {
		return nil, err
	}
	manifest, err := NewManifest()
	if err != nil {
		return nil, err
	}
	checkers := []Checker{Rules{}, manifest, behaviour}
	report, err := Run(ctx, databases, mutants, checkers)
	if err != nil {
		return nil, fmt.Errorf("run %d mutants: %w", len(mutants), err)
	}
	report.Attempts, report.Sampled = len(behaviour.attempts), oneOf > 1 || named != ""
	report.listed, report.script, report.checkers = list, script, checkers
	return report, nil
}

// confirm makes the mutants that a finding is about once more, on databases that have just been migrated. What is said
// of a mutant is said of the rows as they were filled in. After thousands of mutants that were rolled back, the tables
// have another size and other statistics. Plans follow these, and a function with another plan may find no row before
// it comes to the condition that a mutant took from it.
func (r *Report) confirm(ctx context.Context, databases []*pgx.Conn) error {
	var at []int
	var mutants []Mutant
	for i, result := range r.Results {
		if judge(result, r.lists(result) >= 0) != "" {
			at, mutants = append(at, i), append(mutants, result.Mutant)
		}
	}
	for _, conn := range databases {
		if err := r.script.Fill(ctx, conn); err != nil {
			return err
		}
	}
	again, err := Run(ctx, databases, mutants, r.checkers)
	if err != nil {
		return fmt.Errorf("run %d mutants again: %w", len(mutants), err)
	}
	for i, result := range again.Results {
		r.Results[at[i]] = result
	}
	return nil
}
