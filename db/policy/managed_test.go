package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// The administrator of a managed server audits it. What cannot be taken away there is a note, and everything else
// holds.
func TestAuditOfAManagedServer(t *testing.T) {
	t.Parallel()
	managed := dbtest.OwnManaged(t)
	managed.NewOrg(t, dbtest.Spec{})
	r, err := Audit(t.Context(), Options{
		Config:   managed.Config(dbtest.Administrator),
		Auditor:  func() (*pgx.ConnConfig, error) { return managed.Config("streamspace_auditor"), nil },
		Accepted: flawed(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Status{"rules": Held, "manifest": Held, "live": Held, "server": Held}
	if diff := cmp.Diff(want, statuses(r)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			t.Error(f)
		}
	}
	notes := strings.Join(r.Sections[0].Notes, "\n")
	for _, want := range []string{
		"R14 " + dbtest.Administrator + ": administers this database",
		"R31 set_config(text,text,boolean): stays executable by PUBLIC",
		"R31 pg_terminate_backend, ",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
	if !r.Passed() || len(r.Probes) < 1000 {
		t.Errorf("passed %t with %d attempts", r.Passed(), len(r.Probes))
	}
}

// Where a superuser owns the database, nothing is excused.
func TestAServerWithASuperuserHasNoRemarks(t *testing.T) {
	t.Parallel()
	r, err := Audit(t.Context(), Options{Config: database.Config("postgres"), Accepted: flawed(t)})
	if err != nil {
		t.Fatal(err)
	}
	if notes := r.Sections[0].Notes; len(notes) > 0 {
		t.Errorf("notes: %q", notes)
	}
}
