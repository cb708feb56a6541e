package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// newSession is a row for InsertSession.
func newSession(o *dbtest.Org, owner dbtest.Person) sessions.Session {
	return sessions.Session{
		ID: sessions.ID{UUID: uuid.Must(uuid.NewV7())}, Owner: owner.User, Name: "desk", Agent: o.Agent,
		Template: templates.Template{ID: templates.ID{UUID: o.Template}, Name: "desk", Title: "Desk"},
	}
}

// insert writes a session in a scope of its own and returns its id.
func insert(t *testing.T, d *DB, o *dbtest.Org, owner dbtest.Person) sessions.ID {
	t.Helper()
	s := newSession(o, owner)
	err := inOrg(d)(t.Context(), as(o, owner), func(tx *memberTx) error { return tx.InsertSession(t.Context(), s) })
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func TestTheZeroScopeReachesNothing(t *testing.T) {
	t.Parallel()
	err := inOrg(open)(t.Context(), org.Scope{}, func(*memberTx) error { t.Error("it was let in"); return nil })
	if !errors.Is(err, errNoScope) {
		t.Errorf("a scope: %v", err)
	}
	if _, err := open.SessionReads()(org.Scope{}).SessionByID(t.Context(), sessions.ID{}); !errors.Is(err, errNoScope) {
		t.Errorf("a read: %v", err)
	}
	if _, err := open.IdentityReads()(org.From(t.Context())).Me(t.Context()); !errors.Is(err, errNoScope) {
		t.Errorf("a context without a scope: %v", err)
	}
}

func TestAScopeInsideItselfIsRefused(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{})
	who := as(o, o.Member)
	err := inOrg(open)(t.Context(), who, func(tx *memberTx) error {
		inner := inOrg(open)(t.Context(), who, func(*memberTx) error { t.Error("the inner one was let in"); return nil })
		if !errors.Is(inner, errNested) {
			t.Errorf("a scope inside a scope: %v", inner)
		}
		if _, err := open.IdentityReads()(who).Me(t.Context()); !errors.Is(err, errNested) {
			t.Errorf("a read inside a scope: %v", err)
		}
		return tx.RecordAudit(t.Context(), "outer.goes_on", "x")
	})
	if err != nil {
		t.Errorf("the outer one: %v", err)
	}
	if _, err := open.IdentityReads()(who).Me(t.Context()); err != nil {
		t.Errorf("the scope, once it was given back: %v", err)
	}
}

func TestATransactionKeptBeyondItsClosureIsRefused(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{})
	for name, result := range map[string]error{"after a commit": nil, "after a rollback": errors.New("no")} {
		var kept *memberTx
		err := inOrg(open)(t.Context(), as(o, o.Member), func(tx *memberTx) error { kept = tx; return result })
		if !errors.Is(err, result) {
			t.Fatal(err)
		}
		if err := kept.RecordAudit(t.Context(), "x", "y"); !errors.Is(err, errTxDone) {
			t.Errorf("%s: a write: %v", name, err)
		}
		if _, err := kept.LockSession(t.Context(), sessions.ID{}); !errors.Is(err, errTxDone) {
			t.Errorf("%s: a query: %v", name, err)
		}
	}
}

func TestAPanicRollsBackAndKeepsThePool(t *testing.T) {
	t.Parallel()
	o, d := database.NewOrg(t, dbtest.Spec{}), small(t, 1)
	who, scope := as(o, o.Member), inOrg(d)
	var pid int
	func() {
		defer func() {
			if got := recover(); got != "on purpose" {
				t.Errorf("the panic became %v", got)
			}
		}()
		_ = scope(t.Context(), who, func(tx *memberTx) error {
			pid = backend(t.Context(), t, tx)
			if err := tx.InsertSession(t.Context(), newSession(o, o.Member)); err != nil {
				t.Error(err)
			}
			_, err := tx.LockSession(t.Context(), sessions.ID{}) // sends the insert
			if fault.Of(err).Code != "session_not_found" {
				t.Error(err)
			}
			panic("on purpose")
		})
	}()
	err := scope(t.Context(), who, func(tx *memberTx) error {
		if got := backend(t.Context(), t, tx); got != pid {
			t.Errorf("the connection was thrown away: %d, then %d", pid, got)
		}
		return nil
	})
	if err != nil {
		t.Errorf("the next scope: %v", err)
	}
	if n := read[int](t, database.Superuser(t), "select count(*) from app.sessions where org_id = $1", o.ID.UUID); n != 0 {
		t.Errorf("the insert stayed")
	}
	nothingHeld(t, d.appShares)
}

// A write is queued: its failure is that of the query it is sent with, or of the scope.
func TestAQueuedWritesErrorComesOut(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{PerOrg: 10, PerUser: 1})
	scope, ctx := inOrg(open), t.Context()
	insert(t, open, o, o.Member)

	late := scope(ctx, as(o, o.Member), func(tx *memberTx) error {
		if err := tx.InsertSession(ctx, newSession(o, o.Member)); err != nil {
			t.Errorf("a queued write failed early: %v", err)
		}
		return tx.RecordAudit(ctx, "never.happens", "x")
	})
	if f := fault.Of(late); f.Code != "quota_exceeded" || f.Kind != fault.Conflict {
		t.Errorf("with the commit: %v", late)
	}
	var early error
	asked := scope(ctx, as(o, o.Member), func(tx *memberTx) error {
		s := newSession(o, o.Member)
		if err := tx.InsertSession(ctx, s); err != nil {
			return err
		}
		_, early = tx.LockSession(ctx, s.ID)
		return early
	})
	if fault.Of(early).Code != "quota_exceeded" || fault.Of(asked).Code != "quota_exceeded" {
		t.Errorf("with a query: %v, and out of the scope: %v", early, asked)
	}
	if n := read[int](t, database.Superuser(t), "select count(*) from app.audit_log where action = "+
		"'never.happens'"); n != 0 {
		t.Error("a write after the one that failed stayed")
	}
}

