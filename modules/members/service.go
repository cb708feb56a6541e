package members

import (
	"context"
	"errors"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// Service has the use cases of members. It is safe for concurrent use.
type Service struct {
	inOrg org.Scoped[Tx]
	read  org.Reading[Queries]
}

// NewService makes the service.
func NewService(inOrg org.Scoped[Tx], read org.Reading[Queries]) *Service {
	return &Service{inOrg, read}
}

// List returns a page of the members, in the order in which their accounts were made.
func (s *Service) List(ctx context.Context, who org.Scope, r page.Request) (page.Page[Member], error) {
	ms, err := s.read(who).Members(ctx, r.After.ID, r.Size()+1)
	return page.Cut(ms, r.Size(), func(m Member) page.Cursor { return page.Cursor{ID: m.ID.UUID} }), err
}

// ListFormer returns a page of the users who have left, in the order in which their accounts were made.
func (s *Service) ListFormer(ctx context.Context, who org.Scope, r page.Request) (page.Page[Former], error) {
	fs, err := s.read(who).FormerMembers(ctx, r.After.ID, r.Size()+1)
	return page.Cut(fs, r.Size(), func(f Former) page.Cursor { return page.Cursor{ID: f.ID.UUID} }), err
}

// Get returns one member. It returns ErrNotFound for every other user: users belong to no organisation, so that an id
// of another organisation's member is no more than an unknown one.
func (s *Service) Get(ctx context.Context, who org.Scope, id org.UserID) (Member, error) {
	return s.read(who).MemberByID(ctx, id)
}

// SetRole gives a member another role, from their next request on. It returns ErrNotFound, ErrOwnersOnly, ErrEnds, a
// Conflict fault "last_owner", or an Invalid fault. The caller may lower their own role.
func (s *Service) SetRole(ctx context.Context, who org.Scope, id org.UserID, role org.Role) (Member, error) {
	if _, err := org.ParseRole(string(role)); err != nil {
		return Member{}, input.Invalid("role", "must be one of %v", org.Roles())
	}
	var m Member
	err := s.inOrg(ctx, who, func(tx Tx) (err error) {
		if m, err = lock(ctx, tx, who, id); err != nil || m.Role == role {
			return err
		}
		switch {
		case role == org.RoleOwner && who.Role() != org.RoleOwner:
			return ErrOwnersOnly
		case !m.Ends.IsZero():
			return ErrEnds
		}
		m.Role = role
		if err := audit.Record(ctx, tx, "member.role", id); err != nil {
			return err
		}
		return tx.SetRole(ctx, id, role)
	})
	if err != nil {
		return Member{}, err
	}
	return m, nil
}

// Remove ends a membership and its sign-ins at once. It can end an operator's grant before its time, and one's own
// membership. It returns ErrNotFound, ErrOwnersOnly or a Conflict fault "last_owner".
func (s *Service) Remove(ctx context.Context, who org.Scope, id org.UserID) error {
	return s.inOrg(ctx, who, func(tx Tx) error {
		if _, err := lock(ctx, tx, who, id); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, "member.remove", id); err != nil {
			return err
		}
		return tx.RemoveMember(ctx, id)
	})
}

// lock reads a member whom the caller may change. The database lets an admin lock no owner, so that a member who can be
// read and not locked is one.
func lock(ctx context.Context, tx Tx, who org.Scope, id org.UserID) (Member, error) {
	m, err := tx.LockMember(ctx, id)
	if errors.Is(err, ErrNotFound) && who.Role() != org.RoleOwner {
		if _, found := tx.MemberByID(ctx, id); found == nil {
			return Member{}, ErrOwnersOnly
		}
	}
	return m, err
}
