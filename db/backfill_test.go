package db_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// coloured is a column that is added and, in a migration of its own, filled in batches of one row.
func coloured(assignment string) fstest.MapFS {
	return fstest.MapFS{
		"90001_add_colour.sql": {Data: []byte("-- +goose Up\nalter table app.sessions add column colour text;\n" +
			"-- +goose Down\n")},
		"90002_fill_colour.sql": {Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\n" +
			"call rls.backfill_v1('sessions', $$ " + assignment + " $$, $$ colour is null $$, 1);\n-- +goose Down\n")},
	}
}

// Seen to fail with the loop over organisations, and with that over batches, left after the first.
func TestABackfillFillsEveryRow(t *testing.T) {
	t.Parallel()
	d := filledDatabase(t)
	done, err := db.MigrateTo(t.Context(), d.Config("streamspace_migrator"), coloured("colour = 'blue'"))
	if err != nil || done.Applied != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	super := d.Superuser(t)
	if n := one[int64](t, super, "select count(*) from app.sessions where colour = 'blue'"); n != 7 {
		t.Errorf("%d of 7 sessions were filled", n)
	}
	left := one[string](t, asOwner(t, d), "select coalesce(current_setting('app.org_id', true), '')")
	if left != "" {
		t.Errorf("it left the organisation %s", left)
	}
}

// Batches that were committed stay, and a second run does the rest. Seen to fail without the commit of each batch.
func TestABackfillGoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	last := fill(t, d).Replace("{globex}") // of the two the second by its id
	config, super := d.Config("streamspace_migrator"), d.Superuser(t)
	failing := coloured("colour = (1 / (case when org_id = " + last + " then 0 else 1 end))::text")
	if _, err := db.MigrateTo(t.Context(), config, failing); err == nil {
		t.Fatal("it divided by zero")
	}
	if n := one[int64](t, super, "select count(*) from app.sessions where colour = '1'"); n != 6 {
		t.Fatalf("%d sessions were filled before the second organisation, of 6", n)
	}
	if done, err := db.MigrateTo(t.Context(), config, coloured("colour = 'blue'")); err != nil || done.Applied != 1 {
		t.Fatalf("again: %+v, %v", done, err)
	}
	if n := one[int64](t, super, "select count(*) from app.sessions where colour = 'blue'"); n != 1 {
		t.Errorf("the second run filled %d sessions, of 1", n)
	}
}

// A batch whose rows stay pending would be filled for ever. Seen to fail without the count of what is pending.
func TestABackfillThatDoesNotFillEnds(t *testing.T) {
	t.Parallel()
	d := filledDatabase(t)
	_, err := db.MigrateTo(t.Context(), d.Config("streamspace_migrator"), coloured("name = name"))
	if !says(err, "are still pending after they were filled") {
		t.Errorf("wanted an error that says so, got %v", err)
	}
}

// While it runs every other connection sees FORCE, reads and writes, and it holds no stronger lock than an update does.
// Seen to fail with the update between `no force` and `force` instead: the reads waited for its lock.
func TestOthersWorkDuringABackfill(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	script := fill(t, d)
	super := d.Superuser(t)
	config := d.Config("streamspace_migrator")
	add := coloured("colour = 'blue'")
	delete(add, "90002_fill_colour.sql")
	if _, err := db.MigrateTo(t.Context(), config, add); err != nil {
		t.Fatal(err)
	}
	slow := coloured("colour = (select 'blue' from pg_sleep(0.5))")
	migrated := make(chan error, 1)
	go func() {
		_, err := db.MigrateTo(t.Context(), config, slow)
		migrated <- err
	}()
	member := d.Connect(t, "streamspace_app")
	modes := map[string]bool{}
	for working := true; working; {
		select {
		case err := <-migrated:
			if err != nil {
				t.Fatal(err)
			}
			working = false
		case <-time.After(20 * time.Millisecond):
		}
		observe(t, super, modes)
		if _, err := member.Exec(t.Context(), asMember(script, "select count(*) from app.sessions; "+
			"insert into app.events (type, subject_id) values ('x', {session})")); err != nil {
			t.Errorf("a read and a write: %v", err)
		}
	}
	if !modes["RowExclusiveLock"] {
		t.Errorf("it held %v: nothing was seen", modes)
	}
	for mode := range modes {
		if !strings.HasPrefix(mode, "Row") && mode != "AccessShareLock" {
			t.Errorf("it held %s", mode)
		}
	}
	if n := one[int64](t, super, "select count(*) from app.sessions where colour = 'blue'"); n != 7 {
		t.Errorf("%d of 7 sessions were filled", n)
	}
}

// observe notes the locks that the migrator holds on sessions, and looks whether FORCE is there.
func observe(t *testing.T, super *pgx.Conn, modes map[string]bool) {
	t.Helper()
	for _, mode := range all[string](t, super, `select distinct l.mode from pg_locks l
		join pg_stat_activity a on a.pid = l.pid and a.usename = 'streamspace_migrator'
		where l.relation = 'app.sessions'::regclass and l.granted`) {
		modes[mode] = true
	}
	if !one[bool](t, super, "select relforcerowsecurity from pg_class where oid = 'app.sessions'::regclass") {
		t.Error("FORCE was lifted")
	}
}
