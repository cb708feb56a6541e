package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/quotas"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// GetQuotas implements api.StrictServerInterface.
func (h handlers) GetQuotas(ctx context.Context, _ api.GetQuotasRequestObject) (api.GetQuotasResponseObject, error) {
	q, err := h.config.Quotas.Get(ctx, org.From(ctx))
	return api.GetQuotas200JSONResponse{
		Body: toQuotas(q), Headers: api.GetQuotas200ResponseHeaders{ETag: entityTag(q.Version())},
	}, err
}

// UpdateQuotas implements api.StrictServerInterface.
func (h handlers) UpdateQuotas(
	ctx context.Context, r api.UpdateQuotasRequestObject,
) (api.UpdateQuotasResponseObject, error) {
	match, err := expected(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	to := quotas.Change{
		Sessions:  quotas.Limits{PerOrg: r.Body.Sessions.PerOrg, PerUser: r.Body.Sessions.PerUser},
		Resources: map[quotas.Kind]quotas.Limits{},
	}
	for k, limits := range map[quotas.Kind]*api.ResourceLimits{
		quotas.Memory: r.Body.Memory, quotas.CPU: r.Body.Cpu, quotas.Processes: r.Body.Processes, quotas.Disk: r.Body.Disk,
	} {
		if limits != nil {
			to.Resources[k] = quotas.Limits{PerOrg: limits.PerOrg, PerUser: limits.PerUser}
		}
	}
	q, err := h.config.Quotas.Set(ctx, org.From(ctx), to, match)
	return api.UpdateQuotas200JSONResponse{
		Body: toQuotas(q), Headers: api.UpdateQuotas200ResponseHeaders{ETag: entityTag(q.Version())},
	}, err
}

// ListMemberQuotas implements api.StrictServerInterface.
func (h handlers) ListMemberQuotas(
	ctx context.Context, r api.ListMemberQuotasRequestObject,
) (api.ListMemberQuotasResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Quotas.Members(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toMemberQuota)
	return api.ListMemberQuotas200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// GetMemberQuota implements api.StrictServerInterface.
func (h handlers) GetMemberQuota(
	ctx context.Context, r api.GetMemberQuotaRequestObject,
) (api.GetMemberQuotaResponseObject, error) {
	q, err := h.config.Quotas.Member(ctx, org.From(ctx), org.UserID{UUID: r.UserId})
	return api.GetMemberQuota200JSONResponse{
		Body: toMemberQuota(q), Headers: api.GetMemberQuota200ResponseHeaders{ETag: entityTag(q.Version())},
	}, err
}

// UpdateMemberQuota implements api.StrictServerInterface.
func (h handlers) UpdateMemberQuota(
	ctx context.Context, r api.UpdateMemberQuotaRequestObject,
) (api.UpdateMemberQuotaResponseObject, error) {
	match, err := expected(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	to := quotas.MemberChange{Limit: r.Body.Sessions.OwnLimit, Expected: match}
	q, err := h.config.Quotas.SetMember(ctx, org.From(ctx), org.UserID{UUID: r.UserId}, to)
	return api.UpdateMemberQuota200JSONResponse{
		Body: toMemberQuota(q), Headers: api.UpdateMemberQuota200ResponseHeaders{ETag: entityTag(q.Version())},
	}, err
}

func toQuotas(q quotas.Quota) api.Quotas {
	return api.Quotas{
		Sessions: api.Quota{
			PerOrg: q.PerOrg, PerUser: q.PerUser, UsedByOrg: q.UsedByOrg, UsedByUser: q.UsedByUser,
			Ceiling: api.QuotaCeiling{PerOrg: q.Ceiling.PerOrg, PerUser: q.Ceiling.PerUser},
			Own:     api.QuotaLimits{PerOrg: q.Own.PerOrg, PerUser: q.Own.PerUser},
		},
		Memory: toResourceQuota(q.Resources[quotas.Memory]), Cpu: toResourceQuota(q.Resources[quotas.CPU]),
		Processes: toResourceQuota(q.Resources[quotas.Processes]), Disk: toResourceQuota(q.Resources[quotas.Disk]),
	}
}

func toResourceQuota(r quotas.Resource) *api.ResourceQuota {
	applies := r.Applies()
	out := api.ResourceQuota{
		PerOrg: applies.PerOrg, PerUser: applies.PerUser, UsedByOrg: r.UsedByOrg, UsedByUser: r.UsedByUser,
		Own: api.ResourceLimits{PerOrg: r.Own.PerOrg, PerUser: r.Own.PerUser},
	}
	out.Ceiling.PerOrg, out.Ceiling.PerUser = r.Ceiling.PerOrg, r.Ceiling.PerUser
	return &out
}

func toMemberQuota(q quotas.MemberQuota) api.MemberQuota {
	out := api.MemberQuota{UserId: q.User.UUID, UserName: q.Name}
	out.Sessions.Used, out.Sessions.Limit, out.Sessions.OwnLimit = q.Used, q.Limit, q.Own
	return out
}
