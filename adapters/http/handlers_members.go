package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/members"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ListMembers implements api.StrictServerInterface.
func (h handlers) ListMembers(
	ctx context.Context, r api.ListMembersRequestObject,
) (api.ListMembersResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Members.List(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toMember)
	return api.ListMembers200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// ListFormerMembers implements api.StrictServerInterface.
func (h handlers) ListFormerMembers(
	ctx context.Context, r api.ListFormerMembersRequestObject,
) (api.ListFormerMembersResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Members.ListFormer(ctx, org.From(ctx), at)
	items := convertAll(p.Items, func(f members.Former) api.FormerMember {
		return api.FormerMember{Id: f.ID.UUID, Email: f.Email, Name: f.Name, LeftAt: f.Left.UTC()}
	})
	return api.ListFormerMembers200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// GetMember implements api.StrictServerInterface.
func (h handlers) GetMember(ctx context.Context, r api.GetMemberRequestObject) (api.GetMemberResponseObject, error) {
	m, err := h.config.Members.Get(ctx, org.From(ctx), org.UserID{UUID: r.UserId})
	return api.GetMember200JSONResponse(toMember(m)), err
}

// UpdateMember implements api.StrictServerInterface.
func (h handlers) UpdateMember(
	ctx context.Context, r api.UpdateMemberRequestObject,
) (api.UpdateMemberResponseObject, error) {
	m, err := h.config.Members.SetRole(ctx, org.From(ctx), org.UserID{UUID: r.UserId}, org.Role(r.Body.Role))
	return api.UpdateMember200JSONResponse(toMember(m)), err
}

// RemoveMember implements api.StrictServerInterface.
func (h handlers) RemoveMember(
	ctx context.Context, r api.RemoveMemberRequestObject,
) (api.RemoveMemberResponseObject, error) {
	err := h.config.Members.Remove(ctx, org.From(ctx), org.UserID{UUID: r.UserId})
	return api.RemoveMember204Response{}, err
}

func toMember(m members.Member) api.Member {
	out := api.Member{
		Id: m.ID.UUID, Email: m.Email, Name: m.Name, Role: api.Role(m.Role), Since: m.Since.UTC(), Reason: optional(m.Reason),
	}
	if !m.Ends.IsZero() {
		out.EndsAt = optional(m.Ends.UTC())
	}
	return out
}
