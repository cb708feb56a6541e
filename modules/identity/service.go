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

// Service has the use cases of users who sign in. It is safe for concurrent use.
type Service struct {
	directory Directory
	inOrg     org.Scoped[Tx]
	read      org.Reading[Queries]
	passwords *Passwords
	refused   *Refused
	now       func() time.Time
}

// Config has everything that a Service needs. Only Refused may be left out.
type Config struct {
	Directory Directory
	InOrg     org.Scoped[Tx]
	Read      org.Reading[Queries]
	Passwords *Passwords
	Refused   *Refused // nil: refused sign-ins are not noted
}

// NewService makes the service.
func NewService(c Config) *Service {
	return &Service{
		directory: c.Directory, inOrg: c.InOrg, read: c.Read, passwords: c.Passwords, refused: c.Refused, now: time.Now,
	}
}

// LogIn is a request to sign in.
type LogIn struct {
	Email    string // in any case
	Password string
	Org      string // the organisation's slug; empty: the only one that the user belongs to
	From     Client
}

// LogIn checks the password and writes a sign-in. It returns the sign-in's secret, which cannot be read again. It
// returns ErrBadLogin, OrgRequired for a user of several organisations who named none, or fault.ErrBusy.
func (s *Service) LogIn(ctx context.Context, in LogIn) (SignIn, secret.Secret, error) {
	user, verified, err := s.Authenticate(ctx, NormalEmail(in.Email), in.Password)
	if errors.Is(err, ErrBadLogin) && s.refused != nil {
		s.refused.Note(ctx, user, in.From)
	}
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
		Hash: key.Hash(), EndsAt: s.now().Add(Lifetime), From: in.From, Verified: verified,
	}
	if m.Role, err = s.directory.SignIn(ctx, c); err != nil {
		return SignIn{}, secret.Secret{}, err
	}
	s.strengthen(ctx, user, in.Password, verified)
	return SignIn{Membership: m, Credential: c.ID, EndsAt: c.EndsAt}, key, nil
}

// strengthen replaces a stored hash whose cost is below today's. The sign-in does not depend on it: if it fails, the
// next sign-in tries again.
func (s *Service) strengthen(ctx context.Context, user org.UserID, password, verified string) {
	if !weak(verified) {
		return
	}
	if hash, err := s.passwords.Hash(ctx, password); err == nil {
		_ = s.directory.RehashPassword(ctx, user, verified, hash)
	}
}

// Authenticate returns the user with this address and password, and the stored hash that it has compared with. It
// returns fault.ErrBusy, or ErrBadLogin, then also with the user if the address is one's. It takes as long for an
// unknown address as for a wrong password, so that the time reveals no accounts: the password is hashed in both cases,
// before either result is looked at.
func (s *Service) Authenticate(ctx context.Context, email, password string) (org.UserID, string, error) {
	user, hash, err := s.directory.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrBadLogin) {
		return org.UserID{}, "", fmt.Errorf("look up a user: %w", err)
	}
	ok, verr := s.passwords.Verify(ctx, password, hash)
	switch {
	case verr != nil:
		return org.UserID{}, "", verr
	case err != nil || !ok:
		return user, "", ErrBadLogin
	default:
		return user, hash, nil
	}
}

// choose returns the membership that a login is for. A user without one gets ErrBadLogin, as for a wrong password.
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

// Resolve returns the sign-in that a cookie or a refresh token belongs to, with the current role and names, or
// ErrSignedOut.
func (s *Service) Resolve(ctx context.Context, key secret.Secret) (SignIn, error) {
	return s.directory.CredentialOf(ctx, key.Hash())
}

// ResolveKey returns the API key with this token, with the current role and names, or ErrKeyEnded.
func (s *Service) ResolveKey(ctx context.Context, token secret.Secret) (SignIn, error) {
	return s.directory.KeyOf(ctx, token.Hash())
}

// LogOut deletes the caller's credential. The next transaction with it is refused, whichever process has it cached.
func (s *Service) LogOut(ctx context.Context, who org.Scope) error {
	return s.inOrg(ctx, who, func(tx Tx) error {
		id, err := tx.DeleteCredential(ctx)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, "credential.sign_out", id)
	})
}

// Me returns the caller. The role is the scope's: entering has just confirmed that it is current.
func (s *Service) Me(ctx context.Context, who org.Scope) (Me, error) {
	me, err := s.read(who).Me(ctx)
	me.Role = who.Role()
	return me, err
}

// NormalEmail returns an address in the form in which addresses are stored and compared: lower case, without space
// around it.
func NormalEmail(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
