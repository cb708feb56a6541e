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

// Change replaces the limits that admins set.
type Change struct {
	Sessions  Limits
	Resources map[Kind]Limits // a kind that is absent keeps its limits
}

// Set replaces the limits that admins set. Sessions above a lower limit run on. It returns version.ErrChanged for a
// version that the caller does not expect, or ErrAboveCeiling.
func (s *Service) Set(ctx context.Context, who org.Scope, c Change, expected version.Expected) (Quota, error) {
	var out Quota
	err := s.inOrg(ctx, who, func(tx Tx) error {
		if err := tx.LockLimits(ctx); err != nil {
			return err
		}
		before, err := tx.Quota(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(expected.Check(before.Version()), c.check(before)); err != nil {
			return err
		}
		if err := c.write(ctx, tx, before); err != nil {
			return err
		}
		if out, err = tx.Quota(ctx); err != nil || out.Version() == before.Version() {
			return err
		}
		if err := audit.Record(ctx, tx, "quota.update", who.Org()); err != nil {
			return err
		}
		return events.Append(ctx, tx, updated.About(events.Subject{ID: who.Org().UUID}, out.applies()))
	})
	return out, err
}

// check returns ErrAboveCeiling for the first limit above its ceiling.
func (c Change) check(q Quota) error {
	err := c.Sessions.check(Sessions, Limits{&q.Ceiling.PerOrg, &q.Ceiling.PerUser})
	for _, k := range Resources() {
		err = cmp.Or(err, c.Resources[k].check(k, q.Resources[k].Ceiling))
	}
	return err
}

func (l Limits) check(k Kind, ceiling Limits) error {
	return cmp.Or(
		below(string(k)+".per_org", l.PerOrg, ceiling.PerOrg), below(string(k)+".per_user", l.PerUser, ceiling.PerUser),
	)
}

// write writes what differs. A kind that was never limited has no row, and needs none to stay so.
func (c Change) write(ctx context.Context, tx Tx, before Quota) error {
	if c.Sessions.String() != before.Own.String() {
		if err := tx.SetLimits(ctx, Sessions, c.Sessions); err != nil {
			return err
		}
	}
	for _, k := range Resources() {
		to, given := c.Resources[k]
		if !given || to.String() == before.Resources[k].Own.String() {
			continue
		}
		if err := tx.SetLimits(ctx, k, to); err != nil {
			return err
		}
	}
	return nil
}

// below returns ErrAboveCeiling for a limit above the ceiling, if there is one.
func below(field string, limit, ceiling *int64) error {
	if limit == nil || ceiling == nil || *limit <= *ceiling {
		return nil
	}
	return ErrAboveCeiling.Saying("%s must be at most %d, which the operators allow.", field, *ceiling).
		With("field", field).With("limit", *ceiling)
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
		if err := below("sessions.own_limit", to.Limit, &out.Ceiling); err != nil || written(to.Limit) == written(out.Own) {
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
