package proof

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/db/policy/probe"
)

// Report is the result of a mutation run.
type Report struct {
	Results   []Result
	Took      time.Duration
	Databases int        // at once
	Attempts  int        // that behaviour has
	Sampled   bool       // not all mutants were made
	listed    []survivor // that no attempt should notice

	script   *probe.Script
	checkers []Checker
}

// Count is how many mutants of a kind there were, and who noticed them.
type Count struct {
	Kind    string
	Mutants int
	// Behaviour, Rules and Manifest are those that each noticed.
	Behaviour int
	Rules     int
	Manifest  int
	// RulesAlone are the survivors of behaviour that the rules noticed, ManifestAlone those that only the manifest did.
	RulesAlone    int
	ManifestAlone int
	// Idle change what no role can use, so that no attempt was made; Impossible were refused by the server itself.
	Idle       int
	Impossible int
	// Alive were noticed by no checker.
	Alive int
}

func (c *Count) add(r Result) {
	rules, manifest, behaviour := r.Killed("rules"), r.Killed("manifest"), r.Killed("behaviour")
	for _, each := range []struct {
		is bool
		of *int
	}{
		{true, &c.Mutants}, {behaviour, &c.Behaviour}, {rules, &c.Rules}, {manifest, &c.Manifest},
		{rules && !behaviour && r.Idle == "", &c.RulesAlone},
		{manifest && !rules && !behaviour, &c.ManifestAlone},
		{r.Idle != "", &c.Idle}, {r.Impossible != "", &c.Impossible},
		{!rules && !manifest && !behaviour && r.Impossible == "", &c.Alive},
	} {
		if each.is {
			*each.of++
		}
	}
}

// Counts are the mutants by kind, and all of them last.
func (r *Report) Counts() []Count {
	kinds, total := map[string]*Count{}, Count{Kind: "all"}
	for _, result := range r.Results {
		c := kinds[result.Kind]
		if c == nil {
			c = &Count{Kind: result.Kind}
			kinds[result.Kind] = c
		}
		c.add(result)
		total.add(result)
	}
	var out []Count
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		out = append(out, *kinds[kind])
	}
	return append(out, total)
}

// Looked is how long a checker looked in all.
func (r *Report) Looked(checker string) time.Duration {
	var sum time.Duration
	for _, result := range r.Results {
		sum += result.Took[checker]
	}
	return sum
}

// Markdown writes the report.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d weakenings of the catalogue in %.0f seconds, on %d databases at once; %d attempts.\n\n",
		len(r.Results), r.Took.Seconds(), r.Databases, r.Attempts)
	b.WriteString("| Weakening | Mutants | Noticed by attempts | by the rules | by the manifest | by the rules, not by " +
		"attempts | by the manifest alone | Idle | Impossible | Alive |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	counts := r.Counts()
	for _, c := range counts {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", c.Kind, c.Mutants, c.Behaviour, c.Rules,
			c.Manifest, c.RulesAlone, c.ManifestAlone, c.Idle, c.Impossible, c.Alive)
	}
	all := counts[len(counts)-1]
	made := all.Mutants - all.Impossible
	noticed := made - all.ManifestAlone - all.Alive
	fmt.Fprintf(&b, "\nOf the %d that the server makes, attempts or rules notice %d (%.4g %%).\n",
		made, noticed, 100*float64(noticed)/float64(max(made, 1)))
	b.WriteString("\nAn idle mutant changes what no role can use, such as a policy for a privilege that is " +
		"granted to none; rules and manifest look at it all the same. An impossible one the server itself refuses: with " +
		"rows of two organisations a key without `org_id` cannot be.\n\n")
	for _, checker := range []string{"behaviour", "rules", "manifest"} {
		fmt.Fprintf(&b, "- %s looked for %.0f seconds\n", checker, r.Looked(checker).Seconds())
	}
	_, err := io.WriteString(w, b.String())
	return err
}
