package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// An admin who looks at another member's desktop is in the audit log, with how long they looked, even if they were
// removed meanwhile. A look at one's own desktop is not.
func TestALookAtAnotherMembersDesktopIsAudited(t *testing.T) {
	t.Parallel()
	ctx, o := t.Context(), database.NewOrg(t, dbtest.Spec{})
	s, _ := service(open)
	made, err := s.Create(ctx, as(o, o.Member), sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	look := func(who org.Scope, meanwhile func()) {
		t.Helper()
		it, err := s.Get(ctx, who, made.ID)
		if err == nil {
			err = s.BeginLook(ctx, who, it)
		}
		if err != nil {
			t.Fatal(err)
		}
		meanwhile()
		if err := s.EndLook(ctx, who, it, 73*time.Second+900*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	super := database.Superuser(t)
	look(as(o, o.Member), func() {})
	look(as(o, o.Admin), func() {
		if _, err := super.Exec(ctx, "delete from app.credentials where user_id = $1", o.Admin.User.UUID); err != nil {
			t.Fatal(err)
		}
	})
	rows, err := super.Query(ctx, `select actor || ' ' || action || ' ' || subject from app.audit_log
		where org_id = $1 and action like 'session.%' order by seq`, o.ID.UUID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	id, admin := made.ID.String(), o.Admin.User.String()
	want := "user:" + o.Member.User.String() + " session.create " + id +
		"\nuser:" + admin + " session.connect " + id +
		"\nservice:streams session.disconnect " + id + ", by " + admin + " for 73 seconds"
	if strings.Join(got, "\n") != want {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	it, err := s.Get(ctx, as(o, o.Owner), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.BeginLook(ctx, as(o, o.Admin), it); err == nil {
		t.Error("a removed admin's look begins")
	}
}
