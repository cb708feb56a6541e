package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Service is the module's use cases for those who sign in.
type Service struct {
	directory Directory
	inOrg     org.Scoped[Tx]
	read      org.Reading[Queries]
	passwords *Passwords
	now       func() time.Time
}

// NewService makes the service.
func NewService(d Directory, inOrg org.Scoped[Tx], read org.Reading[Queries], p *Passwords) *Service {
	return &Service{directory: d, inOrg: inOrg, read: read, passwords: p, now: time.Now}
}

// LogIn is someone asking to be signed in.
type LogIn struct {
	Email    string
	Password string
	Org      string // a slug; empty: the only one they belong to
}

// LogIn checks the password and makes a sign-in. Its secret is returned here and nowhere else.
func (s *Service) LogIn(ctx context.Context, in LogIn) (SignIn, secret.Secret, error) {
	user, err := s.authenticate(ctx, NormalEmail(in.Email), in.Password)
	if err != nil {
		return SignIn{}, secret.Secret{}, err
	}
	m, err := s.choose(ctx, user, in.Org)
	if err != nil {
		return SignIn{}, secret.Secret{}, err
	}
	key := secret.New()
	c := NewCredential{
		ID: org.CredentialID{UUID: uuid.Must(uuid.NewV7())}, User: user, Org: m.Org.ID,
		Hash: key.Hash(), EndsAt: s.now().Add(Lifetime),
	}
	if m.Role, err = s.directory.SignIn(ctx, c); err != nil {
		return SignIn{}, secret.Secret{}, err
	}
	return SignIn{Membership: m, Credential: c.ID, EndsAt: c.EndsAt}, key, nil
}

// authenticate takes as long for an unknown address as for a wrong password.
func (s *Service) authenticate(ctx context.Context, email, password string) (org.UserID, error) {
	user, hash, err := s.directory.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrBadLogin) {
		return org.UserID{}, fmt.Errorf("look up a user: %w", err)
	}
	ok, verr := s.passwords.Verify(ctx, password, hash)
	switch {
	case verr != nil:
		return org.UserID{}, verr
	case err != nil || !ok:
		return org.UserID{}, ErrBadLogin
	default:
		return user, nil
	}
}

func (s *Service) choose(ctx context.Context, user org.UserID, slug string) (Membership, error) {
	ms, err := s.directory.MembershipsOf(ctx, user)
	if err != nil {
		return Membership{}, fmt.Errorf("list memberships: %w", err)
	}
	if slug == "" && len(ms) > 1 {
		slugs := make([]string, len(ms))
		for i, m := range ms {
			slugs[i] = m.Org.Slug
		}
		return Membership{}, OrgRequired(slugs)
	}
	i := slices.IndexFunc(ms, func(m Membership) bool { return slug == "" || m.Org.Slug == slug })
	if i < 0 {
		return Membership{}, ErrBadLogin
	}
	return ms[i], nil
}

// Resolve returns the sign-in that a secret stands for, with the role and the organisation's names as they are now, or
// ErrSignedOut. It serves refresh tokens and cookies.
func (s *Service) Resolve(ctx context.Context, key secret.Secret) (SignIn, error) {
	return s.directory.CredentialOf(ctx, key.Hash())
}

// LogOut ends the credential that the caller presented. The next request that presents it is refused, on every replica.
func (s *Service) LogOut(ctx context.Context, who org.Scope) error {
	return s.inOrg(ctx, who, func(tx Tx) error {
		if err := audit.Record(ctx, tx, "credential.sign_out", who.Credential()); err != nil {
			return err
		}
		return tx.DeleteCredential(ctx)
	})
}

// Me tells who the caller is.
func (s *Service) Me(ctx context.Context, who org.Scope) (Me, error) {
	me, err := s.read(who).Me(ctx)
	me.Role = who.Role()
	return me, err
}

// NormalEmail is the form in which addresses are stored and compared.
func NormalEmail(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
