package server_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// switchTo signs in to another organisation by a sign-in, and returns the status.
func (w accessWorld) switchTo(t *testing.T, bearer, org string) (s signedIn, status int) {
	t.Helper()
	status = w.Call(t, servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/auth/switch", Bearer: bearer, Body: map[string]string{"org": org},
	}, &s)
	return s, status
}

// ends is when a sign-in ends.
func (w accessWorld) ends(t *testing.T, s signedIn) (at time.Time) {
	t.Helper()
	if err := w.super.QueryRow(t.Context(), "select ends_at from app.credentials where id = $1", s.credential(t)).
		Scan(&at); err != nil {
		t.Fatal(err)
	}
	return at
}

// Seen to fail with a new sign-in of twelve hours.
func TestASwitchKeepsTheEndOfTheSignIn(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o, elsewhere, closed := w.NewOrg(t, dbtest.Spec{}), w.NewOrg(t, dbtest.Spec{}), w.NewOrg(t, dbtest.Spec{})
	w.member(t, o.Owner, elsewhere)
	w.member(t, o.Owner, closed)
	if _, err := w.super.Exec(t.Context(), "update app.organizations set suspended = true where id = $1",
		closed.ID.UUID); err != nil {
		t.Fatal(err)
	}
	present := w.logIn(t, o.Owner, o.Slug)
	if _, err := w.super.Exec(t.Context(), "update app.credentials set ends_at = now() + interval '1 h' where id = $1",
		present.credential(t)); err != nil {
		t.Fatal(err)
	}
	there, status := w.switchTo(t, present.Access, elsewhere.Slug)
	if status != http.StatusOK || there.Org != elsewhere.Slug || !w.works(t, there.Access) {
		t.Fatalf("switch: %d %s", status, there.Code)
	}
	back, status := w.switchTo(t, there.Access, o.Slug)
	if status != http.StatusOK || !w.works(t, back.Access) || !w.works(t, present.Access) {
		t.Fatalf("switch back: %d %s", status, back.Code)
	}
	if end := w.ends(t, present); !w.ends(t, there).Equal(end) || !w.ends(t, back).Equal(end) {
		t.Errorf("they end at %s and %s, the first one at %s", w.ends(t, there), w.ends(t, back), end)
	}
	for name, slug := range map[string]string{
		"another's": w.NewOrg(t, dbtest.Spec{}).Slug, "a suspended one": closed.Slug,
		"an unknown one": "no-such-organisation",
	} {
		if s, status := w.switchTo(t, present.Access, slug); status != http.StatusForbidden || s.Code != "not_your_org" {
			t.Errorf("%s: %d %s", name, status, s.Code)
		}
	}
	var page struct {
		Items []struct{ Slug, Role string }
	}
	w.Call(t, servertest.Request{Path: "/api/v1/me/orgs", Bearer: present.Access}, &page)
	roles := map[string]string{}
	for _, in := range page.Items {
		roles[in.Slug] = in.Role
	}
	if len(roles) != 2 || roles[o.Slug] != "owner" || roles[elsewhere.Slug] != "member" {
		t.Errorf("the organisations: %v", roles)
	}
}

// With a cookie the switch answers with the cookie of the new sign-in.
func TestASwitchByCookie(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o, elsewhere := w.NewOrg(t, dbtest.Spec{}), w.NewOrg(t, dbtest.Spec{})
	w.member(t, o.Member, elsewhere)
	cookie := func(path, presented, body string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Cookie", presented)
		response, err := w.Client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		set := response.Header.Get("Set-Cookie")
		if response.StatusCode != http.StatusNoContent || !strings.HasPrefix(set, "__Host-session=") {
			t.Fatalf("%s: %d %q", path, response.StatusCode, set)
		}
		return set
	}
	first := cookie("/api/v1/auth/login", "",
		`{"email":"`+o.Member.Email+`","password":"`+servertest.Password+`","org":"`+o.Slug+`","cookie":true}`)
	first, _, _ = strings.Cut(first, ";")
	second := cookie("/api/v1/auth/switch", first, `{"org":"`+elsewhere.Slug+`","cookie":true}`)
	value, rest, _ := strings.Cut(second, ";")
	for _, word := range []string{"HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=43"} { // 12 h are 43200 s
		if !strings.Contains(rest, word) {
			t.Errorf("%s is not in %s", word, rest)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/api/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", value)
	response, err := w.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("by the new cookie: %d", response.StatusCode)
	}
}

// A switch at the same time as a sign-out everywhere leaves no sign-in but the one that asked for it. Seen to fail
// without the lock in rls.switch_org: a switch that had looked at its sign-in before made another one after it.
func TestSignOutEverywhereDuringASwitch(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o, elsewhere := w.NewOrg(t, dbtest.Spec{}), w.NewOrg(t, dbtest.Spec{})
	w.member(t, o.Member, elsewhere)
	for range 20 {
		present := w.logIn(t, o.Member, o.Slug)
		others := []signedIn{w.logIn(t, o.Member, o.Slug), w.logIn(t, o.Member, elsewhere.Slug)}
		var all sync.WaitGroup
		for i, s := range others {
			for range 4 {
				all.Go(func() { w.switchTo(t, s.Access, []string{elsewhere.Slug, o.Slug}[i]) })
			}
		}
		if status := w.delete(t, "/api/v1/me/sign-ins", present.Access); status != http.StatusNoContent {
			t.Fatalf("sign out everywhere: %d", status)
		}
		all.Wait()
		var left int
		if err := w.super.QueryRow(t.Context(), "select count(*) from app.credentials where user_id = $1",
			o.Member.User.UUID).Scan(&left); err != nil || left != 1 {
			t.Fatalf("%d sign-ins are left, %v", left, err)
		}
	}
}
