package invitations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/mail"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Service has the use cases of admins who invite, and of people who accept. It is safe for concurrent use.
type Service struct {
	c        Config
	refusals *audit.Refusals[Tx]
}

// Config has everything that a Service needs. Only Mail may be left out.
type Config struct {
	InOrg     org.Scoped[Tx]
	Read      org.Reading[Queries]
	Directory Directory
	Accounts  Accounts
	Passwords *identity.Passwords
	Counter   audit.Counter // of refusals
	Mail      mail.Sender   // nil: the inviting admin is given the link
	PublicURL string        // that of the page, without a path
}

// NewService makes the service.
func NewService(c Config) *Service {
	return &Service{c: c, refusals: audit.NewRefusals(Resource, c.InOrg, Tx.InvitationIsForeign, c.Counter)}
}

// Create invites an address. An open invitation of the address is replaced: its link ends. It returns
// identity.ErrIsMember for the address of a member, ErrOwnersOnly, ErrTooMany, ErrTwice, or ErrNotSent. With the key of
// an earlier request it returns the invitation of that one, without its link and without another mail, or ErrNotFound
// if that is not open any more, or idempotency.ErrReused.
func (s *Service) Create(ctx context.Context, who org.Scope, in New) (Made, error) {
	in.Email = identity.NormalEmail(in.Email)
	if err := in.check(); err != nil {
		return Made{}, err
	}
	key := secret.New()
	var out Invitation
	var me identity.Me
	err := s.c.InOrg(ctx, who, func(tx Tx) (err error) {
		if me, err = tx.Me(ctx); err != nil {
			return err
		}
		if err := ownersOnly(who, in.Role); err != nil { // not before: the role may be outdated, or the sign-in over
			return err
		}
		id, err := idempotency.Claim(ctx, tx, in.Key, uuid.Must(uuid.NewV7()))
		if err != nil {
			return err
		}
		if in.Key.Replayed() {
			out, err = tx.InvitationByID(ctx, ID{id})
			return err
		}
		if err := clearAddress(ctx, tx, who, in.Email); err != nil {
			return err
		}
		out, err = tx.InsertInvitation(ctx, Invitation{
			ID: ID{id}, Email: in.Email, Role: in.Role, ByMail: s.c.Mail != nil,
		}, key.Hash())
		if err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, "invitation.create", out.ID); err != nil {
			return err
		}
		return events.Append(ctx, tx, created.About(events.Subject{ID: id, Name: out.Email}, Invited{out.Role, out.EndsAt}))
	})
	if err != nil || in.Key.Replayed() { // the secret is not kept, so that no one can be given the link again
		return Made{Invitation: out}, err
	}
	link := s.c.PublicURL + "/invitation#" + key.Reveal()
	if s.c.Mail == nil {
		return Made{out, link}, nil
	}
	return Made{Invitation: out}, s.send(ctx, me, out, link)
}

// ownersOnly refuses an invitation of an owner to anyone but an owner.
func ownersOnly(who org.Scope, role org.Role) error {
	if role == org.RoleOwner && who.Role() != org.RoleOwner {
		return ErrOwnersOnly
	}
	return nil
}

