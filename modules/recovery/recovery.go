// Package recovery lets users who have forgotten their password set another one, by a link to their mailbox. Only an
// address that is known to be the user's gets one (modules/invitations). Others, and everyone without mail, ask an
// operator; an organisation's admin cannot help, because users belong to no organisation and would be taken over in
// all of theirs.
//
// Asking for a link says nothing: what is done for the address is done after the answer.
package recovery

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/mail"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

const (
	// LinkLasts is how long a link can be used. A mailbox may be slow, and a link that lies in it is a risk.
	LinkLasts = time.Hour
	// backlog is how many requests may wait. Limits of the API allow one network twenty at once; more than this is a
	// flood or a mail server that is away, and waiting would not help.
	backlog = 100
	// lookUp bounds the work in the database for one request.
	lookUp = 5 * time.Second
)

// ErrLink is the fault of a link that cannot be used, for every reason.
var ErrLink = fault.New(fault.Forbidden, "reset_link_invalid",
	"This link was used or replaced, or its time is over. Ask for a new one.")

// Registry is the port to the database.
type Registry interface {
	// ForgetPassword writes a link of the user whose verified address this is. It replaces the one before. It returns
	// false if there is no such user.
	ForgetPassword(ctx context.Context, email string, hash secret.Hash, ends time.Time) (bool, error)
	// ResetPassword consumes a link, sets the password and ends the user's sign-ins and API keys in every organisation,
	// which has an entry in the audit log of each, in one transaction. It returns ErrLink.
	ResetPassword(ctx context.Context, hash secret.Hash, passwordHash string) error
}

// Service has the use cases. It is safe for concurrent use.
type Service struct {
	c       Config
	waiting chan string // addresses
}

// Config has everything that a Service needs. Only Mail may be left out.
type Config struct {
	Registry  Registry
	Passwords *identity.Passwords
	Mail      mail.Sender // nil: no one gets a link
	PublicURL string      // that of the page, without a path
	Log       *slog.Logger
}

// NewService makes the service.
func NewService(c Config) *Service { return &Service{c: c, waiting: make(chan string, backlog)} }

// Forget asks for a link. It takes no time and tells nothing about the address. When too many wait, it is dropped and
// logged.
func (s *Service) Forget(ctx context.Context, email string) error {
	email = identity.NormalEmail(email)
	if err := identity.CheckEmail(email); err != nil || s.c.Mail == nil {
		return err
	}
	select {
	case s.waiting <- email:
	default:
		s.c.Log.WarnContext(ctx, "a request for a new password was dropped: too many wait for the mail server")
	}
	return nil
}

// Run handles the requests, one after the other, until ctx is done. It logs errors: no one else can see them.
func (s *Service) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case email := <-s.waiting:
			if err := s.handle(ctx, email); err != nil {
				s.c.Log.ErrorContext(ctx, "send a link to a new password", "error", err)
			}
		}
	}
}

// handle writes a link for one address and mails it, if the address is a user's.
func (s *Service) handle(ctx context.Context, email string) error {
	key := secret.New()
	ctx, cancel := context.WithTimeout(ctx, lookUp+mail.Timeout)
	defer cancel()
	known, err := s.c.Registry.ForgetPassword(ctx, email, key.Hash(), time.Now().Add(LinkLasts))
	if err != nil || !known {
		return err
	}
	return s.c.Mail.Send(ctx, mail.Message{
		To: email, Subject: "A new password for StreamSpace",
		Text: fmt.Sprintf(text, s.c.PublicURL+"/new-password#"+key.Reveal()),
	})
}

// text is the mail, with the link.
var text = strings.TrimLeft(`
Someone has asked for a new password for your StreamSpace account.

To choose one, open this link:

%s

It works once, for an hour, and signs you out everywhere.
If it was not you, ignore this message: your password stays as it is.
`, "\n")

// Reset sets the password of the link's user and ends their sign-ins everywhere. It returns ErrLink, fault.ErrBusy, or
// an Invalid fault for the password.
func (s *Service) Reset(ctx context.Context, key secret.Secret, password string) error {
	if err := identity.CheckPassword(password); err != nil {
		return err
	}
	hash, err := s.c.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.c.Registry.ResetPassword(ctx, key.Hash(), hash)
}
