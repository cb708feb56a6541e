package server_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// madeKey is what the API answers with when it makes a key.
type madeKey struct {
	ID     string    `json:"id"`
	Token  string    `json:"token"`
	EndsAt time.Time `json:"ends_at"`
	Code   string    `json:"code"`
	Field  string    `json:"field"`
	Detail string    `json:"detail"`
}

func (w accessWorld) createKey(t *testing.T, bearer string, body map[string]any) madeKey {
	t.Helper()
	var k madeKey
	q := servertest.Request{Method: http.MethodPost, Path: "/api/v1/keys", Bearer: bearer, Body: body}
	if status := w.Call(t, q, &k); status != http.StatusCreated {
		t.Fatalf("make a key: %d %s", status, k.Code)
	}
	w.Log.LookFor(k.Token)
	return k
}

// wantAnswer sends a request without a body and compares status and code.
func (w accessWorld) wantAnswer(t *testing.T, bearer, method, path string, status int, code string) {
	t.Helper()
	got, is := w.Try(t, servertest.Request{Method: method, Path: path, Bearer: bearer}, nil)
	if got != status || is != code {
		t.Errorf("%s %s: %d %s, want %d %s", method, path, got, is, status, code)
	}
}

// A key may do what its scopes and its owner's present role both allow.
func TestAnAPIKeyDoesWhatItsScopesAndItsOwnersRoleAllow(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	admin := w.Bearer(t, o.Admin)
	k := w.createKey(t, admin, map[string]any{"name": "CI", "scopes": []string{"self.read", "invitation.manage"}})
	if d := time.Until(k.EndsAt); d < 89*24*time.Hour || d > 90*24*time.Hour {
		t.Errorf("by default it lasts %s", d)
	}
	w.wantAnswer(t, k.Token, http.MethodGet, "/api/v1/me", http.StatusOK, "")
	w.wantAnswer(t, k.Token, http.MethodGet, "/api/v1/invitations", http.StatusOK, "")
	w.wantAnswer(t, k.Token, http.MethodGet, "/api/v1/sessions", http.StatusForbidden, "insufficient_scope")
	for path, method := range map[string]string{ // what no scope allows
		"/api/v1/keys": http.MethodGet, "/api/v1/keys/" + k.ID: http.MethodDelete, "/api/v1/auth/logout": http.MethodPost,
	} {
		w.wantAnswer(t, k.Token, method, path, http.StatusForbidden, "insufficient_scope")
	}
	refresh := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/auth/refresh", Body: map[string]string{"refresh_token": k.Token},
	}
	if status, code := w.Try(t, refresh, nil); status != http.StatusUnauthorized || code != "signed_out" {
		t.Errorf("a key as a refresh token: %d %s", status, code)
	}
	w.wantAnswer(t, k.Token[:len(k.Token)-1], http.MethodGet, "/api/v1/me", http.StatusUnauthorized, "key_invalid")

	// The role falls: the key has kept its scope, and its owner may no longer do it.
	fall := servertest.Request{
		Method: http.MethodPatch, Path: "/api/v1/members/" + o.Admin.User.String(), Bearer: w.Bearer(t, o.Owner),
		Body: map[string]string{"role": "viewer"},
	}
	if status := w.Call(t, fall, nil); status != http.StatusOK {
		t.Fatalf("change the role: %d", status)
	}
	w.wantAnswer(t, k.Token, http.MethodGet, "/api/v1/invitations", http.StatusForbidden, "forbidden")
	w.wantAnswer(t, k.Token, http.MethodGet, "/api/v1/me", http.StatusOK, "")
	remove := servertest.Request{
		Method: http.MethodDelete, Path: "/api/v1/members/" + o.Admin.User.String(), Bearer: w.Bearer(t, o.Owner),
	}
	if status := w.Call(t, remove, nil); status != http.StatusNoContent {
		t.Fatalf("remove the member: %d", status)
	}
	w.wantAnswer(t, k.Token, http.MethodGet, "/api/v1/me", http.StatusUnauthorized, "key_ended")
	if got := w.audited(t, o, "key.create"); !slices.Equal(got, []string{k.ID}) {
		t.Errorf("audited: %v", got)
	}
}