// clearAddress makes room for an invitation: no member has the address, and the invitation before is deleted.
func clearAddress(ctx context.Context, tx Tx, who org.Scope, email string) error {
	is, err := tx.IsMemberAddress(ctx, email)
	switch {
	case err != nil:
		return err
	case is:
		return identity.ErrIsMember
	}
	id, role, err := tx.InvitationOfAddress(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err := cmp.Or(err, ownersOnly(who, role)); err != nil {
		return err
	}
	if err := tx.RevokeInvitation(ctx, id); err != nil {
		return err
	}
	return events.Append(ctx, tx, revoked.About(events.Subject{ID: id.UUID, Name: email}, events.None{}))
}

// send mails the link. The invitation is there already, so that a failure is told as one that another try mends.
func (s *Service) send(ctx context.Context, me identity.Me, i Invitation, link string) error {
	ctx, cancel := context.WithTimeout(ctx, mail.Timeout)
	defer cancel()
	err := s.c.Mail.Send(ctx, mail.Message{
		To: i.Email, Subject: "Invitation to " + me.Org.Name,
		Text: fmt.Sprintf(text, me.User.Name, me.User.Email, me.Org.Name, link, i.EndsAt.UTC().Format(time.DateOnly)),
	})
	if err != nil {
		return ErrNotSent.Because(err)
	}
	return nil
}

// text is the mail: the inviter's name and address, the organisation, the link, and the day that it ends.
var text = strings.TrimLeft(`
%s (%s) has invited you to %s on StreamSpace.

To accept, open this link:

%s

It works once, until %s. Do not pass it on: it is for your address alone.
If you do not know who invited you, ignore this message.
`, "\n")

// List returns a page of the organisation's open invitations, the newest first.
func (s *Service) List(ctx context.Context, who org.Scope, r page.Request) (page.Page[Invitation], error) {
	is, err := s.c.Read(who).Invitations(ctx, r.After, r.Size()+1)
	return page.Cut(is, r.Size(), func(i Invitation) page.Cursor {
		return page.Cursor{Key: i.CreatedAt.UTC().Format(time.RFC3339Nano), ID: i.ID.UUID}
	}), err
}

// Revoke deletes an invitation: its link ends at once. It returns ErrNotFound, ErrOwnersOnly, or audit.ErrOtherOrg for
// an id of another organisation.
func (s *Service) Revoke(ctx context.Context, who org.Scope, id ID) error {
	err := s.c.InOrg(ctx, who, func(tx Tx) error {
		i, err := tx.InvitationByID(ctx, id)
		if err != nil {
			return err
		}
		if err := ownersOnly(who, i.Role); err != nil {
			return err
		}
		if err := tx.RevokeInvitation(ctx, id); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, "invitation.revoke", id); err != nil {
			return err
		}
		return events.Append(ctx, tx, revoked.About(events.Subject{ID: id.UUID, Name: i.Email}, events.None{}))
	})
	if errors.Is(err, ErrNotFound) {
		return s.refusals.Missing(ctx, who, id.UUID)
	}
	return err
}

// Look returns what an invitation is to, or ErrInvalid.
func (s *Service) Look(ctx context.Context, key secret.Secret) (Offer, error) {
	return s.c.Directory.InvitationOf(ctx, key.Hash())
}

// Accept makes the account with the invitation's address a member: the account that there is, if the password is its
// own, or else a new one. It returns ErrInvalid, ErrOtherAddress, identity.ErrBadLogin for a wrong password, a Conflict
// for a member, or an Invalid fault that names the field.
func (s *Service) Accept(ctx context.Context, key secret.Secret, in Acceptance) error {
	if err := in.check(); err != nil {
		return err
	}
	o, err := s.c.Directory.InvitationOf(ctx, key.Hash())
	if err != nil {
		return err
	}
	if identity.NormalEmail(in.Email) != o.Email {
		return ErrOtherAddress
	}
	by, err := s.account(ctx, o, in)
	if err != nil {
		return err
	}
	return s.c.Directory.AcceptInvitation(ctx, key.Hash(), by)
}

// account is who accepts: the present account, whose password was shown, or a new one.
func (s *Service) account(ctx context.Context, o Offer, in Acceptance) (by Account, err error) {
	if o.HasAccount {
		by.User, _, err = s.c.Accounts.Authenticate(ctx, o.Email, in.Password)
		return by, err
	}
	n := identity.NewUser{Email: o.Email, Name: in.Name, Password: in.Password}
	if err := n.Check(); err != nil {
		return Account{}, err
	}
	by = Account{User: org.UserID{UUID: uuid.Must(uuid.NewV7())}, Name: in.Name}
	by.PasswordHash, err = s.c.Passwords.Hash(ctx, in.Password)
	return by, err
}
