package postgres

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// Each filter finds what it names, within what the caller may see, and pages go on behind it.
func TestSessionsAreFoundByFilters(t *testing.T) {
	t.Parallel()
	ctx, o := t.Context(), database.NewOrg(t, dbtest.Spec{PerOrg: 10, PerUser: 5})
	s, observer := service(open)
	who, admin := as(o, o.Member), as(o, o.Admin)
	create := func(who org.Scope, name string, tags ...string) sessions.Session {
		t.Helper()
		made, err := s.Create(ctx, who, sessions.Create{Template: "desk", Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if made, err = s.Update(ctx, who, made.ID, sessions.Update{Tags: tags}); err != nil {
			t.Fatal(err)
		}
		return made
	}
	create(who, "Accounts", "blue", "red")
	create(who, "Payroll %_", "blue")
	create(admin, "Admin's accounts", "red")
	failed := create(who, "Broken")
	if err := observer.Observe(ctx, link.Agent{ID: o.Agent, Epoch: o.AgentEpoch},
		link.Report{Session: failed.ID.UUID, State: link.Failed, Generation: 1}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		f           sessions.Filter
		own, admins string
	}{
		"a tag":            {sessions.Filter{Tag: "red"}, "Accounts", "Admin's accounts, Accounts"},
		"a part of a tag":  {sessions.Filter{Tag: "re"}, "", ""},
		"text":             {sessions.Filter{Text: "aCCount"}, "Accounts", "Admin's accounts, Accounts"},
		"signs":            {sessions.Filter{Text: "%_"}, "Payroll %_", "Payroll %_"},
		"a title":          {sessions.Filter{Text: "desk", Tag: "blue"}, "Payroll %_, Accounts", "Payroll %_, Accounts"},
		"a state":          {sessions.Filter{State: link.Failed}, "Broken", "Broken"},
		"active ones":      {sessions.Filter{State: link.Failed, Active: true}, "", ""},
		"a template":       {sessions.Filter{Template: "desk", Tag: "blue"}, "Payroll %_, Accounts", "Payroll %_, Accounts"},
		"another template": {sessions.Filter{Template: "bench"}, "", ""},
		"an owner":         {sessions.Filter{Owner: o.Admin.User}, "", "Admin's accounts"},
		"an owner's":       {sessions.Filter{Owner: o.Member.User, Tag: "red"}, "Accounts", "Accounts"},
		"nobody's":         {sessions.Filter{Owner: org.UserID{UUID: uuid.New()}}, "", ""},
	} {
		for _, by := range []struct {
			who  org.Scope
			want string
		}{{who, c.own}, {admin, c.admins}} {
			var names []string
			for next := (page.Request{Limit: 1}); ; {
				p, err := s.List(ctx, by.who, c.f, next)
				if err != nil {
					t.Fatal(err)
				}
				for _, it := range p.Items {
					names = append(names, it.Name)
				}
				if next.After = p.Next; p.Next.IsZero() {
					break
				}
			}
			if got := strings.Join(names, ", "); got != by.want {
				t.Errorf("%s, as %s: %q, want %q", name, by.who.Role(), got, by.want)
			}
		}
	}
}

func TestASessionIsRenamedInTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	ctx, o := t.Context(), database.NewOrg(t, dbtest.Spec{})
	s, _ := service(open)
	who := as(o, o.Member)
	made, err := s.Create(ctx, who, sessions.Create{Template: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	read, err := s.Get(ctx, who, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	name := "Payroll"
	change := sessions.Update{
		Name: &name, Tags: []string{"red", "blue", "red"}, Expected: version.OneOf(read.Version()),
	}
	out, err := s.Update(ctx, who, made.ID, change)
	if err != nil || out.Name != name || strings.Join(out.Tags, " ") != "blue red" || out.Version() == read.Version() {
		t.Errorf("%+v, %v", out, err)
	}
	if now, err := s.Get(ctx, who, made.ID); err != nil || now.Version() != out.Version() {
		t.Errorf("read as %+v, %v", now, err)
	}
	if bare, err := s.Update(ctx, who, made.ID, sessions.Update{Tags: []string{}}); err != nil || len(bare.Tags) != 0 {
		t.Errorf("without tags: %+v, %v", bare, err)
	}
	other := database.NewOrg(t, dbtest.Spec{})
	long := strings.Repeat("x", 81)
	for code, c := range map[string]struct {
		who org.Scope
		u   sessions.Update
	}{
		"precondition_failed": {who, change},
		"session_not_found":   {as(o, o.Viewer), sessions.Update{Name: &name}},
		"other_org":           {as(other, other.Owner), sessions.Update{Name: &name}},
		"invalid_input":       {who, sessions.Update{Name: &long}},
		"invalid_input ":      {who, sessions.Update{Tags: []string{"a,b"}}},
		"invalid_input  ":     {who, sessions.Update{Tags: []string{"a\u202eb"}}},
		"invalid_input   ":    {who, sessions.Update{Tags: make([]string, 11)}},
	} {
		if _, err := s.Update(ctx, c.who, made.ID, c.u); fault.Of(err).Code != strings.TrimSpace(code) {
			t.Errorf("want %s: %v", code, err)
		}
	}
}

// With 100,000 sessions in 50 organisations, a filter looks at those of one organisation, or of one owner, and at no
// others.
func TestFiltersReadTheOrganisationsIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	o, super := d.NewOrg(t, dbtest.Spec{}), d.Superuser(t)
	for _, sql := range []string{
		"set session_replication_role = replica",
		`insert into app.sessions (org_id, id, owner_id, name, template_id, template_name, template_title, spec, state,
		  ended_at, created_at)
		 select m.org_id, gen_random_uuid(), m.user_id, 'x', gen_random_uuid(), 'desk', 'Desk', '{}', 'failed', now(),
		   now() - n * interval '1 s'
		   from app.memberships m, generate_series(1, 500) n
		 union all
		 select lpad(k::text, 32, '0')::uuid, gen_random_uuid(), lpad(n::text, 32, '0')::uuid, 'x', gen_random_uuid(), 'desk',
		   'Desk', '{}'::jsonb, 'failed', now(), now() - n * interval '1 s'
		   from generate_series(1, 49) k, generate_series(1, 2000) n`,
		"vacuum analyze app.sessions",
	} {
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	app := d.Connect(t, "streamspace_app")
	// How a plan names the organisation depends on the version of PostgreSQL.
	for name, c := range map[string]struct{ where, key string }{
		"all":      {"true", `Index Cond: \(+org_id = `},
		"an owner": {fmt.Sprintf("s.owner_id = '%s'", o.Member.User), `Index Cond: \(\(org_id = .*\) AND \(owner_id = `},
	} {
		tx, err := app.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "select rls.enter($1, $2, 'admin', $3, true)", o.ID.UUID, o.Admin.User.UUID,
			o.Admin.Credential.UUID); err != nil {
			t.Fatal(err)
		}
		rows, err := tx.Query(t.Context(), `explain select s.* from app.sessions s where `+c.where+`
			and (created_at, id) < (now(), '00000000-0000-0000-0000-000000000000')
			and ('' = '' or s.state = '') and ('red' = '' or 'red' = any (s.tags))
			and position(lower('pay') in lower(s.name || ' ' || s.template_title)) > 0
			order by created_at desc, id desc limit 51`)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !regexp.MustCompile(c.key).MatchString(plan) || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s: %s is not what it looks by:\n%s", name, c.key, plan)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
