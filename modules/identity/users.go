package identity

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Limits of a user's fields. docs/openapi.yaml has the same limits for signing in.
const (
	minEmail = 3   // bytes: one on each side of the @
	maxEmail = 254 // bytes, of an address that can be delivered to (RFC 5321 §4.5.3.1.3)
	maxName  = 80  // characters, of a user and of an operator
	// signOutPage is how many organisations of a user are read at once.
	signOutPage = 100
	// MaxPassword is the maximum length in bytes. It is longer than any passphrase, and bounds the work of a hash.
	MaxPassword = 1024
)

// Faults of creating and finding users.
var (
	ErrEmailTaken   = fault.New(fault.Conflict, "email_taken", "There is a user with this email address.")
	ErrUserNotFound = fault.New(fault.NotFound, "user_not_found", "There is no such user.")
)

// Users has the use cases of the platform's operators who manage users.
type Users struct {
	registry  Registry
	passwords *Passwords
}

// NewUsers makes the service.
func NewUsers(r Registry, p *Passwords) *Users { return &Users{registry: r, passwords: p} }

// NewUser is a user to be created. The password may have 1 to MaxPassword bytes.
type NewUser struct{ Email, Name, Password string }

// Check reports the first invalid field.
func (n NewUser) Check() error {
	return cmp.Or(CheckEmail(NormalEmail(n.Email)), input.Text("name", n.Name, 1, maxName), CheckPassword(n.Password))
}

// Account is a user as operators list them.
type Account struct {
	User

	Disabled bool
	Created  time.Time
}

// Create creates a user and returns their id. It returns ErrEmailTaken, fault.ErrBusy, or an Invalid fault that names
// the field. A new user belongs to no organisation and cannot sign in yet.
func (u *Users) Create(ctx context.Context, operator string, n NewUser) (org.UserID, error) {
	email := NormalEmail(n.Email)
	if err := cmp.Or(checkOperator(operator), n.Check()); err != nil {
		return org.UserID{}, err
	}
	hash, err := u.passwords.Hash(ctx, n.Password)
	if err != nil {
		return org.UserID{}, err
	}
	id := org.UserID{UUID: uuid.Must(uuid.NewV7())}
	return id, u.registry.CreateUser(ctx, operator, User{ID: id, Email: email, Name: n.Name}, hash)
}

// SetPassword gives a user another password. Their sign-ins stay valid. It returns ErrUserNotFound.
func (u *Users) SetPassword(ctx context.Context, operator string, user org.UserID, password string) error {
	if err := cmp.Or(checkOperator(operator), CheckPassword(password)); err != nil {
		return err
	}
	hash, err := u.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return u.registry.SetPassword(ctx, operator, user, hash)
}

// SignOut ends all sign-ins of a user, one organisation after the other. It can be repeated.
func (u *Users) SignOut(ctx context.Context, operator string, user org.UserID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	for after := (org.ID{}); ; {
		page, err := u.registry.OrgsOfUser(ctx, user, after, signOutPage)
		if err != nil {
			return err
		}
		for _, in := range page {
			if err := u.registry.SignOutUser(ctx, operator, in, user); err != nil {
				return err
			}
			after = in
		}
		if len(page) < signOutPage {
			return nil
		}
	}
}

// Disable makes a user unable to sign in, and ends their sign-ins. They end at once, in one transaction; deleting them
// afterwards keeps them from working again when the user is enabled. It returns ErrUserNotFound.
func (u *Users) Disable(ctx context.Context, operator string, user org.UserID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	if err := u.registry.DisableUser(ctx, operator, user, true); err != nil {
		return err
	}
	return u.SignOut(ctx, operator, user)
}

// Enable lets a disabled user sign in again. It returns ErrUserNotFound.
func (u *Users) Enable(ctx context.Context, operator string, user org.UserID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	return u.registry.DisableUser(ctx, operator, user, false)
}

// List returns a page of at most n users by email address, after the given one.
func (u *Users) List(ctx context.Context, after string, n int) ([]Account, error) {
	return u.registry.Accounts(ctx, after, n)
}

func checkOperator(name string) error { return input.Text("operator", name, 1, maxName) }

// ByEmail returns a user's id, or ErrUserNotFound.
func (u *Users) ByEmail(ctx context.Context, email string) (org.UserID, error) {
	return u.registry.UserIDByEmail(ctx, NormalEmail(email))
}

// CheckEmail checks the form only. Only a message that arrives shows that an address exists, and a stricter check would
// refuse valid addresses.
func CheckEmail(email string) error {
	local, domain, _ := strings.Cut(email, "@")
	if local == "" || domain == "" || strings.Contains(domain, "@") || strings.ContainsAny(email, " \t\r\n\x00") {
		return input.Invalid("email", "must be an address such as name@example.com")
	}
	return input.Size("email", len(email), minEmail, maxEmail)
}

// CheckPassword sets no rules for the content of a password: long ones are better than complicated ones, and the rate
// limits bound guesses.
func CheckPassword(password string) error {
	return input.Size("password", len(password), 1, MaxPassword)
}
