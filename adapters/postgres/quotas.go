package postgres

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/members"
	"github.com/streamspace-dev/streamspace/modules/quotas"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Quotas returns the transactions of admins who change limits.
func (d *DB) Quotas() org.Scoped[quotas.Tx] {
	return scoped(d, func(t *memberTx) quotas.Tx { return t })
}

// QuotaReads returns the reads of quotas.
func (d *DB) QuotaReads() org.Reading[quotas.Queries] {
	return reading(d, func(r reader) quotas.Queries { return quotaReader{r} })
}

// SetLimits implements quotas.Tx.
func (t *memberTx) SetLimits(ctx context.Context, k quotas.Kind, l quotas.Limits) error {
	if k == quotas.Sessions {
		return t.SetOwnSessionLimits(ctx, l.PerOrg, l.PerUser)
	}
	return t.SetOwnLimits(ctx, string(k), l.PerOrg, l.PerUser)
}

// LockMemberQuota implements quotas.Tx.
func (t *memberTx) LockMemberQuota(ctx context.Context, id org.UserID) (quotas.MemberQuota, error) {
	row, err := t.Queries.LockMemberQuota(ctx, id.UUID)
	return memberQuotaOf(orgdb.MemberQuotaRow(row), err)
}

// SetMemberLimit implements quotas.Tx.
func (t *memberTx) SetMemberLimit(ctx context.Context, id org.UserID, limit *int64) error {
	return t.Queries.SetMemberLimit(ctx, limit, id.UUID)
}

// Quota implements quotas.Tx.
func (t *memberTx) Quota(ctx context.Context) (quotas.Quota, error) {
	return quotaOf(t.Quotas(ctx))
}

// MemberQuota implements quotas.Tx.
func (t *memberTx) MemberQuota(ctx context.Context, id org.UserID) (quotas.MemberQuota, error) {
	return memberQuotaOf(t.Queries.MemberQuota(ctx, id.UUID))
}

// quotaReader reads quotas.
type quotaReader struct{ reader }

// Quota implements quotas.Queries.
func (r quotaReader) Quota(ctx context.Context) (quotas.Quota, error) {
	return quotaOf(r.Quotas(ctx))
}

// MemberQuotas implements quotas.Queries.
func (r quotaReader) MemberQuotas(ctx context.Context, after uuid.UUID, n int) ([]quotas.MemberQuota, error) {
	rows, err := r.Queries.MemberQuotas(ctx, after, int32(n))
	out := make([]quotas.MemberQuota, len(rows))
	for i, row := range rows {
		out[i] = toMemberQuota(orgdb.MemberQuotaRow(row))
	}
	return out, translate(err)
}

// MemberQuota implements quotas.Queries.
func (r quotaReader) MemberQuota(ctx context.Context, id org.UserID) (quotas.MemberQuota, error) {
	return memberQuotaOf(r.Queries.MemberQuota(ctx, id.UUID))
}

// quotaOf converts the result of the query for the organisation's quota. Sessions always have a ceiling.
func quotaOf(rows []orgdb.QuotasRow, err error) (quotas.Quota, error) {
	out := quotas.Quota{Resources: make(map[quotas.Kind]quotas.Resource, len(rows))}
	for _, row := range rows {
		r := quotas.Resource{
			Ceiling:   quotas.Limits{PerOrg: row.CeilingPerOrg, PerUser: row.CeilingPerUser},
			Own:       quotas.Limits{PerOrg: row.OwnPerOrg, PerUser: row.OwnPerUser},
			UsedByOrg: row.UsedByOrg, UsedByUser: row.UsedByUser,
		}
		if k := quotas.Kind(row.Kind); k != quotas.Sessions {
			out.Resources[k] = r
			continue
		}
		out.Ceiling, out.Own = quotas.Ceiling{PerOrg: *r.Ceiling.PerOrg, PerUser: *r.Ceiling.PerUser}, r.Own
		out.UsedByOrg, out.UsedByUser = r.UsedByOrg, r.UsedByUser
		r.Own.PerUser = cmp.Or(row.OwnLimit, r.Own.PerUser)
		applies := r.Applies()
		out.PerOrg, out.PerUser = *applies.PerOrg, *applies.PerUser
	}
	return out, translate(err)
}

// memberQuotaOf converts the result of a query for one member's quota.
func memberQuotaOf(row orgdb.MemberQuotaRow, err error) (quotas.MemberQuota, error) {
	if err != nil {
		return quotas.MemberQuota{}, orNotFound(err, members.ErrNotFound)
	}
	return toMemberQuota(row), nil
}

func toMemberQuota(row orgdb.MemberQuotaRow) quotas.MemberQuota {
	return quotas.MemberQuota{
		User: org.UserID{UUID: row.ID}, Name: row.Name, Used: row.Used, Limit: row.Most, Own: row.OwnLimit,
		Ceiling: row.Ceiling,
	}
}
