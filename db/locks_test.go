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
	"github.com/streamspace-dev/streamspace/db/policy/probe"
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

// reads has a member read until ctx is done. A read that waits for more than two seconds fails.
func reads(ctx context.Context, t *testing.T, conn *pgx.Conn, script *probe.Script) {
	t.Helper()
	for {
		_, err := conn.Exec(context.WithoutCancel(ctx), asMember(script, "select count(*) from app.sessions"))
		if err != nil {
			t.Errorf("a read failed: %v", err)
		}
		if err != nil || ctx.Err() != nil {
			return
		}
	}
}

// A migration that meets a dump waits a second at a time, so that reads go on, and goes through once the dump ended.
// Seen to fail without lock_timeout (a read got 55P03 after its own two seconds), and with one try.
func TestAMigrationLetsReadsPassWhileItWaits(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	script, member := fill(t, d), d.Connect(t, "streamspace_app") // before anything waits
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
	reads(watched, t, member, script)
	select {
	case r := <-migrated:
		t.Fatalf("it went past the dump: %+v", r)
	default:
	}
	end()
	if r := <-migrated; r.err != nil || r.done.Applied != 1 {
		t.Errorf("after the dump: %+v, %v", r.done, r.err)
	}
}

// Seen to fail without the watcher: the error knew of a lock, and not of which.
func TestAMigrationSaysWhichLockItWaitsFor(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	_, end := dumping(t, d)
	_, err := db.MigrateRetrying(t.Context(), d.Config("streamspace_migrator"), altering, 2, 10*time.Millisecond)
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
