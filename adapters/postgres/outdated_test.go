package postgres

import (
	"testing"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
)

// A migration that changes the type of a column costs no request, although its statements were prepared before.
func TestAStatementIsPreparedAgain(t *testing.T) {
	t.Parallel()
	own := dbtest.Own(t)
	d, err := Open(t.Context(), Config{URL: own.URL(), Connections: 1}) // so that the second request has the same one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	o, super, ctx := own.NewOrg(t, dbtest.Spec{}), own.Superuser(t), t.Context()
	s, _ := service(d)
	work := func() {
		t.Helper()
		made, err := s.Create(ctx, as(o, o.Member), sessions.Create{Template: "desk"}) // a transaction
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(ctx, as(o, o.Member), made.ID); err != nil { // a read
			t.Fatal(err)
		}
	}
	work()
	for _, sql := range []string{
		"alter table app.sessions alter template_title type varchar",
		"alter table app.templates alter title type varchar",
	} {
		if _, err := super.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	work()
}
