package proof

import (
	"context"
	"regexp"

	"github.com/jackc/pgx/v5"
)

// Mutant is one weakening of the catalogue.
type Mutant struct {
	// Kind says what is done ("policy-drop"), Object what it is done to. Together they stay the same from run to run,
	// and survivors.txt names a mutant by them.
	Kind, Object string
	// SQL does it, as a superuser.
	SQL string
	// Idle is the reason why no attempt can notice the mutant: no role can use what it widens. It is empty for all other
	// mutants. The rules must notice an idle mutant all the same, because a later grant could bring it into use.
	Idle string
}

// ID is the mutant's name in survivors.txt.
func (m Mutant) ID() string { return m.Kind + " " + m.Object }

// named are the tables, functions and roles of ours that a text speaks of.
var named = regexp.MustCompile(`\b(?:(?:app|rls)\.\w+|streamspace_\w+)`)

// about lists what a mutant changes, so that attempts at it go first.
func (m Mutant) about() []string { return distinctOf(named, m.Object) }

// Checker inspects a database that contains one mutant.
type Checker interface {
	// Name is "rules", "manifest" or "behaviour".
	Name() string
	// Check tells whether it notices anything, and what. It leaves the transaction as it was. An error means that it
	// could not look.
	Check(ctx context.Context, tx pgx.Tx, m Mutant) (killed bool, why string, err error)
}
