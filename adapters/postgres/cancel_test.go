package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/ports/fault"
)

// sleeps waits until a statement of the backend sleeps, or does not.
func sleeps(t *testing.T, super *pgx.Conn, pid int, want bool) {
	t.Helper()
	const asks = "select count(*) = 1 from pg_stat_activity where pid = $1 and state = 'active' and query like " +
		"'%pg_sleep%'"
	for end := time.Now().Add(5 * time.Second); read[bool](t, super, asks, pid) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("for five seconds the server does not say that asleep is %t", want)
		}
	}
}

// The statement of a caller who has gone ends in the server, and the connection goes on. Seen to fail with pgx's own
// handler in the place of ours: the connection was closed, and the next scope had another.
func TestACancelledContextEndsTheStatementAndKeepsTheConnection(t *testing.T) {
	t.Parallel()
	o, d, super := database.NewOrg(t, dbtest.Spec{}), small(t, 1), database.Superuser(t)
	scope, who := inOrg(d), as(o, o.Member)
	var pid int
	for _, c := range []struct {
		name string
		stop func(context.Context) (context.Context, context.CancelFunc)
	}{
		{"cancelled", context.WithCancel},
		{"too late", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 300*time.Millisecond)
		}},
	} {
		ctx, cancel := c.stop(t.Context())
		done := make(chan error, 1)
		began := make(chan int, 1)
		go func() {
			done <- scope(ctx, who, func(tx *memberTx) error {
				if err := tx.RecordAudit(ctx, "never.happens.cancelled", "x"); err != nil {
					return err
				}
				began <- backend(ctx, t, tx)
				var nothing string
				return tx.QueryRow(ctx, "select pg_sleep(60)::text").Scan(&nothing)
			})
		}()
		got := <-began
		if pid == 0 {
			pid = got
		}
		if got != pid {
			t.Errorf("%s: the connection before was thrown away", c.name)
		}
		if c.name == "cancelled" {
			sleeps(t, super, pid, true)
			cancel()
		}
		err := <-done
		sleeps(t, super, pid, false)
		if !errors.Is(err, ctx.Err()) {
			t.Errorf("%s: %v does not say so", c.name, err)
		}
		if c.name == "cancelled" && fault.IsKind(err, fault.Unavailable) {
			t.Errorf("%s: it is put down to the database: %v", c.name, err)
		}
		cancel()
	}
	err := scope(t.Context(), who, func(tx *memberTx) error {
		if got := backend(t.Context(), t, tx); got != pid {
			t.Errorf("the connection was thrown away")
		}
		return nil
	})
	if err != nil {
		t.Errorf("the next scope: %v", err)
	}
	if n := read[int](t, super, "select count(*) from app.audit_log where action = 'never.happens.cancelled'"); n != 0 {
		t.Error("what was cancelled was committed")
	}
	nothingHeld(t, d.appShares)
}

func TestACancelledReadKeepsTheConnection(t *testing.T) {
	t.Parallel()
	o, d, super := database.NewOrg(t, dbtest.Spec{}), small(t, 1), database.Superuser(t)
	who := as(o, o.Member)
	var pid int
	acquire := func(ctx context.Context) (*pgxpool.Conn, func(), error) {
		return acquireIn(ctx, d.app, d.appShares, who)
	}
	asked := oneShot{acquire, enter(who, true)}
	if err := asked.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		var nothing string
		done <- asked.QueryRow(ctx, "select pg_sleep(60)::text").Scan(&nothing)
	}()
	sleeps(t, super, pid, true)
	cancel()
	if err := <-done; !errors.Is(translate(err), context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	sleeps(t, super, pid, false)
	var again int
	if err := asked.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&again); err != nil || again != pid {
		t.Errorf("backend %d, then %d (%v)", pid, again, err)
	}
	nothingHeld(t, d.appShares)
}

// Whoever is refused costs no connection: otherwise a removed member could churn the pool. Seen to fail with the
// rollback after a refusal removed from begin: the pool closed the connection, and the next scope had another.
func TestARefusedEntryKeepsTheConnection(t *testing.T) {
	t.Parallel()
	o, d := database.NewOrg(t, dbtest.Spec{Members: 1}), small(t, 1)
	scope, ctx := inOrg(d), t.Context()
	removed := o.Members[0]
	pid := 0
	same := func() {
		t.Helper()
		err := scope(ctx, as(o, o.Member), func(tx *memberTx) error {
			if got := backend(ctx, t, tx); pid != 0 && got != pid {
				t.Errorf("the connection was thrown away: %d, then %d", pid, got)
			} else {
				pid = got
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	same()
	super := database.Superuser(t)
	remove := "set app.org_id = '" + o.ID.String() + "'; delete from app.memberships where user_id = '" +
		removed.User.String() + "'"
	if _, err := super.Exec(ctx, remove); err != nil {
		t.Fatal(err)
	}
	claims := o.Member
	claims.Role = "owner"
	for range 3 {
		err := scope(ctx, as(o, removed), func(*memberTx) error { t.Error("a removed member was let in"); return nil })
		if fault.Of(err).Code != "signed_out" {
			t.Errorf("a removed member: %v", err)
		}
		if _, err := d.IdentityReads()(as(o, removed)).Me(ctx); fault.Of(err).Code != "signed_out" {
			t.Errorf("a removed member reads: %v", err)
		}
		err = scope(ctx, as(o, claims), func(*memberTx) error { t.Error("a wrong role was let in"); return nil })
		if fault.Of(err).Code != "stale_token" {
			t.Errorf("a wrong role: %v", err)
		}
		same()
	}
	nothingHeld(t, d.appShares)
}

// A read cannot write, whatever it says.
func TestAReadWritesNothing(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{})
	who := as(o, o.Member)
	acquire := func(ctx context.Context) (*pgxpool.Conn, func(), error) {
		return acquireIn(ctx, open.app, open.appShares, who)
	}
	in := oneShot{acquire, enter(who, true)}
	var x string
	err := in.QueryRow(t.Context(), "insert into app.audit_log (action, subject) values ('x', 'y') returning "+
		"action").Scan(&x)
	if stateOf(err) != "25006" {
		t.Errorf("an insert in a read: %v", err)
	}
	if _, err := in.Exec(t.Context(), "select 1"); err == nil {
		t.Error("a read executes")
	}
}
