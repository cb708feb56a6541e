package http

import (
	"context"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ListSessions implements api.StrictServerInterface.
func (h handlers) ListSessions(
	ctx context.Context, r api.ListSessionsRequestObject,
) (api.ListSessionsResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Sessions.List(ctx, org.From(ctx), sessions.Filter{
		Active: value(r.Params.Active), State: sessions.State(value(r.Params.State)),
		Owner: org.UserID{UUID: value(r.Params.OwnerId)}, Template: value(r.Params.Template), Tag: value(r.Params.Tag),
		Text: value(r.Params.Text),
	}, at)
	items := convertAll(p.Items, toSession)
	return api.ListSessions200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// CreateSession implements api.StrictServerInterface.
func (h handlers) CreateSession(
	ctx context.Context, r api.CreateSessionRequestObject,
) (api.CreateSessionResponseObject, error) {
	key, err := keyOf(r.Params.IdempotencyKey, "createSession", r.Body)
	if err != nil {
		return nil, err
	}
	s, err := h.config.Sessions.Create(ctx, org.From(ctx), sessions.Create{
		Template: r.Body.Template, Name: value(r.Body.Name), Scale: value(r.Body.Scale), Key: key,
	})
	where := "/api/v1/sessions/" + s.ID.String()
	return api.CreateSession201JSONResponse{
		Body: toSession(s), Headers: api.CreateSession201ResponseHeaders{Location: &where, IdempotentReplayed: replayed(key)},
	}, err
}

// GetSession implements api.StrictServerInterface.
func (h handlers) GetSession(ctx context.Context, r api.GetSessionRequestObject) (api.GetSessionResponseObject, error) {
	s, err := h.config.Sessions.Get(ctx, org.From(ctx), sessions.ID{UUID: r.SessionId})
	return api.GetSession200JSONResponse{
		Body: toSession(s), Headers: api.GetSession200ResponseHeaders{ETag: entityTag(s.Version())},
	}, err
}

// UpdateSession implements api.StrictServerInterface.
func (h handlers) UpdateSession(
	ctx context.Context, r api.UpdateSessionRequestObject,
) (api.UpdateSessionResponseObject, error) {
	match, err := expected(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	s, err := h.config.Sessions.Update(ctx, org.From(ctx), sessions.ID{UUID: r.SessionId}, sessions.Update{
		Name: r.Body.Name, Tags: value(r.Body.Tags), Expected: match,
	})
	return api.UpdateSession200JSONResponse{
		Body: toSession(s), Headers: api.UpdateSession200ResponseHeaders{ETag: entityTag(s.Version())},
	}, err
}

// DeleteSession implements api.StrictServerInterface. It responds 200 for a session that has ended, and 202 for one
// whose desktop its host still has to stop.
func (h handlers) DeleteSession(
	ctx context.Context, r api.DeleteSessionRequestObject,
) (api.DeleteSessionResponseObject, error) {
	s, err := h.config.Sessions.Terminate(ctx, org.From(ctx), sessions.ID{UUID: r.SessionId})
	if s.State.Final() {
		return api.DeleteSession200JSONResponse(toSession(s)), err
	}
	return api.DeleteSession202JSONResponse(toSession(s)), err
}

// ListSessionEvents implements api.StrictServerInterface.
func (h handlers) ListSessionEvents(
	ctx context.Context, r api.ListSessionEventsRequestObject,
) (api.ListSessionEventsResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Sessions.Events(ctx, org.From(ctx), sessions.ID{UUID: r.SessionId}, at)
	items := convertAll(p.Items, func(e sessions.Event) api.SessionEvent {
		return api.SessionEvent{
			At: e.At.UTC(), Type: e.Type, Reason: optional(e.Data.Reason), WaitingFor: optional(string(e.Data.WaitsFor)),
			By: optional(e.Data.By),
		}
	})
	return api.ListSessionEvents200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

// TakeOverSession implements api.StrictServerInterface.
func (h handlers) TakeOverSession(
	ctx context.Context, r api.TakeOverSessionRequestObject,
) (api.TakeOverSessionResponseObject, error) {
	s, err := h.config.Sessions.TakeOver(ctx, org.From(ctx), sessions.ID{UUID: r.SessionId})
	return api.TakeOverSession200JSONResponse(toSession(s)), err
}

// CreateTicket implements api.StrictServerInterface. The response is the only place where the ticket is readable.
func (h handlers) CreateTicket(
	ctx context.Context, r api.CreateTicketRequestObject,
) (api.CreateTicketResponseObject, error) {
	key, err := h.config.Sessions.IssueTicket(ctx, org.From(ctx), sessions.ID{UUID: r.SessionId})
	return api.CreateTicket201JSONResponse{Ticket: key.Reveal(), ExpiresIn: seconds(sessions.TicketLifetime)}, err
}

// toSession leaves out the agent and the command: members do not need them. PostgreSQL keeps microseconds, so that
// ended_at has no more.
func toSession(s sessions.Session) api.Session {
	out := api.Session{
		Id: s.ID.UUID, Name: s.Name, OwnerId: s.Owner.UUID, State: api.SessionState(s.State), Reason: optional(s.Reason),
		Template:  api.SessionTemplate{Id: s.Template.ID.UUID, Name: s.Template.Name, Title: s.Template.Title},
		CreatedAt: s.CreatedAt.UTC(), WaitingFor: optional(api.SessionWaitingFor(s.WaitsFor)),
		Tags: append([]string{}, s.Tags...), Scale: s.Scale,
		OwnerName: optional(s.OwnerName), Detail: optional(s.Detail),
	}
	if !s.SilentSince.IsZero() {
		out.HostSilentSince = optional(s.SilentSince.UTC())
	}
	if !s.EndedAt.IsZero() {
		out.EndedAt = optional(s.EndedAt.UTC().Round(time.Microsecond))
	}
	return out
}
