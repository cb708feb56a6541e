package policy

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// An index for speed and the reviewed extensions stop nothing: they are notes. Seen to fail where the manifest does not
// leave out the functions, views, schemas and privileges of such an extension, and with the index a finding.
func TestWhatAnOperatorAddsIsANote(t *testing.T) { // alone: see planting
	for _, c := range []struct{ name, statements, note string }{
		{"an index", "create index by_name on app.sessions (org_id, name)",
			"an unreviewed index, which slows writes down but shows no row: CREATE INDEX by_name"},
		{"pg_stat_statements", "create extension pg_stat_statements", "R36 pg_stat_statements: its view shows each role"},
		{"pgstattuple", "create extension pgstattuple", "R36 pgstattuple: it tells"},
		{"pg_repack", "create extension pg_repack", "R36 pg_repack: it copies whole tables"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := planting(t)
			if !available(t, tx, c.statements) {
				t.Skip("the server does not have it")
			}
			plant(t, tx, c.statements)
			if found, err := Violations(t.Context(), tx); err != nil || len(found) != 0 {
				t.Errorf("findings: %v, %v", found, err)
			}
			r := catalogueOf(t, tx)
			for _, format := range Formats() {
				var out bytes.Buffer
				if err := r.Write(&out, format); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(out.String(), c.note) {
					t.Errorf("the %s does not say %q:\n%s", format, c.note, &out)
				}
			}
			if !r.Passed() {
				t.Error("the audit did not pass")
			}
		})
	}
}

// What is like it and is no note.
func TestWhatAnOperatorAddsIsAFinding(t *testing.T) { // alone: see planting
	for _, c := range []struct{ name, statements, finding string }{
		{"a unique index", "create unique index by_name on app.sessions (org_id, name)", "manifest tables: + CREATE UNIQUE"},
		{"another extension", "create extension tablefunc", "R36 tablefunc: is an extension"},
		{"another extension's functions", "create extension tablefunc", "R21 public.normal_rand"},
		{"a reviewed extension in rls", "create extension pgstattuple schema rls", "R21 rls.pgstattuple(text)"},
		{"a view of a reviewed extension in app", "create extension pg_stat_statements schema app",
			"R18 app.pg_stat_statements"},
		{"a function of ours that such an extension took", "create extension pgstattuple; " +
			"alter extension pgstattuple add function rls.is_admin(); alter function rls.is_admin() leakproof",
			"R22 rls.is_admin()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := planting(t)
			plant(t, tx, c.statements)
			found, err := Violations(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(found, func(v Violation) bool { return strings.HasPrefix(v.String(), c.finding) }) {
				t.Errorf("%q is not among %v", c.finding, found)
			}
		})
	}
}

// available tells whether the server has what a statement installs. What PostgreSQL itself brings must be there.
func available(t *testing.T, tx pgx.Tx, statement string) bool {
	t.Helper()
	_, rest, isExtension := strings.Cut(statement, "create extension ")
	name, _, _ := strings.Cut(rest, " ")
	var there bool
	const ask = "select exists (select from pg_available_extensions where name = $1)"
	err := tx.QueryRow(t.Context(), ask, name).Scan(&there)
	if err != nil {
		t.Fatal(err)
	}
	return there || !isExtension || name != "pg_repack"
}

// catalogueOf is the report of the catalogue alone.
func catalogueOf(t *testing.T, tx pgx.Tx) Report {
	t.Helper()
	r := Report{Partial: true}
	if err := r.read(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for _, prove := range []func() (Section, error){
		func() (Section, error) { return r.proveRules(t.Context(), tx) },
		func() (Section, error) { return r.proveManifest(t.Context(), tx) },
	} {
		s, err := prove()
		if err != nil {
			t.Fatal(err)
		}
		r.add(s, nil)
	}
	return r
}