func TestAPIKeysAreListedRotatedAndRevoked(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	member, admin := w.Bearer(t, o.Member), w.Bearer(t, o.Admin)
	body := map[string]any{"name": "CI", "scopes": []string{"self.read"}, "expires_in_days": 1}
	old := w.createKey(t, member, body)
	w.wantAnswer(t, old.Token, http.MethodGet, "/api/v1/me", http.StatusOK, "")
	type item struct {
		ID, Name string
		Owner    string     `json:"owner_name"`
		Used     *time.Time `json:"used_at"`
	}
	list := func(bearer, query string) []item {
		var got struct{ Items []item }
		q := servertest.Request{Method: http.MethodGet, Path: "/api/v1/keys" + query, Bearer: bearer}
		if status := w.Call(t, q, &got); status != http.StatusOK {
			t.Fatalf("list keys: %d", status)
		}
		return got.Items
	}
	hour := time.Now().Truncate(time.Hour)
	for name, got := range map[string][]item{"own": list(member, ""), "everyone's": list(admin, "?everyone=true")} {
		if len(got) != 1 || got[0].ID != old.ID || got[0].Name != "CI" || got[0].Owner == "" || got[0].Used == nil ||
			got[0].Used.Before(hour) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := list(admin, ""); len(got) != 0 {
		t.Errorf("the admin's own: %+v", got)
	}

	var next madeKey
	rotate := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/keys/" + old.ID + "/rotate", Bearer: member,
		Body: map[string]int{"overlap_hours": 1},
	}
	if status := w.Call(t, rotate, &next); status != http.StatusCreated {
		t.Fatalf("rotate: %d %s", status, next.Code)
	}
	w.Log.LookFor(next.Token)
	for _, token := range []string{old.Token, next.Token} {
		w.wantAnswer(t, token, http.MethodGet, "/api/v1/me", http.StatusOK, "")
	}
	rotate.Body = map[string]int{"overlap_hours": 0}
	if status := w.Call(t, rotate, &madeKey{}); status != http.StatusCreated {
		t.Fatalf("rotate without an overlap: %d", status)
	}
	w.wantAnswer(t, old.Token, http.MethodGet, "/api/v1/me", http.StatusUnauthorized, "key_ended")
	w.wantAnswer(t, admin, http.MethodDelete, "/api/v1/keys/"+next.ID, http.StatusNoContent, "")
	w.wantAnswer(t, next.Token, http.MethodGet, "/api/v1/me", http.StatusUnauthorized, "key_ended")
	w.wantAnswer(t, member, http.MethodDelete, "/api/v1/keys/"+next.ID, http.StatusNotFound, "key_not_found")
	if got := w.audited(t, o, "key.revoke"); !slices.Equal(got, []string{next.ID}) {
		t.Errorf("audited: %v", got)
	}

}

func TestAnOrganisationLimitsHowLongAPIKeysLast(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	limit := servertest.Request{
		Method: http.MethodPut, Path: "/api/v1/settings", Bearer: w.Bearer(t, o.Admin),
		Body: map[string]int{"max_key_days": 30},
	}
	if status := w.Call(t, limit, nil); status != http.StatusOK {
		t.Fatalf("limit how long keys last: %d", status)
	}
	var refused madeKey
	long := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/keys", Bearer: w.Bearer(t, o.Member),
		Body: map[string]any{"name": "CI", "scopes": []string{"self.read"}, "expires_in_days": 31},
	}
	if status := w.Call(t, long, &refused); status != http.StatusConflict || refused.Field != "expires_in_days" ||
		!strings.Contains(refused.Detail, "30") {
		t.Errorf("a key for 31 days: %d %+v", status, refused)
	}
	k := w.createKey(t, long.Bearer, map[string]any{"name": "CI", "scopes": []string{"self.read"}})
	if d := time.Until(k.EndsAt); d < 29*24*time.Hour || d > 30*24*time.Hour {
		t.Errorf("by default it lasts %s", d)
	}
	if got := w.audited(t, o, "settings.update"); !slices.Equal(got, []string{o.ID.String()}) {
		t.Errorf("audited: %v", got)
	}
}

// A key that is revoked while it is used: each request is answered as before or as after, and none after the
// revocation has been answered gets in.
func TestAnAPIKeyIsRevokedWhileItIsUsed(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	member := w.Bearer(t, o.Member)
	k := w.createKey(t, member, map[string]any{"name": "CI", "scopes": []string{"self.read"}})
	const users = 4
	revoked, used := make(chan struct{}), make(chan struct{}, users)
	var work sync.WaitGroup
	for range users {
		work.Go(func() {
			for first := true; ; first = false {
				over := false
				select {
				case <-revoked:
					over = true
				default:
				}
				status, code := w.Try(t, servertest.Request{Method: http.MethodGet, Path: "/api/v1/me", Bearer: k.Token}, nil)
				switch {
				case status == http.StatusUnauthorized && code == "key_ended":
					return
				case status != http.StatusOK || over:
					t.Errorf("answered %d %s, revoked: %t", status, code, over)
					return
				}
				if first {
					used <- struct{}{}
				}
			}
		})
	}
	for range users {
		<-used
	}
	w.wantAnswer(t, member, http.MethodDelete, "/api/v1/keys/"+k.ID, http.StatusNoContent, "")
	close(revoked)
	work.Wait()
}
