package db_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3/lock"
	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/db/policy"
)

// Seen to fail without goose's locker: all of app was made while another held the lock.
func TestTwoMigrationsAtOnceTakeTurns(t *testing.T) {
	t.Parallel()
	d := dbtest.OwnEmpty(t)
	want, err := db.Version()
	if err != nil {
		t.Fatal(err)
	}
	super := d.Superuser(t)
	run(t, super, "select pg_advisory_lock($1)", lock.DefaultLockID)
	var applied [2]int
	g, ctx := errgroup.WithContext(t.Context())
	for i := range applied {
		g.Go(func() error {
			done, err := db.Migrate(ctx, d.Config("streamspace_migrator"))
			if err == nil && done.Version != want {
				t.Errorf("it says version %d, and the program has %d", done.Version, want)
			}
			applied[i] = done.Applied
			return err
		})
	}
	const waiting = `select count(*) = 2 from pg_stat_activity
		where usename = 'streamspace_migrator' and query like '%pg_try_advisory_lock%'`
	for end := time.Now().Add(20 * time.Second); !one[bool](t, super, waiting); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Error("the two do not wait for the lock")
			break
		}
	}
	if n := one[int64](t, super, "select count(*) from pg_class where relnamespace = 'app'::regnamespace"); n != 0 {
		t.Errorf("%d relations were made while another held the lock", n)
	}
	run(t, super, "select pg_advisory_unlock($1)", lock.DefaultLockID)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("migrations/*.sql") // their numbers may have gaps
	if err != nil || applied[0]+applied[1] != len(all) || applied[0]*applied[1] != 0 {
		t.Errorf("applied %v of %d, %v: one applies all", applied, len(all), err)
	}
	if got := one[int64](t, super, "select max(version_id) from rls.goose_db_version where is_applied"); got != want {
		t.Errorf("the database says version %d", got)
	}
}

// A service's role must not own what its own posture is checked against.
func TestOnlyTheMigratorMigrates(t *testing.T) {
	t.Parallel()
	d := dbtest.OwnEmpty(t)
	for _, role := range db.Roles() {
		if role == "streamspace_migrator" {
			continue
		}
		if _, err := db.Migrate(t.Context(), d.Config(role)); err == nil {
			t.Errorf("%s migrated", role)
		} else if !says(err, role) || !says(err, "streamspace_owner") {
			t.Errorf("%s: the error does not say who could not become whom: %v", role, err)
		}
	}
	if n := one[int64](t, d.Superuser(t), "select count(*) from pg_class where relnamespace in ('app'::regnamespace, "+
		"'rls'::regnamespace)"); n != 0 {
		t.Errorf("they left %d relations", n)
	}
}

// A superuser may become the owner too: what it makes is the owner's, as if the migrator had.
func TestWhatASuperuserMigratesIsTheOwners(t *testing.T) {
	t.Parallel()
	d := dbtest.OwnEmpty(t)
	if _, err := db.Migrate(t.Context(), d.Config(cluster.Superuser)); err != nil {
		t.Fatal(err)
	}
	theirs := all[string](t, d.Superuser(t), `select relname::text from pg_class
		where relnamespace in ('app'::regnamespace, 'rls'::regnamespace) and relowner <> 'streamspace_owner'::regrole`)
	if len(theirs) != 0 {
		t.Errorf("not the owner's: %v", theirs)
	}
}

// Every migration can be undone, and leaves nothing behind that a second run would meet. Seen to fail with a `drop
// function` of 00005 removed from its Down part: the function was left.
func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	first := dump(t, d)
	config := d.Config("streamspace_migrator")
	if err := db.Rollback(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	left := all[string](t, d.Superuser(t), `select relname::text from pg_class where relnamespace = 'app'::regnamespace
		union all select proname::text from pg_proc where pronamespace in ('app'::regnamespace, 'rls'::regnamespace)`)
	if len(left) != 0 {
		t.Errorf("the way down leaves %v", left)
	}
	if _, err := db.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, dump(t, d)); diff != "" {
		t.Errorf("up, down and up again differs from up (-up +again):\n%s", diff)
	}
}

// Preparing again, as after a restore, and migrating again change nothing.
func TestPreparingAndMigratingAgainChangeNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	first := dump(t, d)
	for range 2 {
		if _, err := db.Prepare(t.Context(), d.Config(cluster.Superuser), io.Discard); err != nil {
			t.Fatal(err)
		}
		done, err := db.Migrate(t.Context(), d.Config("streamspace_migrator"))
		if err != nil || done.Applied != 0 || done.RulesApplied {
			t.Fatalf("applied again: %+v (%v)", done, err)
		}
	}
	if diff := cmp.Diff(first, dump(t, d)); diff != "" {
		t.Errorf("prepared again it differs (-once +again):\n%s", diff)
	}
	fill(t, d) // it works as before
}

// random is what pg_dump writes anew each time, against scripts that would be read by psql.
var random = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n`)

// dump is the schema as pg_dump writes it, with its grants and without goose's table, whose rows have times. Where the
// build has no pg_dump, it is the manifest.
func dump(t *testing.T, d *dbtest.Database) string {
	t.Helper()
	path, found := serverProgram(t, "pg_dump")
	if !found {
		return manifest(t, d)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, "--schema-only",
		"--exclude-table=rls.goose_db_version*", "--dbname", d.DSN("streamspace_backup"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	return random.ReplaceAllString(string(out), "")
}

// manifest is the catalogue as the audit reads it, one fact a line.
func manifest(t *testing.T, d *dbtest.Database) string {
	t.Helper()
	facts, err := policy.Snapshot(t.Context(), d.Superuser(t))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(facts)) {
		fmt.Fprintf(&out, "%s\n  %s\n", kind, strings.Join(facts[kind], "\n  "))
	}
	return out.String()
}
