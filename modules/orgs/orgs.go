// Package orgs has the use cases of the platform's operators who create organisations and add members. The operators'
// commands and `streamspace dev` call it; members never do.
//
// An operator acts on an organisation and never inside it: no method here reads or returns an organisation's content.
// Each action is written to that organisation's audit log with the operator's name, in the same transaction, so that
// its members can see what an operator did. The name is what the operator's command was given; it is not authenticated.
package orgs

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// maxReason bounds the reason of a grant, in characters.
	maxReason = 200
	// maxGrant bounds how long a grant lasts: longer help is a membership, which an owner gives.
	maxGrant = 30 * 24 * time.Hour
)

// maxName bounds the name of an organisation and of an operator, in characters.
const maxName = 80

// New is an organisation to be created.
type New struct {
	Slug      string // a DNS label, unique; members name it when they sign in
	Name      string // for people; 1 to 80 characters
	Namespace string // where its sessions run; no other organisation has it. Empty: it cannot start sessions yet.
	Owner     org.UserID
	Sessions  Quota
}

// Member is a user who is added to an organisation.
type Member struct {
	User org.UserID
	Role org.Role
}

// Grant is a membership that ends. It is how an operator sees into an organisation: its members see the grant and the
// reason, and its owners can end it.
type Grant struct {
	User   org.UserID
	Role   org.Role  // any but owner
	Reason string    // for the members; 1 to 200 characters
	Ends   time.Time // at most maxGrant from now
}

// Org is an organisation as operators list it: nothing of what is in it.
type Org struct {
	ID         org.ID
	Slug, Name string
	Namespace  string
	Suspended  bool
	Created    time.Time
}

// Entry is one of the operators' log: an act outside of any organisation.
type Entry struct {
	Seq      int64 // from 1, without gaps
	At       time.Time
	Operator string // as the command was given it
	Action   string // such as "agent.enrol"
	Subject  string // an id, or a template's name
}

// Quota bounds how many sessions run at the same time, for the whole organisation and for each member. Both are at
// least 1 and at most 2^31-1, the database's integer.
type Quota struct{ PerOrg, PerUser int64 }

// Limit is a change of how much of a kind an organisation and each of its members may have. A nil limit stays, and so
// does each kind that is not named. Zero is no limit, except of sessions, which are always limited.
type Limit struct {
	Kind    string `json:"kind"` // of modules/quotas
	PerOrg  *int64 `json:"per_org,omitempty"`
	PerUser *int64 `json:"per_user,omitempty"`
}

// check reports the first invalid field, which has the name of the kind.
func (l Limit) check() error {
	var least int64
	if l.Kind == "sessions" {
		least = 1
	}
	number := func(field string, limit *int64) error {
		if limit == nil {
			return nil
		}
		return input.Number(field, *limit, least, math.MaxInt32)
	}
	return cmp.Or(number(l.Kind+"_per_org", l.PerOrg), number(l.Kind+"_per_user", l.PerUser))
}

// Faults of this module.
var (
	ErrSlugTaken      = fault.New(fault.Conflict, "org_slug_taken", "There is an organisation with this slug.")
	ErrNamespaceTaken = fault.New(fault.Conflict, "namespace_taken", "Another organisation has this namespace.")
	ErrNotFound       = fault.New(fault.NotFound, "org_not_found", "There is no such organisation.")
)

// Registry is the port to the database. Each method calls one function, which also writes the audit entry.
type Registry interface {
	// CreateOrg writes an organisation with its owner, or returns ErrSlugTaken, ErrNamespaceTaken or
	// identity.ErrUserNotFound.
	CreateOrg(ctx context.Context, operator string, id org.ID, o New) error
	// AddMember adds a user to an organisation. A user who is a member already keeps their role. It returns ErrNotFound
	// or identity.ErrUserNotFound.
	AddMember(ctx context.Context, operator string, in org.ID, m Member) error
	// SuspendOrg suspends an organisation, or resumes it.
	SuspendOrg(ctx context.Context, operator string, in org.ID, suspend bool) error
	// SetLimits changes quotas.
	SetLimits(ctx context.Context, operator string, in org.ID, to []Limit) error
	// MakeOwner makes a user an owner, or returns identity.ErrUserNotFound.
	MakeOwner(ctx context.Context, operator string, in org.ID, user org.UserID) error
	// GrantAccess makes a user a member until an end, or returns identity.ErrIsMember or identity.ErrUserNotFound.
	GrantAccess(ctx context.Context, operator string, in org.ID, g Grant) error
	// EndAccess ends a grant before its time. Without one it does nothing.
	EndAccess(ctx context.Context, operator string, in org.ID, user org.UserID) error
	// Orgs returns a page of at most n organisations by slug, after the given slug.
	Orgs(ctx context.Context, after string, n int) ([]Org, error)
	// OperatorLog returns a page of at most n entries of the operators' log, after the entry with the given number.
	OperatorLog(ctx context.Context, after int64, n int) ([]Entry, error)
	// OrgBySlug returns the organisation's id, or ErrNotFound.
	OrgBySlug(ctx context.Context, slug string) (org.ID, error)
}

