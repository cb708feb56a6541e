package postgres

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// A template of a form that this version does not know costs only itself: the list shows the others, an admin sees it,
// and the log names it. Seen to fail with the row's error returned.
func TestAnUnreadableTemplateLeavesTheOthers(t *testing.T) {
	t.Parallel()
	ctx, super, o := t.Context(), database.Superuser(t), database.NewOrg(t, dbtest.Spec{})
	bad := uuid.Must(uuid.NewV7())
	if _, err := super.Exec(ctx, `with scope as materialized (select set_config('app.org_id', $1::uuid::text, true))
		insert into app.templates (org_id, id, name, title, spec)
		select $1::uuid, $2, 'bad', 'Bad', '{"width": "wide"}' from scope`, o.ID.UUID, bad); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := templates.NewService(open.TemplateReads(), open.Templates(), &refusals{},
		slog.New(slog.NewTextHandler(&log, nil)))
	for _, c := range []struct {
		who  dbtest.Person
		sees bool
	}{{o.Member, false}, {o.Admin, true}} {
		p, err := s.List(ctx, as(o, c.who), page.Request{Limit: 1})
		if err != nil || p.Next.IsZero() || (len(p.Items) == 1) != c.sees || c.sees && !p.Items[0].Unreadable {
			t.Fatalf("the first page of the %s: %+v, %v", c.who.Role, p, err)
		}
		p, err = s.List(ctx, as(o, c.who), page.Request{Limit: 1, After: p.Next})
		if err != nil || len(p.Items) != 1 || p.Items[0].Name != "desk" {
			t.Errorf("the second page of the %s: %+v, %v", c.who.Role, p, err)
		}
	}
	if !strings.Contains(log.String(), bad.String()) {
		t.Errorf("the log does not name it: %s", &log)
	}
	members, _ := service(open)
	if _, err := members.Create(ctx, as(o, o.Member), sessions.Create{Template: "bad"}); !errors.Is(err,
		templates.ErrUnreadable) {
		t.Errorf("a session of it: %v", err)
	}
}

// An agent is told of a session whose spec has an unknown form, and of all others. Seen to fail with the row's error
// returned: the sync of the whole agent stopped.
func TestAnUnreadableSpecLeavesTheOtherSessions(t *testing.T) {
	t.Parallel()
	ctx, super, o := t.Context(), database.Superuser(t), database.NewOrg(t, dbtest.Spec{})
	bad, good := insert(t, open, o, o.Member), insert(t, open, o, o.Member)
	if _, err := super.Exec(ctx, `update app.sessions set spec = '{"width": "wide"}' where id = $1`,
		bad.UUID); err != nil {
		t.Fatal(err)
	}
	all, err := open.Roster().Placements(ctx, link.Agent{ID: o.Agent, Epoch: o.AgentEpoch}, uuid.Nil, 10)
	if err != nil || len(all) != 2 {
		t.Fatalf("placements: %+v, %v", all, err)
	}
	for _, d := range all {
		if !d.Run || d.Unreadable != (d.Session == bad.UUID) || (d.Session != bad.UUID && d.Session != good.UUID) {
			t.Errorf("placement: %+v", d)
		}
	}
}

// Two templates that would both be an organisation's last take turns: the second waits for the first, and is then
// refused. Seen to fail without the lock in rls.limit_templates.
func TestTheLastTemplatesTakeTurns(t *testing.T) {
	t.Parallel()
	ctx, super, o := t.Context(), database.Superuser(t), database.NewOrg(t, dbtest.Spec{})
	for _, sql := range []string{
		"set session_replication_role = replica", // without the trigger, which needs a scope
		`insert into app.templates (org_id, id, name, title, spec)
			select '` + o.ID.String() + `', gen_random_uuid(), 'n' || n, 'x', '{}' from generate_series(1, 998) n`,
	} {
		if _, err := super.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	// insert begins a transaction of the admin, writes a template, and returns the SQLSTATE.
	insert := func(name string) (pgx.Tx, string) {
		tx, err := database.Connect(t, "streamspace_app").Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "select rls.enter($1, $2, 'admin', $3, false)", o.ID.UUID, o.Admin.User.UUID,
			o.Admin.Credential.UUID); err != nil {
			t.Fatal(err)
		}
		_, err = tx.Exec(ctx, "set local lock_timeout = '100ms'")
		if err == nil {
			_, err = tx.Exec(ctx, "insert into app.templates (id, name, title, spec) values ($1, $2, 'x', '{}')",
				uuid.New(), name)
		}
		return tx, stateOf(err)
	}
	first, state := insert("first")
	if state != "" {
		t.Fatalf("the thousandth: %s", state)
	}
	if _, state := insert("second"); state != "55P03" {
		t.Errorf("another at the same time: %q, want 55P03: it waits for the first", state)
	}
	if err := first.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if _, state := insert("second"); state != "SS042" {
		t.Errorf("after the first: %q, want SS042", state)
	}
}
