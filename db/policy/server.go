package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// flaw is a known one of PostgreSQL's row-level security, and the minor version of each major one that mended it. A
// major version that is not named never had it.
type flaw struct {
	name, about string
	mended      map[int]int
}

// source is where PostgreSQL's own page about a flaw is found.
func (f flaw) source() string { return "https://www.postgresql.org/support/security/" + f.name + "/" }

// flaws are those that reach past a policy, by the release notes of the versions that mend them; each has a page of its
// own. What is newer than this list is not in it.
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

// newest is the last major version of which the flaws are known here.
const newest = 18

// settings are what the policies rest on.
var settings = map[string]struct{ must, why string }{
	"row_security":                {"on", "off makes a query fail that a policy would filter"},
	"session_replication_role":    {"origin", "replica switches triggers and foreign keys off"},
	"allow_system_table_mods":     {"off", "on lets a superuser change the catalogue past its checks"},
	"ignore_system_indexes":       {"off", "on is for repairs: the catalogue may be broken"},
	"zero_damaged_pages":          {"off", "on drops rows, of policies as of tables, without a word"},
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
		return nil, []string{fmt.Sprintf("PostgreSQL %d is newer than this program, which knows no flaw of it", major)}
	}
	for _, f := range flaws {
		if mended, had := f.mended[major]; had && minor < mended {
			found = append(found, Violation{"server", "version", fmt.Sprintf("%d.%d has %s: %s; mended in %d.%d (%s)",
				major, minor, f.name, f.about, major, mended, f.source())})
		}
	}
	return found, nil
}

// server asks for the version and the settings.
func server(ctx context.Context, tx pgx.Tx) (Section, error) {
	s := Section{Name: "server", Checked: len(flaws) + len(settings), Unit: "flaws and settings"}
	var num int
	if err := tx.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&num); err != nil {
		return s, fmt.Errorf("ask for the server's version: %w", err)
	}
	s.Findings, s.Notes = checkVersion(num)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		var value string
		if err := tx.QueryRow(ctx, "select coalesce(current_setting($1, true), '')", name).Scan(&value); err != nil {
			return s, fmt.Errorf("ask for the setting %s: %w", name, err)
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
	s.Notes = append(s.Notes, fmt.Sprintf("no policy holds the superusers: %v", superusers))
	return s, nil
}