// Service has the operators' use cases.
type Service struct{ registry Registry }

// NewService makes the service.
func NewService(r Registry) *Service { return &Service{registry: r} }

// Create creates an organisation and returns its id. Its owner is its first member. It returns ErrSlugTaken,
// ErrNamespaceTaken, identity.ErrUserNotFound, or an Invalid fault that names the field.
func (s *Service) Create(ctx context.Context, operator string, o New) (org.ID, error) {
	if err := cmp.Or(checkOperator(operator), o.Check()); err != nil {
		return org.ID{}, err
	}
	id := org.ID{UUID: uuid.Must(uuid.NewV7())}
	return id, s.registry.CreateOrg(ctx, operator, id, o)
}

// AddMember adds a user to an organisation. A user who is a member already keeps their role, so that it can be
// repeated. It returns ErrNotFound, identity.ErrUserNotFound, or an Invalid fault.
func (s *Service) AddMember(ctx context.Context, operator string, in org.ID, m Member) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	if _, err := org.ParseRole(string(m.Role)); err != nil {
		return input.Invalid("role", "must be one of %v", org.Roles())
	}
	return s.registry.AddMember(ctx, operator, in, m)
}

// Suspend keeps all members out of an organisation until Resume, from their next request on. Sessions run on.
func (s *Service) Suspend(ctx context.Context, operator string, in org.ID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	return s.registry.SuspendOrg(ctx, operator, in, true)
}

// Resume lets the members in again, with the sign-ins that they had.
func (s *Service) Resume(ctx context.Context, operator string, in org.ID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	return s.registry.SuspendOrg(ctx, operator, in, false)
}

// SetLimits changes how much an organisation and each of its members may have at the same time. Sessions above a lower
// limit run on, and no new one starts until enough have ended. It returns an Invalid fault that names the field.
func (s *Service) SetLimits(ctx context.Context, operator string, in org.ID, to []Limit) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	for _, l := range to {
		if err := l.check(); err != nil {
			return err
		}
	}
	if len(to) == 0 {
		return input.Invalid("sessions_per_org", "or another limit must be given")
	}
	return s.registry.SetLimits(ctx, operator, in, to)
}

// MakeOwner makes a user an owner of an organisation, a member or not. It returns identity.ErrUserNotFound.
func (s *Service) MakeOwner(ctx context.Context, operator string, in org.ID, user org.UserID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	return s.registry.MakeOwner(ctx, operator, in, user)
}

// GrantAccess makes a user a member until an end. It returns identity.ErrIsMember, identity.ErrUserNotFound, or an
// Invalid fault that names the field.
func (s *Service) GrantAccess(ctx context.Context, operator string, in org.ID, g Grant) error {
	var role, ends error
	if _, err := org.ParseRole(string(g.Role)); err != nil || g.Role == org.RoleOwner {
		role = input.Invalid("role", "must be admin, member or viewer")
	}
	if until := time.Until(g.Ends); until <= 0 || until > maxGrant {
		ends = input.Invalid("ends", "must be within the next %s", maxGrant)
	}
	err := cmp.Or(checkOperator(operator), role, input.Text("reason", g.Reason, 1, maxReason), ends)
	if err != nil {
		return err
	}
	return s.registry.GrantAccess(ctx, operator, in, g)
}

// EndAccess ends a grant before its time, with the user's sign-ins. Without a grant it does nothing.
func (s *Service) EndAccess(ctx context.Context, operator string, in org.ID, user org.UserID) error {
	if err := checkOperator(operator); err != nil {
		return err
	}
	return s.registry.EndAccess(ctx, operator, in, user)
}

// List returns a page of at most n organisations by slug, after the given slug.
func (s *Service) List(ctx context.Context, after string, n int) ([]Org, error) {
	return s.registry.Orgs(ctx, after, n)
}

// Log returns a page of at most n entries of the operators' log, after the entry with the given number.
func (s *Service) Log(ctx context.Context, after int64, n int) ([]Entry, error) {
	return s.registry.OperatorLog(ctx, after, n)
}

// BySlug returns the id of an organisation, or ErrNotFound.
func (s *Service) BySlug(ctx context.Context, slug string) (org.ID, error) {
	return s.registry.OrgBySlug(ctx, slug)
}

// Check reports the first invalid field. The database has the same limits as constraints; here they get a message.
func (o New) Check() error {
	var namespace, owner error
	if o.Namespace != "" {
		namespace = input.Label("namespace", o.Namespace)
	}
	if o.Owner == (org.UserID{}) {
		owner = input.Invalid("owner", "must be a user: an organisation keeps at least one owner")
	}
	return cmp.Or(
		input.Label("slug", o.Slug), input.Text("name", o.Name, 1, maxName), namespace, owner,
		input.Number("sessions_per_org", o.Sessions.PerOrg, 1, math.MaxInt32),
		input.Number("sessions_per_user", o.Sessions.PerUser, 1, math.MaxInt32),
	)
}

func checkOperator(name string) error { return input.Text("operator", name, 1, maxName) }
