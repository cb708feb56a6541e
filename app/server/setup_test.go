package server_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/setup"
)

// An installation is set up once, by whoever holds the code.
func TestAnInstallationIsSetUpOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	s, err := servertest.Start(t.Context(), d, servertest.Config{Unlimited: true})
	if err != nil {
		t.Fatal(err)
	}
	operator, err := postgres.OpenOperator(t.Context(), postgres.Config{URL: d.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(operator.Close)
	body := func(code, slug string) map[string]any {
		return map[string]any{
			"code": code, "org": map[string]string{"slug": slug, "name": "First"},
			"owner": map[string]string{"email": "owner@example.test", "name": "Owner", "password": servertest.Password},
		}
	}
	request := func(code, slug string) servertest.Request {
		return servertest.Request{Method: http.MethodPost, Path: "/api/v1/setup", Body: body(code, slug)}
	}
	setUp := func(code, slug string) (status int, problem string) {
		var said struct{ Code string }
		status = s.Call(t, request(code, slug), &said)
		return status, said.Code
	}
	if status, said := setUp("guessed", "first"); status != http.StatusForbidden || said != "setup_code_invalid" {
		t.Fatalf("without a code: %d %s", status, said)
	}
	old, err := setup.NewCode(t.Context(), operator, "ops")
	if err != nil {
		t.Fatal(err)
	}
	code, err := setup.NewCode(t.Context(), operator, "ops")
	if err != nil {
		t.Fatal(err)
	}
	if status, said := setUp(old.Reveal(), "first"); status != http.StatusForbidden {
		t.Errorf("with the code before: %d %s", status, said)
	}
	if status, said := setUp(code.Reveal(), "Not A Label"); status != http.StatusBadRequest || said != "invalid_body" {
		t.Errorf("with a bad slug: %d %s", status, said)
	}

	// Of many at once, one sets it up.
	var wait sync.WaitGroup
	done := make(chan int, 8)
	for range cap(done) {
		wait.Go(func() {
			done <- s.Call(t, request(code.Reveal(), "first"), nil)
		})
	}
	wait.Wait()
	close(done)
	made := 0
	for status := range done {
		switch status {
		case http.StatusNoContent:
			made++
		case http.StatusForbidden, http.StatusConflict:
		default:
			t.Errorf("set up: %d", status)
		}
	}
	if made != 1 {
		t.Errorf("it was set up %d times", made)
	}
	if _, err := setup.NewCode(t.Context(), operator, "ops"); !errors.Is(err, setup.ErrDone) {
		t.Errorf("another code: %v", err)
	}
	signIn := servertest.Request{Method: http.MethodPost, Path: "/api/v1/auth/login",
		Body: map[string]string{"email": "owner@example.test", "password": servertest.Password}}
	if status := s.Call(t, signIn, nil); status != http.StatusOK {
		t.Errorf("the owner signs in: %d", status)
	}
}
