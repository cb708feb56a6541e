package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/hosts"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ListAgents implements api.StrictServerInterface.
func (h handlers) ListAgents(ctx context.Context, r api.ListAgentsRequestObject) (api.ListAgentsResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	p, err := h.config.Hosts.List(ctx, org.From(ctx), at)
	return api.ListAgents200JSONResponse{Items: convertAll(p.Items, toAgent), NextCursor: next(ctx, p.Next)}, err
}

// GetAgent implements api.StrictServerInterface.
func (h handlers) GetAgent(ctx context.Context, r api.GetAgentRequestObject) (api.GetAgentResponseObject, error) {
	got, err := h.config.Hosts.Get(ctx, org.From(ctx), hosts.ID{UUID: r.AgentId})
	return api.GetAgent200JSONResponse(toAgent(got)), err
}

func toAgent(h hosts.Host) api.Agent {
	out := api.Agent{
		Id: h.ID.UUID, Name: h.Name, Version: optional(h.Version), State: api.Connected, HasRoom: h.Room,
		Sessions: h.Sessions,
	}
	if h.UnenforcedLimits != nil {
		out.UnenforcedLimits = new(convertAll(h.UnenforcedLimits, func(name string) api.AgentUnenforcedLimits {
			return api.AgentUnenforcedLimits(name)
		}))
	}
	if !h.Connected {
		out.State = api.Away
		if !h.Seen.IsZero() {
			out.AwaySince = optional(h.Seen.UTC())
		}
	}
	return out
}
