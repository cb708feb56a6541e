package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

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
