package server_test

import (
	"maps"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// creator creates things of one organisation with an Idempotency-Key.
type creator struct {
	*testing.T

	org *dbtest.Org
}

// creates sends a request and returns the answer and the id of what it shows.
func (c creator) creates(as dbtest.Person, path, key string, body any) (servertest.Answer, uuid.UUID) {
	c.Helper()
	a := running.Answer(c, servertest.Request{
		Method: http.MethodPost, Path: "/api/v1" + path, Bearer: running.Bearer(c, as), Body: body,
		Header: http.Header{"Idempotency-Key": {key}},
	})
	var made struct{ ID uuid.UUID }
	if a.Status == http.StatusCreated {
		a.Decode(c, &made)
	}
	return a, made.ID
}

// count counts the rows of the organisation. rows names a table, with the beginning of a condition.
func (c creator) count(rows string) (n int) {
	c.Helper()
	err := database.Superuser(c).QueryRow(c.Context(), "select count(*) from app."+rows+" org_id = $1",
		c.org.ID.UUID).Scan(&n)
	if err != nil {
		c.Fatal(err)
	}
	return n
}

// A request that is sent again creates nothing more, and gets what the first has created.
func TestARequestIsRepeated(t *testing.T) {
	t.Parallel()
	c := creator{t, running.NewOrg(t, dbtest.Spec{PerOrg: 2, PerUser: 1})}
	o, other := c.org, running.NewOrg(t, dbtest.Spec{})
	running.AgentSeen(t, o)
	running.AgentSeen(t, other)
	for _, r := range []struct {
		path, rows  string
		by, another dbtest.Person
		body, apart map[string]any
	}{
		// The quota of one session is used up by the first request, and its repetition needs none.
		{"/sessions", "sessions where", o.Member, o.Admin, map[string]any{"template": "desk"},
			map[string]any{"template": "desk", "name": "Other"}},
		{"/templates", "templates where", o.Owner, o.Admin,
			map[string]any{"name": "x", "title": "X", "spec": map[string]any{}},
			map[string]any{"name": "x", "title": "Y", "spec": map[string]any{}}},
		{"/invitations", "invitations where", o.Owner, o.Admin,
			map[string]any{"email": "a@example.test", "role": "member"},
			map[string]any{"email": "a@example.test", "role": "viewer"}},
		{"/keys", "credentials where scopes is not null and", o.Member, o.Admin,
			map[string]any{"name": "CI", "scopes": []string{"self.read"}},
			map[string]any{"name": "CI", "scopes": []string{"member.read"}}},
	} {
		before := c.count(r.rows)
		first, id := c.creates(r.by, r.path, "key", r.body)
		again, same := c.creates(r.by, r.path, "key", maps.Clone(r.body))
		if first.Status != 201 || again.Status != 201 || id != same || c.count(r.rows) != before+1 {
			t.Errorf("%s: %d %s and %d %s", r.path, first.Status, first.Body, again.Status, again.Body)
		}
		if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" ||
			again.Header.Get("Location") != first.Header.Get("Location") {
			t.Errorf("%s: %v and %v", r.path, first.Header, again.Header)
		}
		if a, _ := c.creates(r.by, r.path, "key", r.apart); a.Status != 422 || a.Code() != "idempotency_key_reused" {
			t.Errorf("%s with another body: %d %s", r.path, a.Status, a.Body)
		}
		if r.path == "/templates" { // the name is taken; a failure uses no key
			if a, _ := c.creates(r.another, r.path, "key", r.body); a.Status != 409 {
				t.Errorf("%s by another admin: %d %s", r.path, a.Status, a.Body)
			}
		} else if a, theirs := c.creates(r.another, r.path, "key", r.body); a.Status != 201 || theirs == id {
			t.Errorf("%s by another member with the same key: %d %s", r.path, a.Status, a.Body)
		}
		if a, theirs := c.creates(other.Owner, r.path, "key", r.body); a.Status != 201 || theirs == id ||
			a.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s in another organisation with the same key: %d %s", r.path, a.Status, a.Body)
		}
		if _, err := database.Superuser(t).Exec(t.Context(),
			"delete from app.idempotency_keys where org_id in ($1, $2)", o.ID.UUID, other.ID.UUID); err != nil {
			t.Fatal(err)
		}
	}
	if a, _ := c.creates(o.Owner, "/sessions", "two words", map[string]any{"template": "desk"}); a.Status != 400 {
		t.Errorf("a key of two words: %d %s", a.Status, a.Body)
	}
}

