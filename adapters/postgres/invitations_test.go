package postgres

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/invitations"
	"github.com/streamspace-dev/streamspace/modules/recovery"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// together runs fn so many times at once and returns how often it returned nil. Any other result must be lost.
func together(t *testing.T, n int, lost error, fn func() error) (won int) {
	t.Helper()
	results := make([]error, n)
	var start, done sync.WaitGroup
	start.Add(n)
	for i := range n {
		done.Go(func() {
			start.Done()
			start.Wait()
			results[i] = fn()
		})
	}
	done.Wait()
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, lost):
			t.Errorf("lost by %v", err)
		}
	}
	return won
}

// Seen to fail with functions that look for the row first and then delete it.
func TestALinkIsUsedByOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	o, other := database.NewOrg(t, dbtest.Spec{}), database.NewOrg(t, dbtest.Spec{})
	scope, login := open.Invitations(), open.Directory()
	const racers = 4 // as many connections as there are
	for range 20 {
		key, i := secret.New(), invitations.Invitation{
			ID: invitations.ID{UUID: uuid.New()}, Email: uuid.NewString() + "@example.test", Role: org.RoleMember, ByMail: true,
		}
		if err := scope(t.Context(), as(o, o.Admin), func(tx invitations.Tx) error {
			_, err := tx.InsertInvitation(t.Context(), i, key.Hash())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		accept := func() error {
			return login.AcceptInvitation(t.Context(), key.Hash(), invitations.Account{
				User: org.UserID{UUID: uuid.New()}, Name: "Ada", PasswordHash: "none",
			})
		}
		if won := together(t, racers, invitations.ErrInvalid, accept); won != 1 {
			t.Fatalf("an invitation was accepted %d times", won)
		}
		link := secret.New()
		made, err := login.ForgetPassword(t.Context(), i.Email, link.Hash(), time.Now().Add(time.Hour))
		if err != nil || !made {
			t.Fatalf("no link: %v", err)
		}
		reset := func() error { return login.ResetPassword(t.Context(), link.Hash(), "none") }
		if won := together(t, racers, recovery.ErrLink, reset); won != 1 {
			t.Fatalf("a link to a new password was used %d times", won)
		}
	}
	// An organisation does not learn by inviting that another has invited the same address.
	for _, of := range []*dbtest.Org{o, other} {
		if err := scope(t.Context(), as(of, of.Owner), func(tx invitations.Tx) error {
			_, err := tx.InsertInvitation(t.Context(), invitations.Invitation{
				ID: invitations.ID{UUID: uuid.New()}, Email: "both@example.test", Role: org.RoleOwner,
			}, secret.New().Hash())
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}
