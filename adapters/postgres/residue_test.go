package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// What one request leaves on a connection, as an injected statement could, does not reach the next request.
func TestTheNextRequestFindsNothingOfTheOneBefore(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][]string{
		"a replaced prepared statement": {"deallocate all", "prepare other as select 1"},
		"several statements at once":    {"deallocate all; select 1"},
		"an organisation":               {"set app.org_id = '00000000-0000-0000-0000-000000000001'"},
		"a member":                      {"set app.user_id = '00000000-0000-0000-0000-000000000001'"},
		"a subscription":                {"listen events"},
		"a search path":                 {"set search_path = pg_temp"},
		"a block":                       {"do $$ begin perform 1; end $$"},
		"an open cursor":                {"declare rows cursor with hold for select 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := small(t, 4)
			o := database.NewOrg(t, dbtest.Spec{})
			var before, after int
			err := inOrg(d)(t.Context(), as(o, o.Member), func(tx *memberTx) error {
				before = backend(t.Context(), t, tx)
				for _, statement := range statements {
					if _, err := tx.conn.Exec(t.Context(), statement); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			err = inOrg(d)(t.Context(), as(o, o.Member), func(tx *memberTx) error {
				after = backend(t.Context(), t, tx)
				return nil
			})
			if err != nil || before == after {
				t.Errorf("the next request: %v, on the same connection: %t", err, before == after)
			}
		})
	}
}

// A connection that carries an organisation from elsewhere, such as from a pooler, fails one entry and no more.
func TestAConnectionThatCarriesAnOrganisationFailsOnce(t *testing.T) {
	t.Parallel()
	d := small(t, 4)
	o := database.NewOrg(t, dbtest.Spec{})
	ctx := t.Context()
	// By the lower protocol, which no tracer sees.
	conn, err := d.app.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Conn().PgConn().Exec(ctx, "set app.org_id = '00000000-0000-0000-0000-000000000001'").ReadAll()
	conn.Release()
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 2 * d.app.size { // each connection of the pool, twice
		switch err := inOrg(d)(ctx, as(o, o.Member), func(*memberTx) error { return nil }); {
		case stateOf(err) == "SS003":
			failed++
		case err != nil:
			t.Fatal(err)
		}
	}
	if failed != 1 {
		t.Errorf("%d entries failed", failed)
	}
}

// What requests do themselves closes no connection.
func TestRequestsKeepTheirConnection(t *testing.T) {
	t.Parallel()
	d := small(t, 4)
	o := database.NewOrg(t, dbtest.Spec{})
	first := 0
	for range 3 {
		err := inOrg(d)(t.Context(), as(o, o.Member), func(tx *memberTx) error {
			pid := backend(t.Context(), t, tx)
			if first == 0 {
				first = pid
			}
			if pid != first {
				return errors.New("another connection")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Violations(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}
