package proof

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
)

// queries read the catalogue: most for finished mutants (kind, object, SQL), three for what is taken apart here.
//
//go:embed generate/*.sql
var queries embed.FS

// Generate makes every mutant of a database, in a fixed order, as a superuser.
func Generate(ctx context.Context, conn *pgx.Conn) ([]Mutant, error) {
	// Without a search path every name in an expression is written out.
	if _, err := conn.Exec(ctx, "set search_path = pg_catalog, pg_temp"); err != nil {
		return nil, fmt.Errorf("set the search path: %w", err)
	}
	var all []Mutant
	for _, name := range []string{"tables", "columns", "roles", "privileges", "strangers"} {
		rows, err := read[row](ctx, conn, name)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			all = append(all, Mutant{Kind: r.Kind, Object: r.Object, SQL: r.SQL})
		}
	}
	from, err := readCatalogue(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, p := range from.policies {
		all = append(all, p.mutants(from)...)
	}
	for _, t := range from.triggers {
		all = append(all, t.mutants()...)
	}
	for _, f := range from.functions {
		all = append(all, f.mutants(from.variants)...)
	}
	slices.SortStableFunc(all, func(a, b Mutant) int { return strings.Compare(a.ID(), b.ID()) })
	return all, distinct(all)
}

// catalogue is what is taken apart here.
type catalogue struct {
	policies  []rowPolicy
	roles     []role
	triggers  []trigger
	functions []function
	variants  map[source][]variant // of the policies' conditions and the functions' bodies
}

func readCatalogue(ctx context.Context, conn *pgx.Conn) (c catalogue, err error) {
	if c.policies, err = read[rowPolicy](ctx, conn, "policies"); err != nil {
		return c, err
	}
	if c.roles, err = read[role](ctx, conn, "service"); err != nil {
		return c, err
	}
	if c.triggers, err = read[trigger](ctx, conn, "triggers"); err != nil {
		return c, err
	}
	if c.functions, err = read[function](ctx, conn, "functions"); err != nil {
		return c, err
	}
	var sources []source
	for _, p := range c.policies {
		for _, text := range []string{p.Reads, p.Writes} {
			if text != "" {
				sources = append(sources, condition(text))
			}
		}
	}
	for _, f := range c.functions {
		sources = append(sources, f.body())
	}
	c.variants, err = variantsOf(ctx, sources)
	return c, err
}

type row struct{ Kind, Object, SQL string }

type role struct{ Name string }

func read[T any](ctx context.Context, conn *pgx.Conn, name string) ([]T, error) {
	return db.Rows(ctx, conn, db.QueryFile{Files: queries, Path: "generate/" + name + ".sql"}, pgx.RowToStructByPos[T])
}

// distinct makes sure that a name means one mutant.
func distinct(all []Mutant) error {
	for i := 1; i < len(all); i++ {
		if all[i].ID() == all[i-1].ID() {
			return fmt.Errorf("two mutants are called %q:\n%s\n%s", all[i].ID(), all[i-1].SQL, all[i].SQL)
		}
	}
	return nil
}

// trigger is one that the migrations made.
type trigger struct{ Table, Name, Definition string }

func (t trigger) mutants() []Mutant {
	object := t.Table + ": " + t.Name
	gone := fmt.Sprintf("drop trigger %s on %s", t.Name, t.Table)
	alter := "alter table " + t.Table
	out := []Mutant{
		{Kind: "trigger-drop", Object: object, SQL: gone},
		{Kind: "trigger-disable", Object: object, SQL: alter + " disable trigger " + t.Name},
		{Kind: "trigger-on-replica", Object: object, SQL: alter + " enable replica trigger " + t.Name},
	}
	head, rest, _ := strings.Cut(t.Definition, " ON ")
	for _, timing := range []string{" BEFORE ", " AFTER "} {
		before, events, ok := strings.Cut(head, timing)
		all := strings.Split(events, " OR ")
		if !ok || len(all) < 2 {
			continue
		}
		for i, event := range all {
			left := strings.Join(slices.Delete(slices.Clone(all), i, i+1), " OR ")
			out = append(out, Mutant{
				Kind: "trigger-event", Object: object + " without " + strings.ToLower(event),
				SQL: gone + "; " + before + timing + left + " ON " + rest,
			})
		}
	}
	return out
}
