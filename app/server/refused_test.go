package server_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// A failed sign-in of a known account is in the audit log of its organisation: within a minute, and also when the
// control plane stops before. Seen to fail without the last round.
func TestAFailedSignInIsAudited(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s, err := servertest.Start(ctx, d, servertest.Config{Unlimited: true})
	if err != nil {
		t.Fatal(err)
	}
	o := s.NewOrg(t, dbtest.Spec{})
	for range 3 {
		body := map[string]string{"email": o.Member.Email, "password": "wrong"}
		q := servertest.Request{Method: http.MethodPost, Path: "/api/v1/auth/login", Body: body}
		if status, code := s.Try(t, q, nil); status != http.StatusUnauthorized || code != "invalid_credentials" {
			t.Fatalf("a wrong password: %d %s", status, code)
		}
	}
	stop()
	super := d.Superuser(t)
	want := o.Member.User.String() + ", 3 from 127.0.0.1"
	for deadline := time.Now().Add(time.Minute); ; {
		var got string
		err := super.QueryRow(t.Context(), `select coalesce(string_agg(subject, '; '), '') from app.audit_log
			where org_id = $1 and action = 'credential.refused'`, o.ID.UUID).Scan(&got)
		if err == nil && got == want {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the audit log has %q (%v), want %q", got, err, want)
		}
	}
}
