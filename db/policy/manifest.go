package policy

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/manifest"
)

// facts has one query for each kind of fact.
//
//go:embed facts/*.sql
var facts embed.FS

// Manifest is the content of a catalogue by kind ("privileges", "policies"), as sorted lines with one fact each.
type Manifest map[string][]string

// Difference is a fact that only one of two manifests has.
type Difference struct {
	Kind string `json:"kind"`
	Fact string `json:"fact"`
	// Extra is true for an unexpected fact, and false for a missing one.
	Extra bool `json:"extra"`
}

// String is the difference in the style of a diff: "+ grant select on table app.users to public".
func (d Difference) String() string {
	if d.Extra {
		return "+ " + d.Fact
	}
	return "- " + d.Fact
}

func (d Difference) violation() Violation {
	return Violation{Rule: "manifest", Object: d.Kind, Detail: d.String()}
}

// Reviewed returns the manifest that is embedded in this program.
func Reviewed() (Manifest, error) {
	out := Manifest{}
	names, err := fs.Glob(manifest.Files, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("list the manifest: %w", err)
	}
	for _, name := range names {
		text, err := manifest.Files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the manifest: %w", err)
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		out[strings.TrimSuffix(name, ".txt")] = slices.DeleteFunc(lines, func(line string) bool {
			return line == "" || strings.HasPrefix(line, "#")
		})
	}
	return out, nil
}

// Snapshot reads the manifest of a database. It reads only the catalogue, so any role that may connect can run it.
func Snapshot(ctx context.Context, conn Beginner) (Manifest, error) {
	var out Manifest
	err := look(ctx, conn, func(tx pgx.Tx) (err error) {
		out, err = snapshot(ctx, tx)
		return err
	})
	return out, err
}

func snapshot(ctx context.Context, tx pgx.Tx) (Manifest, error) {
	out := Manifest{}
	queries, err := db.QueryFiles(facts, "facts")
	if err != nil {
		return nil, err
	}
	for _, query := range queries {
		lines, err := db.Rows(ctx, tx, query, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		for i := range lines {
			lines[i] = oneLine(lines[i])
		}
		slices.Sort(lines)
		out[query.Name()] = lines
	}
	return out, nil
}

// breaks matches the line breaks and indents in the definitions that PostgreSQL prints.
var breaks = regexp.MustCompile(`\s*\n\s*`)

func oneLine(text string) string { return strings.TrimSpace(breaks.ReplaceAllString(text, " ")) }

// harmless reports whether the difference is an extra index, which slows writes down and shows no row. A unique index
// is not harmless: when it refuses a duplicate it reveals a row that a policy hides.
func (d Difference) harmless() bool { return d.Extra && strings.HasPrefix(d.Fact, "CREATE INDEX ") }

func (d Difference) note() string {
	return "an unreviewed index, which slows writes down but shows no row: " + d.Fact
}

// Compare lists the unexpected and the missing facts of a database, except harmless ones.
func Compare(want, got Manifest) []Difference {
	return slices.DeleteFunc(compare(want, got), Difference.harmless)
}

func compare(want, got Manifest) []Difference {
	kinds := slices.Compact(slices.Sorted(keys(want, got)))
	var out []Difference
	for _, kind := range kinds {
		for _, fact := range missing(got[kind], want[kind]) {
			out = append(out, Difference{Kind: kind, Fact: fact, Extra: true})
		}
		for _, fact := range missing(want[kind], got[kind]) {
			out = append(out, Difference{Kind: kind, Fact: fact})
		}
	}
	return out
}

func keys(all ...Manifest) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, m := range all {
			for kind := range maps.Keys(m) {
				if !yield(kind) {
					return
				}
			}
		}
	}
}

// missing lists the lines of a that b does not have, as many times as b lacks them.
func missing(a, b []string) []string {
	left := map[string]int{}
	for _, line := range b {
		left[line]++
	}
	var out []string
	for _, line := range a {
		if left[line]--; left[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}

// managed reports whether the difference is one that the administrator of a server without a superuser cannot avoid:
// grants to PUBLIC that it cannot revoke, and its own ADMIN on our roles, since PostgreSQL 16. db/managed.sql says what
// each of them means.
func (d Difference) managed(administrator string) bool {
	switch {
	case administrator == "":
		return false
	case !d.Extra:
		revoke := strings.HasPrefix(d.Fact, "revoke execute on function pg_catalog.") &&
			strings.HasSuffix(d.Fact, " from public")
		return revoke || strings.HasPrefix(d.Fact, "grant execute on function pg_catalog.")
	default:
		return strings.HasPrefix(d.Fact, "grant streamspace_") &&
			strings.HasSuffix(d.Fact, " to "+administrator+" with admin without set") ||
			strings.HasPrefix(d.Fact, "role "+administrator+" ")
	}
}

// differences compares the database with the reviewed manifest. The harmless differences are notes.
func differences(ctx context.Context, tx pgx.Tx) (found []Difference, notes []string, err error) {
	want, err := Reviewed()
	if err != nil {
		return nil, nil, err
	}
	got, err := snapshot(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	var administrator string
	err = tx.QueryRow(ctx, "select coalesce(rls.administrator_v1()::regrole::text, '')").Scan(&administrator)
	if err != nil {
		return nil, nil, fmt.Errorf("read who administers the database: %w", err)
	}
	for _, d := range compare(want, got) {
		switch {
		case d.harmless():
			notes = append(notes, d.note())
		case !d.managed(administrator): // those that are have notes of their own
			found = append(found, d)
		}
	}
	return found, notes, nil
}

// Lines is the number of facts.
func (m Manifest) Lines() int {
	n := 0
	for _, lines := range m {
		n += len(lines)
	}
	return n
}

// File is the content of the file in db/manifest for a kind of fact.
func (m Manifest) File(kind string) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Generated from the catalogue that db/migrations make, by make generate. DO NOT EDIT.\n")
	for _, line := range m[kind] {
		fmt.Fprintln(&out, line)
	}
	return out.Bytes()
}
