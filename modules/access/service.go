package access

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Service has the use cases of members who manage their own access. It is safe for concurrent use.
type Service struct {
	account   Account
	inOrg     org.Scoped[Tx]
	read      org.Reading[Queries]
	passwords *identity.Passwords
	refusals  *audit.Refusals[Tx]
}

// Config has everything that a Service needs. No field may be left out.
type Config struct {
	Account   Account
	InOrg     org.Scoped[Tx]
	Read      org.Reading[Queries]
	Passwords *identity.Passwords
	Counter   audit.Counter // of refusals
}

// NewService makes the service.
func NewService(c Config) *Service {
	return &Service{
		account: c.Account, inOrg: c.InOrg, read: c.Read, passwords: c.Passwords,
		refusals: audit.NewRefusals(Resource, c.InOrg, Tx.SignInIsForeign, c.Counter),
	}
}

// SignIns returns a page of the caller's own sign-ins to the present organisation, the newest first.
func (s *Service) SignIns(ctx context.Context, who org.Scope, r page.Request) (page.Page[SignIn], error) {
	all, err := s.read(who).SignIns(ctx, r.After, r.Size()+1)
	return page.Cut(all, r.Size(), func(s SignIn) page.Cursor {
		return page.Cursor{Key: s.Created.UTC().Format(time.RFC3339Nano), ID: s.ID.UUID}
	}), err
}

// End ends one of the caller's own sign-ins, and reports whether it is the one that the caller presents. Its next
// request is refused, and its streams close within a second. It returns ErrNotFound, or audit.ErrOtherOrg for a sign-in
// to another organisation.
func (s *Service) End(ctx context.Context, who org.Scope, id identity.SignInID) (current bool, err error) {
	err = s.inOrg(ctx, who, func(tx Tx) error {
		if current, err = tx.EndSignIn(ctx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "credential.sign_out", id)
	})
	if errors.Is(err, ErrNotFound) {
		return false, s.refusals.Missing(ctx, who, id.UUID)
	}
	return current, err
}

// EndOthers ends all sign-ins of the caller in every organisation, except the present one.
func (s *Service) EndOthers(ctx context.Context, who org.Scope) error {
	return s.account.SignOutOthers(ctx, who)
}

// ChangePassword gives the caller another password, if they know the present one. Their other sign-ins end, in every
// organisation. It returns ErrWrongPassword, also for a user without a password, fault.ErrBusy, or an Invalid fault
// that names new_password.
func (s *Service) ChangePassword(ctx context.Context, who org.Scope, present, next string) error {
	if err := input.Size("new_password", len(next), 1, identity.MaxPassword); err != nil {
		return err
	}
	stored, err := s.account.PasswordOf(ctx, who)
	if err != nil {
		return err
	}
	switch ok, err := s.passwords.Verify(ctx, present, stored); {
	case err != nil:
		return err
	case !ok:
		return ErrWrongPassword
	}
	hash, err := s.passwords.Hash(ctx, next)
	if err != nil {
		return err
	}
	return s.account.ChangePassword(ctx, who, stored, hash)
}

// Orgs returns a page of the organisations that the caller may enter, by slug.
func (s *Service) Orgs(ctx context.Context, who org.Scope, r page.Request) (page.Page[identity.Membership], error) {
	all, err := s.read(who).Orgs(ctx, r.After.Key, r.Size()+1)
	return page.Cut(all, r.Size(), func(m identity.Membership) page.Cursor {
		return page.Cursor{Key: m.Org.Slug, ID: m.Org.ID.UUID}
	}), err
}

// Switch signs the caller in to another of their organisations, without a password. The new sign-in ends with the
// present one at the latest, so that switching to and fro does not prolong it. It returns the sign-in's secret, which
// cannot be read again, or ErrNotYourOrg.
func (s *Service) Switch(
	ctx context.Context, who org.Scope, slug string, from identity.Client,
) (identity.SignIn, secret.Secret, error) {
	key := secret.New()
	c := identity.NewCredential{
		ID: org.CredentialID{UUID: uuid.Must(uuid.NewV7())}, User: who.User(), Hash: key.Hash(), From: from,
	}
	in, err := s.account.SwitchOrg(ctx, who, slug, c)
	return in, key, err
}
