package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// The audit log is the organisation's for its admins, and everyone else's own.
func TestWhoReadsTheAuditLog(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	member, admin := w.logIn(t, o.Member, o.Slug).Access, w.logIn(t, o.Admin, o.Slug).Access
	w.createKey(t, member, map[string]any{"name": "CI", "scopes": []string{"self.read"}})
	w.createKey(t, admin, map[string]any{"name": "CI", "scopes": []string{"self.read"}})
	type entry struct {
		Seq           int64
		Actor, Action string
		ActorName     string `json:"actor_name"`
	}
	list := func(bearer, query string) (all []entry) {
		t.Helper()
		var got struct{ Items []entry }
		q := servertest.Request{Method: http.MethodGet, Path: "/api/v1/audit?limit=100" + query, Bearer: bearer}
		if status := w.Call(t, q, &got); status != http.StatusOK {
			t.Fatalf("list the audit log: %d", status)
		}
		return got.Items
	}
	members := "user:" + o.Member.User.String()
	everything := list(admin, "")
	if n := len(everything); n < 5 || everything[0].Seq != int64(n) || everything[0].Action != "key.create" ||
		everything[0].ActorName == "" || everything[n-1].Seq != 1 {
		t.Errorf("the admin sees %+v", everything)
	}
	own := list(member, "")
	if len(own) < 2 || slices.ContainsFunc(own, func(e entry) bool { return e.Actor != members }) {
		t.Errorf("the member sees %+v", own)
	}
	if got := list(admin, "&actor="+url.QueryEscape(members)); !slices.Equal(got, own) {
		t.Errorf("of the member: %+v, the member sees %+v", got, own)
	}
	if got := list(admin, "&action=key.create"); len(got) != 2 {
		t.Errorf("keys that were made: %+v", got)
	}
	if got := list(admin, "&action=key.create&actor="+url.QueryEscape(members)); len(got) != 1 || got[0].Actor != members {
		t.Errorf("keys that the member made: %+v", got)
	}
	if got := list(member, "&action=key.create"); len(got) != 1 {
		t.Errorf("to the member: keys that were made: %+v", got)
	}
	if got := list(member, "&actor="+url.QueryEscape("user:"+o.Admin.User.String())); len(got) != 0 {
		t.Errorf("to the member: the admin's: %+v", got)
	}
}

// An export has what the list has, beyond a page of its own and in the same order. It begins with its own entry.
func TestAnAdminExportsTheAuditLog(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	admin := w.logIn(t, o.Admin, o.Slug).Access
	fillLog(t, w, o, 2100)
	type entry struct {
		Seq                          int64
		At                           time.Time
		Actor, Action, Subject, Hash string
		ActorName                    string `json:"actor_name"`
	}
	export := func(query string) (all []entry) {
		t.Helper()
		a := w.Answer(t, servertest.Request{Method: http.MethodGet, Path: "/api/v1/audit/export" + query, Bearer: admin})
		if kind := a.Header.Get("Content-Type"); a.Status != http.StatusOK || kind != "application/x-ndjson" {
			t.Fatalf("export%s: %d %s", query, a.Status, kind)
		}
		for line := range bytes.Lines(a.Body) {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			all = append(all, e)
		}
		return all
	}
	admins := "user:" + o.Admin.User.String()
	all := export("")
	if first := all[0]; first.Action != "audit.export" || first.Actor != admins || first.Subject != o.ID.String() ||
		first.ActorName == "" || int(first.Seq) != len(all) || len(all) < 2100 {
		t.Errorf("%d entries, the first %+v", len(all), first)
	}
	rows, err := w.super.Query(t.Context(), `select seq, at, actor, action, subject, encode(hash, 'hex'), ''
		from app.audit_log where org_id = $1 order by seq desc`, o.ID.UUID)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowToStructByPos[entry])
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].ActorName, want[i].At = "", want[i].At.UTC()
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("(-the log +its export)\n%s", diff)
	}
	if got := export("?action=fill"); len(got) != 2100 || got[0].Seq < got[2099].Seq {
		t.Errorf("of an action: %d", len(got))
	}
	got := export("?action=audit.export&actor=" + url.QueryEscape(admins))
	if len(got) != 3 || got[0].Subject != "action=audit.export&actor="+url.QueryEscape(admins) ||
		got[1].Subject != "action=fill" {
		t.Errorf("exports by the admin: %+v", got)
	}
	if got := export("?actor=service:nobody"); len(got) != 0 {
		t.Errorf("of an unknown actor: %+v", got)
	}
}

// fillLog writes entries as a service does. A transaction has few of them, because each leaves two dead versions of the
// head behind, which the next one has to pass.
func fillLog(t *testing.T, w accessWorld, o *dbtest.Org, n int) {
	t.Helper()
	for ; n > 0; n -= 500 {
		sql := fmt.Sprintf(`begin;
			select set_config('app.org_id', '%s', true), set_config('app.service', 'test', true);
			insert into app.audit_log (action, subject) select 'fill', n::text from generate_series(1, %d) n; commit`,
			o.ID, min(n, 500))
		if _, err := w.super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// verification is what a check of the log answers.
type verification struct {
	Intact, More bool
	Checked      int64
	Hash         string
	Head         struct {
		Seq  int64
		Hash string
	}
	Fault struct {
		Seq    int64
		Reason string
	}
}

// A check goes on from where the one before it ended, and names the first entry that was changed.
func TestAnAdminChecksTheAuditLog(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	admin := w.logIn(t, o.Admin, o.Slug).Access
	fillLog(t, w, o, 10500)
	check := func(after int64) (v verification) {
		t.Helper()
		q := servertest.Request{
			Method: http.MethodGet, Path: fmt.Sprintf("/api/v1/audit/verification?after=%d", after), Bearer: admin,
		}
		if status := w.Call(t, q, &v); status != http.StatusOK {
			t.Fatalf("after %d: %d", after, status)
		}
		return v
	}
	began := time.Now()
	first := check(0)
	t.Logf("10,000 entries took %v", time.Since(began))
	last := check(first.Checked)
	if !first.Intact || !first.More || first.Checked != 10000 || len(first.Hash) != 64 || first.Head.Seq < 10500 ||
		!last.Intact || last.More || last.Checked != last.Head.Seq || last.Hash != last.Head.Hash {
		t.Errorf("%+v, then %+v", first, last)
	}
	var refused struct{ Code, Field string }
	beyond := servertest.Request{
		Method: http.MethodGet, Path: "/api/v1/audit/verification?after=99999", Bearer: admin,
	}
	if status := w.Call(t, beyond, &refused); status != http.StatusBadRequest || refused.Field != "after" {
		t.Errorf("beyond the end: %d %+v", status, refused)
	}
	if _, err := w.super.Exec(t.Context(), fmt.Sprintf(`begin; set local session_replication_role = replica;
		update app.audit_log set subject = '1' where org_id = '%s' and seq = 10100; commit`, o.ID)); err != nil {
		t.Fatal(err)
	}
	if v := check(0); !v.Intact {
		t.Errorf("before the change: %+v", v)
	}
	if v := check(10000); v.Intact || v.More || v.Checked != 10099 || v.Fault.Seq != 10100 || v.Fault.Reason != "changed" {
		t.Errorf("with the change: %+v", v)
	}
}
