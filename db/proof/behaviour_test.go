package proof

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/policy/probe"
)

// derivations are the queries of derive/ that the mutants are tried by, and rareFile the probes that take milliseconds.
var derivations = []string{"columns", "functions", "roles", "floors", "scopes", "backup"}

const rareFile = "rare"

// Behaviour is the checker that makes attempts, on a database with the rows of the probe files.
type Behaviour struct {
	attempts []prepared
	// survivors are the mutants that no attempt notices, as the list of them says.
	survivors []survivor
}

// prepared is an attempt as it is sent, and the tables, functions and roles that it names.
type prepared struct {
	sent  probe.Encoded
	about []string
	// rare attempts are very many, or take long. They are made only on a mutant of the same objects, or of none that has
	// a name.
	rare bool
}

// NewBehaviour reads the probe files, and derives the other attempts from the catalogue before it is weakened.
func NewBehaviour(ctx context.Context, conn *pgx.Conn, s *probe.Script, list []survivor) (*Behaviour, error) {
	b := &Behaviour{survivors: list}
	derived, err := derive(ctx, conn, s, derivations...)
	if err != nil {
		return nil, err
	}
	b.add(true, derived)
	for _, file := range s.Files() {
		b.add(file == rareFile, s.Attempts(file))
	}
	return b, nil
}

func (b *Behaviour) add(rare bool, attempts []probe.Attempt) {
	for _, a := range attempts {
		about := named.FindAllString(strings.Join(a.Steps, "\n"), -1)
		slices.Sort(about)
		b.attempts = append(b.attempts, prepared{a.Encode(), slices.Compact(about), rare})
	}
}

// Name implements Checker.
func (b *Behaviour) Name() string { return "behaviour" }

// Check implements Checker. Attempts that name most of the mutant's objects come first, because they are most likely
// to notice it. The first unexpected outcome ends the search. It makes no attempt on an idle mutant.
//
// On a listed survivor it makes the attempts that come first, and no others. A survivor is searched to the end, so that
// the 500 of them took as long as the 6,000 mutants that attempts notice. An attempt that names none of its objects
// would only find that the list has a line too many.
func (b *Behaviour) Check(ctx context.Context, tx pgx.Tx, m Mutant) (killed bool, why string, err error) {
	if m.Idle != "" {
		return false, "", nil
	}
	objects := m.about()
	nearness := make([][]probe.Encoded, len(objects)+1)
	for _, a := range b.attempts {
		n := 0
		for _, o := range objects {
			if slices.Contains(a.about, o) {
				n++
			}
		}
		if a.rare && n == 0 && len(objects) > 0 {
			continue
		}
		nearness[n] = append(nearness[n], a.sent)
	}
	survives := slices.ContainsFunc(b.survivors, func(s survivor) bool { return s.matches.MatchString(m.ID()) })
	for _, some := range slices.Backward(nearness) {
		if why, err = probe.Difference(ctx, tx, some); why != "" || err != nil {
			return why != "", why, err
		}
		if survives && len(some) > 0 {
			break
		}
	}
	return false, "", nil
}
