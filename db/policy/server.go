package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// flaw is a known flaw of PostgreSQL's row-level security. fixed has, by major version, the minor version that fixed
// it. A major version that is not in the map never had the flaw.
type flaw struct {
	name, about string
	fixed       map[int]int
}

// source is the address of PostgreSQL's own page about the flaw.
func (f flaw) source() string { return "https://www.postgresql.org/support/security/" + f.name + "/" }

// flaws are the known ways around a policy, from PostgreSQL's release notes. Flaws found after this list was written
// are missing.
var flaws = []flaw{
	{"CVE-2023-2455", "policies were not looked at again when a set-returning function was inlined under another role",
		map[int]int{15: 3}},
	{"CVE-2023-39418", "MERGE did not ask the policies for UPDATE and SELECT", map[int]int{15: 4}},
	{"CVE-2024-10976", "a plan made for one role was used for another where a policy stood below a subquery",
		map[int]int{15: 9, 16: 5, 17: 1}},
	{"CVE-2025-8713", "statistics told of rows that a policy hides, in partitioned and inherited tables",
		map[int]int{15: 14, 16: 10, 17: 6}},
	{"CVE-2026-14666", "a plan outlived a change of the role that it was made for",
		map[int]int{15: 19, 16: 15, 17: 11, 18: 6}},
}

// oldest is the first major version that the product supports.
const oldest = 15

// newest is the last major version that the list of flaws covers.
const newest = 18

// settings are the server settings that the policies rely on.
var settings = map[string]struct{ must, why string }{
	"row_security":                {"on", "with off, a query fails instead of being filtered by a policy"},
	"session_replication_role":    {"origin", "replica disables triggers and foreign keys"},
	"allow_system_table_mods":     {"off", "on lets a superuser change the catalogue without its checks"},
	"ignore_system_indexes":       {"off", "on is for repairs: the catalogue may be broken"},
	"zero_damaged_pages":          {"off", "on silently drops rows, including those of policies"},
	"ignore_checksum_failure":     {"off", "on reads damaged pages as if they were sound"},
	"standard_conforming_strings": {"on", "off makes a backslash end a literal early: what was a value becomes SQL"},
}

// checkVersion lists the known flaws of a server by its server_version_num.
func checkVersion(num int) (found []Violation, notes []string) {
	major, minor := num/10000, num%10000
	if major < oldest {
		return []Violation{{"server", "version", fmt.Sprintf(
			"%d is older than %d, the first that has security_invoker views", major, oldest)}}, nil
	}
	if major > newest {
		return nil, []string{fmt.Sprintf("PostgreSQL %d is newer than this program, which has no list of its flaws", major)}
	}
	for _, f := range flaws {
		if fixed, had := f.fixed[major]; had && minor < fixed {
			found = append(found, Violation{"server", "version", fmt.Sprintf("%d.%d has %s: %s; fixed in %d.%d (%s)",
				major, minor, f.name, f.about, major, fixed, f.source())})
		}
	}
	return found, nil
}

// server checks the server's version and settings.
func server(ctx context.Context, tx pgx.Tx) (Section, error) {
	s := Section{Name: "server", Checked: len(flaws) + len(settings), Unit: "flaws and settings"}
	var num int
	if err := tx.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&num); err != nil {
		return s, fmt.Errorf("read the server's version: %w", err)
	}
	s.Findings, s.Notes = checkVersion(num)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		var value string
		if err := tx.QueryRow(ctx, "select coalesce(current_setting($1, true), '')", name).Scan(&value); err != nil {
			return s, fmt.Errorf("read the setting %s: %w", name, err)
		}
		if want := settings[name]; value != want.must {
			s.Findings = append(s.Findings, Violation{"server", name,
				fmt.Sprintf("is %s and must be %s: %s", value, want.must, want.why)})
		}
	}
	rows, err := tx.Query(ctx, "select rolname::text from pg_roles where rolsuper order by 1")
	if err != nil {
		return s, fmt.Errorf("list the superusers: %w", err)
	}
	superusers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return s, fmt.Errorf("list the superusers: %w", err)
	}
	s.Notes = append(s.Notes, fmt.Sprintf("no policy restricts the superusers: %v", superusers))
	return s, nil
}
