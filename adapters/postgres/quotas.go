package postgres

import (
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

// LockLimits implements quotas.Tx.
func (t *memberTx) LockLimits(ctx context.Context) (quotas.Ceiling, quotas.Limits, error) {
	row, err := t.Queries.LockLimits(ctx)
	return quotas.Ceiling{PerOrg: row.CeilingPerOrg, PerUser: row.CeilingPerUser},
		quotas.Limits{PerOrg: row.OwnPerOrg, PerUser: row.OwnPerUser}, err
}

// SetLimits implements quotas.Tx.
func (t *memberTx) SetLimits(ctx context.Context, l quotas.Limits) error {
	return t.SetOwnLimits(ctx, l.PerOrg, l.PerUser)
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
	return quotaOf(t.SessionQuota(ctx))
}

// MemberQuota implements quotas.Tx.
func (t *memberTx) MemberQuota(ctx context.Context, id org.UserID) (quotas.MemberQuota, error) {
	return memberQuotaOf(t.Queries.MemberQuota(ctx, id.UUID))
}

// quotaReader reads quotas.
type quotaReader struct{ reader }

// Quota implements quotas.Queries.
func (r quotaReader) Quota(ctx context.Context) (quotas.Quota, error) {
	return quotaOf(r.SessionQuota(ctx))
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

// quotaOf converts the result of the query for the organisation's quota.
func quotaOf(row orgdb.SessionQuotaRow, err error) (quotas.Quota, error) {
	return quotas.Quota{
		PerOrg: row.PerOrg, PerUser: row.PerUser, UsedByOrg: row.UsedByOrg, UsedByUser: row.UsedByUser,
		Ceiling: quotas.Ceiling{PerOrg: row.CeilingPerOrg, PerUser: row.CeilingPerUser},
		Own:     quotas.Limits{PerOrg: row.OwnPerOrg, PerUser: row.OwnPerUser},
	}, translate(err)
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