// A repetition is authorised like any request, and shows no secret.
func TestWhatARepetitionDoesNotShow(t *testing.T) {
	t.Parallel()
	c := creator{t, running.NewOrg(t, dbtest.Spec{})}
	o := c.org
	var made, again struct{ Link string }
	body := map[string]any{"email": "a@example.test", "role": "member"}
	a, id := c.creates(o.Admin, "/invitations", "one", body)
	a.Decode(t, &made)
	a, _ = c.creates(o.Admin, "/invitations", "one", body)
	if a.Decode(t, &again); made.Link == "" || again.Link != "" {
		t.Errorf("the link is %q, and then %q", made.Link, again.Link)
	}
	revoke := servertest.Request{
		Method: http.MethodDelete, Path: "/api/v1/invitations/" + id.String(), Bearer: running.Bearer(t, o.Owner),
	}
	if status := running.Call(t, revoke, nil); status != 204 {
		t.Fatalf("revoke: %d", status)
	}
	if a, _ = c.creates(o.Admin, "/invitations", "one", body); a.Status != 404 || a.Code() != "invitation_not_found" {
		t.Errorf("what is revoked is shown again: %d %s", a.Status, a.Body)
	}
	demote := servertest.Request{
		Method: http.MethodPatch, Path: "/api/v1/members/" + o.Admin.User.String(), Bearer: running.Bearer(t, o.Owner),
		Body: map[string]any{"role": "member"},
	}
	if status := running.Call(t, demote, nil); status != 200 {
		t.Fatalf("demote: %d", status)
	}
	if a, _ = c.creates(o.Admin, "/invitations", "one", body); a.Status != 403 {
		t.Errorf("to one who may invite no more: %d %s", a.Status, a.Body)
	}
}

// Many at once with one key create one thing, and all of them are told of it. Seen to fail without the claim.
func TestOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	c := creator{t, running.NewOrg(t, dbtest.Spec{})}
	body := map[string]any{"name": "x", "title": "X", "spec": map[string]any{}}
	bearer := running.Bearer(t, c.org.Owner)
	var done sync.WaitGroup
	var mu sync.Mutex
	seen := map[uuid.UUID]int{}
	for range 8 {
		done.Go(func() {
			a := running.Answer(t, servertest.Request{
				Method: http.MethodPost, Path: "/api/v1/templates", Bearer: bearer, Body: body,
				Header: http.Header{"Idempotency-Key": {"once"}},
			})
			var made struct{ ID uuid.UUID }
			if a.Decode(t, &made); a.Status != 201 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[made.ID]++
		})
	}
	done.Wait()
	if len(seen) != 1 || c.count("templates where") != 2 { // and the one that each test's organisation has
		t.Errorf("created %v", seen)
	}
}

// After its day a key is new, whether it was removed yet or not.
func TestAKeyEnds(t *testing.T) {
	t.Parallel()
	c := creator{t, running.NewOrg(t, dbtest.Spec{})}
	running.AgentSeen(t, c.org)
	_, first := c.creates(c.org.Member, "/sessions", "key", map[string]any{"template": "desk"})
	if _, err := database.Superuser(t).Exec(t.Context(),
		"update app.idempotency_keys set ends_at = now() - interval '1 s' where org_id = $1", c.org.ID.UUID); err != nil {
		t.Fatal(err)
	}
	a, second := c.creates(c.org.Member, "/sessions", "key", map[string]any{"template": "desk", "name": "Two"})
	if a.Status != 201 || second == first || a.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}
