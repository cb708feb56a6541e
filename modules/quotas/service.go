package quotas

import (
	"cmp"
	"context"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// Service has the use cases of members and admins. It is safe for concurrent use.
type Service struct {
	inOrg org.Scoped[Tx]
	read  org.Reading[Queries]
}

// NewService makes the service.
func NewService(inOrg org.Scoped[Tx], read org.Reading[Queries]) *Service {
	return &Service{inOrg, read}
}

// Get returns the quota of the caller's organisation.
func (s *Service) Get(ctx context.Context, who org.Scope) (Quota, error) {
	return s.read(who).Quota(ctx)
}

// Set replaces the limits that admins set. Sessions above a lower limit run on. It returns version.ErrChanged for a
// version that the caller does not expect, or ErrAboveCeiling.
func (s *Service) Set(ctx context.Context, who org.Scope, to Limits, expected version.Expected) (Quota, error) {
	var out Quota
	err := s.inOrg(ctx, who, func(tx Tx) error {
		ceiling, own, err := tx.LockLimits(ctx)
		if err != nil {
			return err
		}
		if err := expected.Check(versionOf(ceiling, own)); err != nil {
			return err
		}
		if err := cmp.Or(below("sessions.per_org", to.PerOrg, ceiling.PerOrg),
			below("sessions.per_user", to.PerUser, ceiling.PerUser)); err != nil {
			return err
		}
		if versionOf(ceiling, to) != versionOf(ceiling, own) {
			if err := tx.SetLimits(ctx, to); err != nil {
				return err
			}
			if err := audit.Record(ctx, tx, "quota.update", who.Org()); err != nil {
				return err
			}
			now := updated.About(events.Subject{ID: who.Org().UUID}, applies(ceiling, to))
			if err := events.Append(ctx, tx, now); err != nil {
				return err
			}
		}
		out, err = tx.Quota(ctx)
		return err
	})
	return out, err
}

// below returns ErrAboveCeiling for a limit above the ceiling.
func below(field string, limit *int64, ceiling int64) error {
	if limit == nil || *limit <= ceiling {
		return nil
	}
	return ErrAboveCeiling.Saying("%s must be at most %d, which the operators allow.", field, ceiling).
		With("field", field).With("limit", ceiling)
}

// Members returns a page of what each member may have and has, in the order in which their accounts were made: to an
// admin of every member, to everyone else of themselves.
func (s *Service) Members(ctx context.Context, who org.Scope, r page.Request) (page.Page[MemberQuota], error) {
	all, err := s.read(who).MemberQuotas(ctx, r.After.ID, r.Size()+1)
	return page.Cut(all, r.Size(), func(q MemberQuota) page.Cursor { return page.Cursor{ID: q.User.UUID} }), err
}

// Member returns what one member may have and has. It returns members.ErrNotFound, also for another member when the
// caller is no admin.
func (s *Service) Member(ctx context.Context, who org.Scope, id org.UserID) (MemberQuota, error) {
	return s.read(who).MemberQuota(ctx, id)
}

// MemberChange is a change of a member's own limit.
type MemberChange struct {
	Limit    *int64           // nil removes it
	Expected version.Expected // which versions of the member's quota may be changed
}

// SetMember gives a member a limit of their own, or removes it. It returns version.ErrChanged, members.ErrNotFound, or
// ErrAboveCeiling.
func (s *Service) SetMember(ctx context.Context, who org.Scope, id org.UserID, to MemberChange) (MemberQuota, error) {
	var out MemberQuota
	err := s.inOrg(ctx, who, func(tx Tx) (err error) {
		if out, err = tx.LockMemberQuota(ctx, id); err != nil {
			return err
		}
		if err := to.Expected.Check(out.Version()); err != nil {
			return err
		}
		if err := below("sessions.own_limit", to.Limit, out.Ceiling); err != nil || written(to.Limit) == written(out.Own) {
			return err
		}
		if err := tx.SetMemberLimit(ctx, id, to.Limit); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, "quota.update", id); err != nil {
			return err
		}
		its := memberUpdated.About(events.Subject{ID: id.UUID, Name: out.Name}, OwnLimit{OwnLimitOfSessions{to.Limit}})
		if err := events.Append(ctx, tx, its); err != nil {
			return err
		}
		out, err = tx.MemberQuota(ctx, id)
		return err
	})
	return out, err
}
