// Package setup turns an empty installation into one with an organisation and its owner, once. The operators' command
// makes a code, which proves that whoever opens the page for setting up administers the installation. `serve` exchanges
// the code for the first organisation. It has no other way to create one: its roles may not.
package setup

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

const (
	// CodeLasts is how long a code can be used: enough for a person to open a page.
	CodeLasts = time.Hour
	// maxOperator bounds an operator's name, in characters.
	maxOperator = 80
)

// Faults of setting up.
var (
	ErrDone = fault.New(fault.Conflict, "already_set_up", "This installation is set up already. Sign in.")
	ErrCode = fault.New(fault.Forbidden, "setup_code_invalid",
		"The setup code is wrong, used or expired. Make a new one with `streamspace admin setup-code`.")
)

// Codes is the port to the database for operators.
type Codes interface {
	// NewSetupCode replaces the code, or returns ErrDone. It gets the hash, so that no statement log has the code.
	NewSetupCode(ctx context.Context, operator string, hash secret.Hash, ends time.Time) error
}

// NewCode makes a code, which replaces the one before. It returns ErrDone, or an Invalid fault for a bad operator's
// name.
func NewCode(ctx context.Context, c Codes, operator string) (secret.Secret, error) {
	if err := input.Text("operator", operator, 1, maxOperator); err != nil {
		return secret.Secret{}, err
	}
	code := secret.New()
	if err := c.NewSetupCode(ctx, operator, code.Hash(), time.Now().Add(CodeLasts)); err != nil {
		return secret.Secret{}, err
	}
	return code, nil
}

// First is the first organisation with its owner.
type First struct {
	Owner identity.NewUser
	Org   orgs.New // its Owner is left empty
}

// Made is what setting up writes.
type Made struct {
	Owner        identity.User
	PasswordHash string // of identity.Passwords
	ID           org.ID
	Org          orgs.New
}

// Registry is the port to the database for setting up.
type Registry interface {
	// SetUp consumes the code and creates the user and the organisation in one transaction. It returns ErrCode, ErrDone,
	// or a Conflict when the email address is taken.
	SetUp(ctx context.Context, code secret.Hash, m Made) error
}

// Service exchanges a code for the first organisation.
type Service struct {
	registry  Registry
	passwords *identity.Passwords
}

// NewService makes the service.
func NewService(r Registry, p *identity.Passwords) *Service { return &Service{r, p} }

// SetUp creates the first organisation with its owner. It returns ErrCode, ErrDone, fault.ErrBusy, or an Invalid fault
// that names the field. A wrong code costs a password's hash, as a wrong password does.
func (s *Service) SetUp(ctx context.Context, code secret.Secret, f First) error {
	f.Org.Owner = org.UserID{UUID: uuid.Must(uuid.NewV7())}
	if err := cmp.Or(input.Of("owner", f.Owner.Check()), input.Of("org", f.Org.Check())); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, f.Owner.Password)
	if err != nil {
		return err
	}
	owner := identity.User{ID: f.Org.Owner, Email: identity.NormalEmail(f.Owner.Email), Name: f.Owner.Name}
	id := org.ID{UUID: uuid.Must(uuid.NewV7())}
	return s.registry.SetUp(ctx, code.Hash(), Made{Owner: owner, PasswordHash: hash, ID: id, Org: f.Org})
}
