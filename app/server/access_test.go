package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// accessWorld is a control plane without rate limits, because the tests of one's own access sign in often.
type accessWorld struct {
	*servertest.Server
	super *pgx.Conn
}

func newAccessWorld(t *testing.T) accessWorld {
	t.Helper()
	s, err := servertest.Start(t.Context(), database, servertest.Config{Unlimited: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Agents.Close)
	return accessWorld{s, database.Superuser(t)}
}

// signedIn is what a client keeps of a sign-in.
type signedIn struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Org     string `json:"org"`
	Code    string `json:"code"` // of a problem
}

// logIn signs in by password.
func (w accessWorld) logIn(t *testing.T, p dbtest.Person, org string) signedIn {
	t.Helper()
	var s signedIn
	body := map[string]string{"email": p.Email, "password": servertest.Password, "org": org}
	if status := w.Call(t, servertest.Request{Method: http.MethodPost, Path: "/api/v1/auth/login", Body: body},
		&s); status != http.StatusOK {
		t.Fatalf("sign in: %d %s", status, s.Code)
	}
	return s
}

// credential is the id that rls.enter takes, from the access token.
func (s signedIn) credential(t *testing.T) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(s.Access, ".")[1])
	var claims struct{ Sid string }
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims.Sid
}

// audited lists an action's subjects in an organisation, the oldest first.
func (w accessWorld) audited(t *testing.T, o *dbtest.Org, action string) []string {
	t.Helper()
	rows, _ := w.super.Query(t.Context(), "select subject from app.audit_log where org_id = $1 and action = $2 order by seq",
		o.ID.UUID, action) // an error shows as the rows are read
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The audit log names a sign-in by a public id. Seen to fail with the id that rls.enter takes, at the sign-in and at the
// sign-out.
func TestTheAuditLogNamesASignInByItsPublicID(t *testing.T) {
	t.Parallel()
	w := newAccessWorld(t)
	o := w.NewOrg(t, dbtest.Spec{})
	s := w.logIn(t, o.Member, o.Slug)
	var public, address, browser string
	if err := w.super.QueryRow(t.Context(), "select public_id::text, address, browser from app.credentials where id = $1",
		s.credential(t)).Scan(&public, &address, &browser); err != nil {
		t.Fatal(err)
	}
	if address != "127.0.0.1" || !strings.HasPrefix(browser, "Go-http-client/") {
		t.Errorf("it came from %q by %q", address, browser)
	}
	if status := w.Call(t, servertest.Request{Method: http.MethodPost, Path: "/api/v1/auth/logout", Bearer: s.Access},
		nil); status != http.StatusNoContent {
		t.Fatalf("sign out: %d", status)
	}
	in, out := w.audited(t, o, "credential.sign_in"), w.audited(t, o, "credential.sign_out")
	if in[len(in)-1] != public || len(out) != 1 || out[0] != public || public == s.credential(t) {
		t.Errorf("signed in as %v, out as %v, want %s", in, out, public)
	}
}
