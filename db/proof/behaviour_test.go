package proof

import (
	"cmp"
	"context"
	"regexp"
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
	// naming is how many attempts have a word.
	naming map[string]int
}

// prepared is an attempt as it is sent.
type prepared struct {
	sent probe.Encoded
	// about are the tables, functions and roles that it names, words all the words of its statements and its outcome.
	about, words []string
	// rare attempts are very many, or take long. They are made only on a mutant of the same objects, or of none that has
	// a name.
	rare bool
}

// NewBehaviour reads the probe files, and derives the other attempts from the catalogue before it is weakened.
func NewBehaviour(ctx context.Context, conn *pgx.Conn, s *probe.Script, list []survivor) (*Behaviour, error) {
	b := &Behaviour{survivors: list, naming: map[string]int{}}
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
		text := strings.Join(a.Steps, "\n")
		p := prepared{a.Encode(), distinctOf(named, text), distinctOf(word, a.Want+"\n"+text), rare}
		for _, w := range p.words {
			b.naming[w]++
		}
		b.attempts = append(b.attempts, p)
	}
}

// word is a name or a word of SQL that says something.
var word = regexp.MustCompile(`\w{4,}`)

// distinctOf are the different matches in a text, sorted.
func distinctOf(of *regexp.Regexp, text string) []string {
	all := of.FindAllString(text, -1)
	slices.Sort(all)
	return slices.Compact(all)
}

// Name implements Checker.
func (b *Behaviour) Name() string { return "behaviour" }

// Check implements Checker. Attempts that have most in common with the mutant come first, because they are most likely
// to notice it. The first unexpected outcome ends the search. It makes no attempt on an idle mutant.
func (b *Behaviour) Check(ctx context.Context, tx pgx.Tx, m Mutant) (killed bool, why string, err error) {
	if m.Idle != "" {
		return false, "", nil
	}
	attempts := b.attemptsOn(m)
	for from, n := 0, firstBatch; from < len(attempts); from, n = from+n, n*4 {
		some := attempts[from:min(from+n, len(attempts))]
		if why, err = probe.Difference(ctx, tx, some); why != "" || err != nil {
			return why != "", why, err
		}
	}
	return false, "", nil
}

// firstBatch is how many attempts are sent at first. Most mutants are noticed by one of them, and the server reads all
// that it is sent.
const firstBatch = 32

// attemptsOn are the attempts to make on a mutant, in their order. Where a mutant changes who may do something, the
// attempts that name most of its objects come first. Where it changes what a function, a trigger, a constraint or an
// index does, hardly an attempt names that, and those with the same words come first.
//
// On a listed survivor these are the ones that name most of its objects, and no others. A survivor is searched to the
// end, so that the 500 of them took as long as the 6,000 mutants that attempts notice. An attempt that names none of
// their objects would only find that the list has a line too many.
func (b *Behaviour) attemptsOn(m Mutant) []probe.Encoded {
	objects, likeness := m.about(), b.likenessTo(m)
	var found []candidate
	most := 0
	for _, a := range b.attempts {
		n := common(a.about, objects)
		if a.rare && n == 0 && len(objects) > 0 {
			continue
		}
		c := candidate{Encoded: a.sent, objects: n}
		for _, w := range a.words {
			c.likeness += likeness[w]
		}
		found, most = append(found, c), max(most, n)
	}
	if slices.ContainsFunc(b.survivors, func(s survivor) bool { return s.matches.MatchString(m.ID()) }) {
		found = slices.DeleteFunc(found, func(c candidate) bool { return c.objects < most })
	}
	slices.SortStableFunc(found, m.order())
	attempts := make([]probe.Encoded, len(found))
	for i, c := range found {
		attempts[i] = c.Encoded
	}
	return attempts
}

// candidate is an attempt that may be made on a mutant, and what they have in common.
type candidate struct {
	probe.Encoded
	objects  int
	likeness float64
}

// order is the order of the attempts on a mutant of this kind.
func (m Mutant) order() func(a, b candidate) int {
	byObjects := func(a, b candidate) int { return cmp.Compare(b.objects, a.objects) }
	byLikeness := func(a, b candidate) int { return cmp.Compare(b.likeness, a.likeness) }
	switch what, how, _ := strings.Cut(m.Kind, "-"); {
	case what == "policy":
		return func(a, b candidate) int { return cmp.Or(byObjects(a, b), byLikeness(a, b)) }
	case what == "role" || how == "grant" || how == "owner":
		if len(m.about()) > 0 {
			return byObjects
		}
	}
	return byLikeness
}

// likenessTo is what each word counts by which an attempt resembles a mutant: the fewer attempts have it the more, and
// a word of the mutant's name more than one that its statement alone has, such as the body of a function.
func (b *Behaviour) likenessTo(m Mutant) map[string]float64 {
	counts := map[string]float64{}
	count := func(text string, weight float64) {
		for _, w := range distinctOf(word, text) {
			if n := b.naming[w]; n > 0 {
				counts[w] += weight / float64(n)
			}
		}
	}
	count(m.SQL, 1)
	count(m.ID(), nameCounts)
	return counts
}

// nameCounts was found by trying.
const nameCounts = 4

// common is how many of these an attempt names.
func common(about, objects []string) (n int) {
	for _, o := range objects {
		if slices.Contains(about, o) {
			n++
		}
	}
	return n
}
