package db_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// altering needs ACCESS EXCLUSIVE on app.sessions.
var altering = fstest.MapFS{"90001_altering.sql": {Data: []byte("-- +goose Up\n" +
	"alter table app.sessions add column colour text;\n-- +goose Down\n")}}

// dumping holds what pg_dump holds until the function it returns is called: ACCESS SHARE.
func dumping(t *testing.T, d *dbtest.Database) (conn *pgx.Conn, end func()) {
	t.Helper()
	config := d.Config("streamspace_backup")
	config.RuntimeParams["application_name"] = "a dump"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	run(t, conn, "begin; lock table app.sessions in access share mode")
	return conn, func() { run(t, conn, "commit") }
}

// reads has a member read until ctx is done, and returns how often, and how long the longest read took.
func reads(ctx context.Context, t *testing.T, d *dbtest.Database) (n int, longest time.Duration) {
	script, conn := fill(t, d), d.Connect(t, "streamspace_app")
	for ctx.Err() == nil {
		began := time.Now()
		_, err := conn.Exec(context.WithoutCancel(ctx), asMember(script, "select count(*) from app.sessions"))
		if err != nil {
			t.Errorf("a read failed: %v", err)
			return n, longest
		}
		n, longest = n+1, max(longest, time.Since(began))
	}
	return n, longest
}

// A migration that meets a dump waits a second at a time, so that reads go on, and goes through once the dump ended.
// Seen to fail without lock_timeout (a read got 55P03 after its own two seconds), and with one try.
func TestAMigrationLetsReadsPassWhileItWaits(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	_, end := dumping(t, d)
	watched, stop := context.WithCancel(t.Context())
	type result struct {
		done db.Migrated
		err  error
	}
	migrated := make(chan result, 1)
	go func() {
		done, err := db.MigrateRetrying(t.Context(), d.Config("streamspace_migrator"), altering, 20, 200*time.Millisecond)
		migrated <- result{done, err}
	}()
	time.AfterFunc(4*time.Second, stop) // three tries
	n, longest := reads(watched, t, d)
	select {
	case r := <-migrated:
		t.Fatalf("it went past the dump: %+v", r)
	default:
	}
	end()
	if r := <-migrated; r.err != nil || r.done.Applied != 1 {
		t.Errorf("after the dump: %+v, %v", r.done, r.err)
	}
	t.Logf("%d reads, the longest took %s", n, longest)
	if n < 20 || longest > 1900*time.Millisecond { // below the two seconds after which a read fails
		t.Errorf("%d reads, the longest took %s", n, longest)
	}
}

// Seen to fail without the watcher: the error knew of a lock, and not of which.
func TestAMigrationSaysWhichLockItWaitsFor(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	_, end := dumping(t, d)
	began := time.Now()
	_, err := db.MigrateRetrying(t.Context(), d.Config("streamspace_migrator"), altering, 2, 10*time.Millisecond)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("two tries took %s", took)
	}
	if _, ok := errors.AsType[*db.LockError](err); !ok ||
		!says(err, "waited 2 times 1s for ACCESS EXCLUSIVE on app.sessions") ||
		!says(err, "held by pid ") || !says(err, "(streamspace_backup, a dump)") {
		t.Errorf("the error does not say what it waited for: %v", err)
	}
	end()
	super := d.Superuser(t)
	if n := one[int64](t, super, "select count(*) from pg_attribute where attrelid = 'app.sessions'::regclass and "+
		"attname = 'colour'"); n != 0 {
		t.Error("a part of the migration was left")
	}
	done, err := db.MigrateTo(t.Context(), d.Config("streamspace_migrator"), altering)
	if err != nil || done.Applied != 1 {
		t.Errorf("once the lock is free: %+v, %v", done, err)
	}
}
