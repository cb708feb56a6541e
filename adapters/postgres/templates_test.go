package postgres

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

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
	if _, err := super.Exec(ctx, `insert into app.templates (org_id, id, name, title, spec)
		values ($1, $2, 'bad', 'Bad', '{"width": "wide"}')`, o.ID.UUID, bad); err != nil {
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
