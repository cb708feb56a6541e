package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// TestEveryListHasFurtherPages reads each list of the API's description page by page, with one item on each.
func TestEveryListHasFurtherPages(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o, other := w.NewOrg(t, dbtest.Spec{Members: 2, PerOrg: 5, PerUser: 5}), w.NewOrg(t, dbtest.Spec{})
	w.AgentSeen(t, o)
	if _, err := w.super.Exec(t.Context(), "insert into app.memberships (org_id, user_id, role) values ($1, $2, 'viewer')",
		other.ID.UUID, o.Owner.User.UUID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.super.Exec(t.Context(), "insert into app.agent_orgs (org_id, agent_id) values ($1, $2)",
		o.ID.UUID, other.Agent); err != nil {
		t.Fatal(err)
	}
	owner := w.logIn(t, o.Owner, o.Slug).Access
	create := func(path string, body map[string]any) string {
		t.Helper()
		var made struct{ ID string }
		q := servertest.Request{Method: http.MethodPost, Path: "/api/v1" + path, Bearer: owner, Body: body}
		if status := w.Call(t, q, &made); status != http.StatusCreated {
			t.Fatalf("create %s: %d", path, status)
		}
		return made.ID
	}
	session := ""
	for _, one := range []string{"a", "b"} {
		w.logIn(t, o.Owner, o.Slug)
		create("/invitations", map[string]any{"email": one + "@example.test", "role": "member"})
		create("/keys", map[string]any{"name": one, "scopes": []string{"self.read"}})
		create("/templates", map[string]any{"name": one, "title": one, "spec": map[string]any{}})
		session = create("/sessions", map[string]any{"template": "desk"})
	}
	end := servertest.Request{Method: http.MethodDelete, Path: "/api/v1/sessions/" + session, Bearer: owner}
	if status := w.Call(t, end, nil); status != http.StatusAccepted {
		t.Fatalf("end the session: %d", status)
	}
	for _, m := range o.Members {
		q := servertest.Request{Method: http.MethodDelete, Path: "/api/v1/members/" + m.User.String(), Bearer: owner}
		if status := w.Call(t, q, nil); status != http.StatusNoContent {
			t.Fatalf("remove a member: %d", status)
		}
	}
	for _, path := range lists(t) {
		var seen []string
		cursor := ""
		for {
			var page struct {
				Items []json.RawMessage
				Next  string `json:"next_cursor"`
			}
			q := servertest.Request{
				Method: http.MethodGet, Bearer: owner,
				Path: strings.ReplaceAll(path, "{session_id}", session) + "?limit=1" + cursor,
			}
			if status, code := w.Try(t, q, &page); status != http.StatusOK || len(page.Items) != 1 {
				t.Errorf("page %d of %s: %d %s with %d items", len(seen)+1, path, status, code, len(page.Items))
				break
			}
			if item := string(page.Items[0]); slices.Contains(seen, item) {
				t.Errorf("%s shows twice: %s", path, item)
			}
			if seen = append(seen, string(page.Items[0])); page.Next == "" || len(seen) > 50 {
				break
			}
			cursor = "&cursor=" + page.Next
		}
		if len(seen) < 2 {
			t.Errorf("%s has %d pages: this test looks at nothing", path, len(seen))
		}
	}
}

// lists are the paths of the operations that take a cursor.
func lists(t *testing.T) (paths []string) {
	t.Helper()
	for _, op := range described(t) {
		if op.Operation.Parameters.GetByInAndName("query", "cursor") != nil {
			paths = append(paths, op.Path)
		}
	}
	if slices.Sort(paths); len(paths) < 9 {
		t.Fatalf("only %d lists: %v", len(paths), paths)
	}
	return paths
}