func TestAQuerySeesTheWritesQueuedBeforeIt(t *testing.T) {
	t.Parallel()
	o, ctx := database.NewOrg(t, dbtest.Spec{}), t.Context()
	err := inOrg(open)(ctx, as(o, o.Member), func(tx *memberTx) error {
		s := newSession(o, o.Member)
		if err := tx.InsertSession(ctx, s); err != nil {
			return err
		}
		if err := tx.AppendEvent(ctx, events.Event{
			Type: "x", Version: 1, Audience: events.Owner, Subject: events.Subject{ID: s.ID.UUID}, Data: []byte("{}"),
		}); err != nil {
			return err
		}
		got, err := tx.LockSession(ctx, s.ID)
		if err != nil || got.State != link.Pending || !got.CreatedAt.Equal(tx.Now()) {
			t.Errorf("read %+v, %v", got, err)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A closure that hides the failure of a statement has not succeeded: PostgreSQL makes a rollback of its commit, and
// says so only in the commit's tag. Seen to fail with the look at that tag removed: the scope returned nil, and nothing
// was written.
func TestAHiddenFailureIsNoCommit(t *testing.T) {
	t.Parallel()
	o, ctx := database.NewOrg(t, dbtest.Spec{}), t.Context()
	err := inOrg(open)(ctx, as(o, o.Member), func(tx *memberTx) error {
		if err := tx.RecordAudit(ctx, "hidden.failure", "x"); err != nil {
			return err
		}
		var n int
		_ = tx.QueryRow(ctx, "select 1 / $1::int", 0).Scan(&n)
		return nil
	})
	if err == nil {
		t.Error("the scope says that it has committed")
	}
	if n := read[int](t, database.Superuser(t), "select count(*) from app.audit_log where action = "+
		"'hidden.failure'"); n != 0 {
		t.Error("it has")
	}
}

// Two scopes that lock two sessions in opposite orders: the server ends one, which is run again. Seen to fail with one
// attempt.
func TestTheLoserOfADeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{})
	a, b := insert(t, open, o, o.Member), insert(t, open, o, o.Member)
	runs, met := make(chan struct{}, 2*maxAttempts), make(chan struct{}, 2)
	both := make(chan struct{})
	take := func(first, second sessions.ID) error {
		n := 0
		return inOrg(open)(t.Context(), as(o, o.Admin), func(tx *memberTx) error {
			runs <- struct{}{}
			n++
			if _, err := tx.LockSession(t.Context(), first); err != nil {
				return err
			}
			if n == 1 {
				met <- struct{}{}
				<-both
			}
			_, err := tx.LockSession(t.Context(), second)
			return err
		})
	}
	var g errgroup.Group
	g.Go(func() error { return take(a, b) })
	g.Go(func() error { return take(b, a) })
	<-met
	<-met
	close(both)
	if err := g.Wait(); err != nil {
		t.Errorf("in the end: %v", err)
	}
	if len(runs) < 3 {
		t.Errorf("%d runs: nobody lost", len(runs))
	}
}

func TestALostRaceIsRunAgainAFewTimes(t *testing.T) {
	t.Parallel()
	o := database.NewOrg(t, dbtest.Spec{})
	for _, c := range []struct {
		state       string
		losses      int
		runs        int
		comesToPass bool
	}{
		{"40001", 1, 2, true},
		{"40P01", maxAttempts - 1, maxAttempts, true},
		{"40001", maxAttempts, maxAttempts, false},
		{"23505", 1, 1, false},
		{"SS006", 1, 1, false},
	} {
		runs := 0
		err := inOrg(open)(t.Context(), as(o, o.Member), func(tx *memberTx) error {
			if runs++; runs <= c.losses {
				_, err := tx.conn.Exec(t.Context(), "do $$ begin raise exception using errcode = '"+c.state+"'; end $$")
				return err
			}
			return tx.RecordAudit(t.Context(), "x", "y")
		})
		if (err == nil) != c.comesToPass || runs != c.runs {
			t.Errorf("%d × %s: %d runs, %v", c.losses, c.state, runs, err)
		}
	}
}

// What the transaction of a service and of a report share with a member's is tested above; here that they enter.
func TestServicesAndReportsEnterOneOrganisation(t *testing.T) {
	t.Parallel()
	o, ctx := database.NewOrg(t, dbtest.Spec{}), t.Context()
	id := insert(t, open, o, o.Member)
	err := open.SessionsAsService()(ctx, o.ID, "test", func(tx sessions.ServiceTx) error {
		ended, err := tx.FinishSession(ctx, id, "x")
		if ended {
			t.Error("a session whose end nobody wants was finished")
		}
		return errors.Join(err, tx.RecordAudit(ctx, "service.was_here", id.String()))
	})
	if err != nil {
		t.Fatal(err)
	}
	actor := read[string](t, database.Superuser(t), "select actor from app.audit_log where org_id = $1 and action = "+
		"'service.was_here'", o.ID.UUID)
	if actor != "service:test" {
		t.Errorf("the audit log says %s", actor)
	}
	_, err = asServiceRow(ctx, o.ID)
	if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "42501" {
		t.Errorf("a service reads the templates: %v", err)
	}
}

// asServiceRow reads what no service is granted.
func asServiceRow(ctx context.Context, id org.ID) (n int, err error) {
	err = asService(open, func(t *serviceTx) *serviceTx { return t })(ctx, id, "test", func(tx *serviceTx) error {
		return tx.QueryRow(ctx, "select count(*) from app.templates").Scan(&n)
	})
	return n, err
}
