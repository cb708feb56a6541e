package http

import (
	"context"
	"errors"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/invitations"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// ListInvitations implements api.StrictServerInterface.
func (h handlers) ListInvitations(
	ctx context.Context, r api.ListInvitationsRequestObject,
) (api.ListInvitationsResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Invitations.List(ctx, org.From(ctx), at)
	items := convertAll(p.Items, toInvitation)
	return api.ListInvitations200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// CreateInvitation implements api.StrictServerInterface. The limit is of one organisation and address: with one of the
// address alone, its answers would tell whom other organisations invite.
func (h handlers) CreateInvitation(
	ctx context.Context, r api.CreateInvitationRequestObject,
) (api.CreateInvitationResponseObject, error) {
	who := org.From(ctx)
	if wait := h.limits.mails.allow(who.Org().String() + " " + identity.NormalEmail(r.Body.Email)); wait > 0 {
		return nil, errTooManyMails.RetryIn(wait)
	}
	key, err := keyOf(r.Params.IdempotencyKey, "createInvitation", r.Body)
	if err != nil {
		return nil, err
	}
	made, err := h.config.Invitations.Create(ctx, who, invitations.New{
		Email: r.Body.Email, Role: org.Role(r.Body.Role), Key: key,
	})
	if err != nil {
		return nil, err
	}
	body := toInvitation(made.Invitation)
	body.Link = optional(made.Link)
	path := "/api/v1/invitations/" + made.ID.String()
	return api.CreateInvitation201JSONResponse{
		Body: body, Headers: api.CreateInvitation201ResponseHeaders{Location: &path, IdempotentReplayed: replayed(key)},
	}, nil
}

// DeleteInvitation implements api.StrictServerInterface.
func (h handlers) DeleteInvitation(
	ctx context.Context, r api.DeleteInvitationRequestObject,
) (api.DeleteInvitationResponseObject, error) {
	err := h.config.Invitations.Revoke(ctx, org.From(ctx), invitations.ID{UUID: r.InvitationId})
	return api.DeleteInvitation204Response{}, err
}

// LookAtInvitation implements api.StrictServerInterface. Each unknown secret costs a query, so that a network that
// sends too many has to wait.
func (h handlers) LookAtInvitation(
	ctx context.Context, r api.LookAtInvitationRequestObject,
) (api.LookAtInvitationResponseObject, error) {
	from := networkOf(ctx)
	if wait := h.limits.guesses.retryAfter(from); wait > 0 {
		return nil, errTooManyGuesses.RetryIn(wait)
	}
	o, err := h.config.Invitations.Look(ctx, secret.Of(r.Body.Secret))
	if errors.Is(err, invitations.ErrInvalid) {
		h.limits.guesses.count(from)
	}
	return api.LookAtInvitation200JSONResponse{
		Org: o.Org, Slug: o.Slug, Email: o.Email, Role: api.Role(o.Role), HasAccount: o.HasAccount,
	}, err
}

// AcceptInvitation implements api.StrictServerInterface. It is limited like a sign-in, because it checks a password.
func (h handlers) AcceptInvitation(
	ctx context.Context, r api.AcceptInvitationRequestObject,
) (api.AcceptInvitationResponseObject, error) {
	if err := h.limitLogins(networkOf(ctx), r.Body.Email); err != nil {
		return nil, err
	}
	err := h.config.Invitations.Accept(ctx, secret.Of(r.Body.Secret), invitations.Acceptance{
		Email: r.Body.Email, Name: value(r.Body.Name), Password: r.Body.Password,
	})
	return api.AcceptInvitation204Response{}, err
}

func toInvitation(i invitations.Invitation) api.Invitation {
	return api.Invitation{
		Id: i.ID.UUID, Email: i.Email, Role: api.Role(i.Role), ByMail: i.ByMail, InvitedBy: i.InvitedBy.UUID,
		CreatedAt: i.CreatedAt, EndsAt: i.EndsAt,
	}
}
