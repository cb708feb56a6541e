package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// statuses are a report's, by section.
func statuses(r Report) map[string]Status {
	out := map[string]Status{}
	for _, s := range r.Sections {
		out[s.Name] = s.Status
	}
	return out
}

// flawed are the findings about the version of the server that the tests happen to run on.
func flawed(t *testing.T) []string {
	t.Helper()
	found, _ := checkVersion(versionNum(t, planting(t)))
	var lines []string
	for _, v := range found {
		lines = append(lines, v.String())
	}
	return lines
}

func TestAuditProvesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	database.NewOrg(t, dbtest.Spec{}) // somebody's rows, which must stay as they are
	before := content(t)
	r, err := Audit(t.Context(), Options{Config: database.Config("postgres"), Accepted: flawed(t)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Status{"rules": Held, "manifest": Held, "live": Held, "server": Held}
	if diff := cmp.Diff(want, statuses(r)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if !r.Passed() || r.Took > 10*time.Second || len(r.Probes) < 1000 {
		t.Errorf("passed %t in %s with %d attempts", r.Passed(), r.Took, len(r.Probes))
	}
	if diff := cmp.Diff(before, content(t)); diff != "" {
		t.Errorf("the audit left something (-before +after):\n%s", diff)
	}
}

func TestAuditOfTheCatalogueNeedsNoRoles(t *testing.T) {
	t.Parallel()
	o := Options{Config: database.Config("streamspace_auditor"), Accepted: flawed(t)}
	r, err := Audit(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if s := statuses(r); s["live"] != NotRun || r.Passed() {
		t.Errorf("the auditor may not act as the roles, and yet %v, passed %t", s, r.Passed())
	}
	last := r.Sections[len(r.Sections)-1]
	if len(last.Notes) != 1 || !strings.Contains(last.Notes[0], "may not act as") {
		t.Errorf("it does not say why: %q", last.Notes)
	}
	o.CatalogueOnly = true
	if r, err = Audit(t.Context(), o); err != nil || !r.Passed() {
		t.Errorf("the catalogue alone: passed %t, %v, %v", r.Passed(), statuses(r), err)
	}
}

func TestAFindingFailsTheAuditUntilItIsAccepted(t *testing.T) { // alone: see planting
	tx := planting(t)
	plant(t, tx, "grant select on app.tickets to streamspace_app")
	report := func(accepted []string) Report {
		r := Report{Partial: true}
		for _, prove := range []func() (Section, error){
			func() (Section, error) { return r.proveRules(t.Context(), tx) },
			func() (Section, error) { return Section{Name: "live", Status: NotRun}, nil },
		} {
			s, err := prove()
			if err != nil {
				t.Fatal(err)
			}
			r.add(s, accepted)
		}
		return r
	}
	if r := report(nil); r.Passed() || len(r.Sections[0].Findings) != 1 {
		t.Errorf("passed %t with %v", r.Passed(), r.Sections[0].Findings)
	}
	r := report([]string{"R28 app.tickets: select to streamspace_app"})
	if !r.Passed() || len(r.Sections[0].Accepted) != 1 {
		t.Errorf("passed %t with %v", r.Passed(), r.Sections[0].Findings)
	}
}

func TestKnownFlawsOfAVersion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		num  int
		want []string // the names of the flaws
		note bool
	}{
		"the first 15":            {150000, []string{"-2455", "-39418", "-10976", "-8713", "-14666"}, false},
		"15 before the last":      {150018, []string{"CVE-2026-14666"}, false},
		"15 with all":             {150019, nil, false},
		"16, which never had two": {160004, []string{"CVE-2024-10976", "CVE-2025-8713", "CVE-2026-14666"}, false},
		"17 with all":             {170011, nil, false},
		"the first 18":            {180000, []string{"CVE-2026-14666"}, false},
		"18 with all":             {180006, nil, false},
		"one that nobody knows":   {190000, nil, true},
		"one that is too old":     {140024, []string{"14 is older"}, false},
	} {
		found, notes := checkVersion(c.num)
		ok := len(found) == len(c.want) && (len(notes) > 0) == c.note
		for i := range min(len(found), len(c.want)) {
			ok = ok && strings.Contains(found[i].Detail, c.want[i])
		}
		if !ok {
			t.Errorf("%s: found %v and notes %v; want %v", name, found, notes, c.want)
		}
	}
}

func TestSettingsThatPoliciesRestOn(t *testing.T) { // alone: see planting
	tx := planting(t)
	plant(t, tx, "set local session_replication_role = replica; set local row_security = off")
	s, err := server(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.Findings {
		if f.Object != "version" {
			got = append(got, f.Object)
		}
	}
	if diff := cmp.Diff([]string{"row_security", "session_replication_role"}, got); diff != "" {
		t.Errorf("settings found (-want +got):\n%s", diff)
	}
}

func TestAReportIsWrittenInEveryFormat(t *testing.T) {
	t.Parallel()
	r := Report{Database: "streamspace", Server: "15.20", Rules: []Rule{{"R01", "This is so.", "For a reason."}},
		Sections: []Section{{Name: "rules", Status: Broken, Findings: []Violation{{"R01", "app.x", "is a|b"}}}},
		Probes:   []Probe{{Role: "streamspace_app", Caller: "the member", Table: "sessions", Outcome: "1 rows"}}}
	for format, want := range map[string][]string{
		"table":    {"NOT PROVEN", "! R01 app.x: is a|b"},
		"markdown": {"**NOT PROVEN", `| R01 | app.x | is a\|b |`, "| R01 | This is so. | For a reason. |", "Signature"},
		"json":     {`"passed": false`, `"rule": "R01"`, `"caller": "the member"`},
	} {
		var out bytes.Buffer
		if err := r.Write(&out, format); err != nil {
			t.Error(err)
		}
		for _, words := range want {
			if !strings.Contains(out.String(), words) {
				t.Errorf("the %s lacks %q:\n%s", format, words, &out)
			}
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("not JSON: %s", &out)
		}
	}
	if err := r.Write(&bytes.Buffer{}, "pdf"); err == nil {
		t.Error("a format that is none was written")
	}
}

func TestTheMatrixIsTheDocument(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Matrix(t.Context(), database.Connect(t, "streamspace_auditor"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("docs/policies.md is stale: run `make generate` (-file +database):\n%s", diff)
	}
}

// content is every row of every table with where it stands and who has touched it, and the whole catalogue beside
// them.
func content(t *testing.T) []string {
	t.Helper()
	conn := database.Connect(t, "streamspace_backup")
	rows, err := conn.Query(t.Context(),
		"select c.oid::regclass::text from pg_class c where c.oid >= 16384 and c.relkind = 'r' order by 1")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), fmt.Sprintf(
			"select concat_ws(' ', '%s', x.ctid, x.xmin, to_jsonb(x)) from %[1]s x order by x.ctid", table))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, lines...)
	}
	catalogue, err := Snapshot(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range slices.Sorted(maps.Keys(catalogue)) {
		out = append(out, catalogue[kind]...)
	}
	return out
}
