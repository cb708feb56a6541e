package server_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

const (
	crowd    = 50    // organisations
	crowdHas = 2_000 // sessions, and entries of the audit log, of each
)

// BenchmarkPages measures a page of each list, one request at a time, at 100,000 sessions and as many audit entries in
// 50 organisations. Every filter is asked for what there is much of, what there is little of, and what there is not.
func BenchmarkPages(b *testing.B) {
	f := fixtureOf(b, crowd, crowdHas)
	for i := range f.tenants {
		f.fill(b, &f.tenants[i])
	}
	if _, err := f.super.Exec(context.Background(), "vacuum analyze"); err != nil {
		b.Fatal(err)
	}
	paths := map[string]string{
		"sessions":               "/sessions",
		"sessions/active":        "/sessions?active=true",
		"sessions/state-rare":    "/sessions?state=terminating",
		"sessions/state-none":    "/sessions?state=failed",
		"sessions/owner":         "/sessions?owner_id=USER",
		"sessions/template":      "/sessions?template=desk",
		"sessions/template-none": "/sessions?template=none",
		"sessions/tag-rare":      "/sessions?tag=rare",
		"sessions/tag-none":      "/sessions?tag=none",
		"sessions/text":          "/sessions?text=desk",
		"sessions/text-none":     "/sessions?text=none",
		"sessions/events":        "/sessions/SESSION/events?",
		"audit":                  "/audit",
		"audit/actor":            "/audit?actor=user:USER",
		"audit/actor-none":       "/audit?actor=user:none",
		"audit/action":           "/audit?action=bench.many",
		"audit/action-rare":      "/audit?action=bench.rare",
		"audit/action-none":      "/audit?action=none",
		"templates":              "/templates",
		"members":                "/members",
		"former-members":         "/former-members",
		"keys":                   "/keys",
		"invitations":            "/invitations",
		"sign-ins":               "/me/sign-ins",
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		b.Run(name, func(b *testing.B) {
			f.drive(b, running.URL, 1, func(i int) *http.Request { return f.tenants[i%crowd].get(paths[name]) })
		})
	}
}

// BenchmarkRequests measures the other requests that sessions are made of, as BenchmarkGetSession does.
func BenchmarkRequests(b *testing.B) {
	f := newFixture(b)
	var n atomic.Int64
	requests := map[string]func(t *tenant, session string) *http.Request{
		"me":       func(t *tenant, _ string) *http.Request { return t.get("/me") },
		"template": func(t *tenant, _ string) *http.Request { return t.get("/templates/" + t.Template.String()) },
		"ticket": func(t *tenant, session string) *http.Request {
			return t.request(http.MethodPost, "/api/v1/sessions/"+session+"/tickets", "")
		},
		"rename": func(t *tenant, session string) *http.Request {
			return t.request(http.MethodPatch, "/api/v1/sessions/"+session, fmt.Sprintf(`{"name":"%d"}`, n.Add(1)))
		},
		"create-template": func(t *tenant, _ string) *http.Request {
			return t.request(http.MethodPost, "/api/v1/templates", fmt.Sprintf(`{"name":"t%d","title":"T","spec":{}}`, n.Add(1)))
		},
		"update-template": func(t *tenant, _ string) *http.Request {
			return t.request(http.MethodPatch, "/api/v1/templates/"+t.Template.String(), fmt.Sprintf(`{"title":"%d"}`, n.Add(1)))
		},
		"terminate": func(t *tenant, session string) *http.Request {
			return t.request(http.MethodDelete, "/api/v1/sessions/"+session, "")
		},
	}
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		b.Run(name, func(b *testing.B) {
			f.drive(b, running.URL, connections, func(i int) *http.Request {
				t := &f.tenants[i%tenants]
				return requests[name](t, t.sessions[i/tenants%len(t.sessions)].String())
			})
		})
	}
}

// get asks for a path in which USER and SESSION stand for one of the tenant's.
func (t *tenant) get(path string) *http.Request {
	fill := strings.NewReplacer("USER", t.Admin.User.String(), "SESSION", t.sessions[0].String())
	return t.request(http.MethodGet, "/api/v1"+fill.Replace(path), "")
}

// fill gives a few sessions of a tenant what is looked for, and the tenant an audit log.
func (f *fixture) fill(b *testing.B, t *tenant) {
	b.Helper()
	ctx := context.Background()
	err := pgx.BeginFunc(ctx, f.super, func(tx pgx.Tx) error {
		for _, sql := range []string{
			"update app.sessions set tags = '{rare}' where org_id = $1 and id in (" +
				"select id from app.sessions where org_id = $1 order by created_at limit 20)",
			"update app.sessions set desired = 'terminated' where org_id = $1 and id in (" +
				"select id from app.sessions where org_id = $1 order by created_at limit 20)",
		} {
			if _, err := tx.Exec(ctx, sql, t.ID.UUID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	err = pgx.BeginFunc(ctx, f.app, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select rls.enter($1, $2, 'admin', $3, false)",
			t.ID.UUID, t.Admin.User.UUID, t.Admin.Credential.UUID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into app.audit_log (action, subject)
			select case when n % 100 = 0 then 'bench.rare' else 'bench.many' end, n::text
			  from generate_series(1, $1) n`, crowdHas)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
