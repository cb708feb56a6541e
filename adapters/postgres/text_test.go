package postgres

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// What statements of their own could do that no expression inside one of ours can. PostgreSQL has no right to revoke
// for them. What keeps them out is that no statement of ours is made from what a request holds, that sql/ has queries
// alone (tools/sqllint), and that this package's constants say nothing of the kind (tools/codelint). These tests
// say plainly what would happen otherwise; they fail on the day when the server refuses it, and the words here can go.

// A cursor held beyond its transaction keeps the rows that it was opened on, and shows them to whoever comes next on
// the connection.
func TestAHeldCursorOutlivesItsScope(t *testing.T) {
	t.Parallel()
	d := small(t, 1)
	both := twoTenants(t, d)
	first, second := both[0], both[1]
	conn := database.Connect(t, roleApp)
	fetched := func(n tenant, of tenant) error {
		return entering(t.Context(), conn, n.Org, func(tx pgx.Tx) error {
			rows, err := tx.Query(t.Context(), "fetch all from kept", pgx.QueryExecModeSimpleProtocol)
			if err != nil {
				return err
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			return errors.Join(err, of.sees(got))
		})
	}
	open := func(hold string) {
		err := entering(t.Context(), conn, first.Org, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "declare kept cursor "+hold+" for select id from app.sessions")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	open("with hold")
	if err := fetched(second, first); err != nil {
		t.Errorf("PostgreSQL keeps a held cursor from the next scope: %v", err)
	}
	if _, err := conn.Exec(t.Context(), "close kept"); err != nil {
		t.Fatal(err)
	}
	open("")
	if err := fetched(second, first); stateOf(err) != "34000" {
		t.Errorf("a cursor that is not held outlives its scope: %v", err)
	}
}

// Inside a scope it moves to another organisation: there is no floor under who can send a statement.
func TestASettingMadeByTextMovesTheScope(t *testing.T) {
	t.Parallel()
	d := small(t, 1)
	both := twoTenants(t, d)
	mine, theirs := both[0], both[1]
	err := inOrg(d)(t.Context(), as(mine.Org, mine.Admin), func(tx *memberTx) error {
		var x int
		err := tx.QueryRow(t.Context(), fmt.Sprintf("set local app.org_id = '%s'", theirs.ID)).Scan(&x)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return theirs.seesIn(t.Context(), tx)
	})
	if err != nil {
		t.Errorf("PostgreSQL keeps text from moving a scope: %v", err)
	}
	if err := steps[0].do(t.Context(), d, mine, theirs); err != nil {
		t.Errorf("what was set for the transaction outlives it: %v", err)
	}
}
