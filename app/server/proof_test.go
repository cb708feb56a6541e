package server

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/policy"
	"github.com/streamspace-dev/streamspace/db/rules"
)

// TestAServerDoesNotStartOnAWeakenedCatalogue weakens one policy, and then has somebody answer for it.
func TestAServerDoesNotStartOnAWeakenedCatalogue(t *testing.T) {
	t.Parallel()
	d, folder := dbtest.Own(t), t.TempDir()
	keys, accepted := filepath.Join(folder, "keys"), filepath.Join(folder, "accepted")
	if err := jwt.EnsureKeys(keys); err != nil {
		t.Fatal(err)
	}
	settings := []string{
		"STREAMSPACE_LISTEN=127.0.0.1:0", "STREAMSPACE_OPS_LISTEN=127.0.0.1:0",
		"STREAMSPACE_DATABASE_URL=" + d.URL(), "STREAMSPACE_SIGNING_KEYS=" + keys,
	}
	if err := starts(t, settings); err != nil {
		t.Fatalf("before: %v", err)
	}
	_, err := d.Superuser(t).Exec(t.Context(),
		"create policy everybody on app.sessions for select to streamspace_app using (true)")
	if err != nil {
		t.Fatal(err)
	}
	refused := starts(t, settings)
	for _, by := range []string{"R05 app.sessions", "manifest"} {
		if refused == nil || !strings.Contains(refused.Error(), by) {
			t.Fatalf("after, not refused by %s: %v", by, refused)
		}
	}
	for from, text := range map[string]string{"the refused start": refused.Error(), "the audit": audited(t, d)} {
		if err := os.WriteFile(accepted, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := starts(t, append(settings, "STREAMSPACE_ACCEPTED_VIOLATIONS="+accepted)); err != nil {
			t.Errorf("accepted as %s prints it: %v", from, err)
		}
	}
}

// audited is what the audit of the catalogue prints.
func audited(t *testing.T, d *dbtest.Database) string {
	t.Helper()
	report, err := policy.Audit(t.Context(), policy.Options{Config: d.Config("streamspace_auditor"), CatalogueOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := report.Write(&out, "table"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// starts tells why a server does not start.
func starts(t *testing.T, settings []string) error {
	t.Helper()
	c, err := ReadConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err == nil {
		s.Close()
	}
	return err
}

// A rolling restart: two programs on one database, whose rules are the newer one's. Both serve, and the older one's
// `streamspace migrate` leaves the rules alone. Seen to fail with the comparison of the rules' versions taken out of
// policy.Violations (the manifest differs), and out of Apply.
func TestProgramsWithOlderAndNewerRulesServeTogether(t *testing.T) {
	t.Parallel()
	d, keys := dbtest.Own(t), t.TempDir()
	if err := jwt.EnsureKeys(keys); err != nil {
		t.Fatal(err)
	}
	settings := []string{
		"STREAMSPACE_LISTEN=127.0.0.1:0", "STREAMSPACE_OPS_LISTEN=127.0.0.1:0",
		"STREAMSPACE_DATABASE_URL=" + d.URL(), "STREAMSPACE_SIGNING_KEYS=" + keys,
	}
	if err := starts(t, settings); err != nil {
		t.Fatalf("the newer program: %v", err) // on the rules that it brought
	}
	newer := newerRules(t)
	config := d.Config("streamspace_migrator")
	config.RuntimeParams["options"] = "-c role=streamspace_owner"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if applied, err := newer.Apply(t.Context(), conn); err != nil || !applied {
		t.Fatalf("the newer program migrates: applied %t, %v", applied, err)
	}
	done, err := db.Migrate(t.Context(), d.Config("streamspace_migrator"))
	if err != nil || done.RulesApplied || done.Rules != newer.Version {
		t.Errorf("the older program migrates: %+v, %v", done, err)
	}
	if err := starts(t, settings); err != nil {
		t.Errorf("the older program does not start: %v", err)
	}
	_, err = d.Superuser(t).Exec(t.Context(), "alter table app.sessions no force row level security")
	if err != nil {
		t.Fatal(err)
	}
	if err := starts(t, settings); err == nil {
		t.Error("the older program starts on what the newer rules refuse")
	}
}

// newerRules are the program's, with another text and the next version.
func newerRules(t *testing.T) rules.Set {
	t.Helper()
	set, err := rules.Built()
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range set.Files {
		number := func(version int64) string { return fmt.Sprintf("select %d $$", version) }
		f.Text = strings.ReplaceAll(f.Text, number(set.Version), number(set.Version+1))
		f.Text = strings.ReplaceAll(f.Text, "-- R01 ", "-- R01 (in other words) ")
		set.Files[i] = f
	}
	set.Version++
	return set
}
