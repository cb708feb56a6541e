package proof

import (
	"flag"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// all asks for every mutant. Without it a sample is made, which takes seconds and shows that the checkers work.
var all = flag.Bool("all", false, "make every mutant, not a sample of them")

const (
	// atOnce is how many servers work at once: roles are mutated, too, so that a database needs a server of its own.
	atOnce = 2
	// sample is of how many mutants one is made.
	sample = 40
)

// Seen to fail with an attempt taken away (the mutants that only it notices), with a line of survivors.txt taken
// away, with one added for a mutant that is noticed, and with a table, a function, a policy and a column added by a
// migration.
func TestMutants(t *testing.T) {
	t.Parallel()
	oneOf := sample
	if *all {
		oneOf = 1
	}
	var databases []*pgx.Conn
	for range atOnce {
		databases = append(databases, dbtest.Own(t).Superuser(t))
	}
	report, err := Prove(t.Context(), databases, oneOf)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.Markdown(&text); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	found, err := report.Findings()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
	if want := 5000 / oneOf; len(report.Results) < want {
		t.Errorf("only %d mutants", len(report.Results))
	}
}
