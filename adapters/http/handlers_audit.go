package http

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// ListAuditLog implements api.StrictServerInterface.
func (h handlers) ListAuditLog(
	ctx context.Context, r api.ListAuditLogRequestObject,
) (api.ListAuditLogResponseObject, error) {
	at, err := pageOf(ctx, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	f := audit.Filter{Actor: value(r.Params.Actor), Action: value(r.Params.Action)}
	p, err := h.config.Audit.List(ctx, org.From(ctx), f, at)
	items := convertAll(p.Items, func(e audit.Entry) api.AuditEntry {
		return api.AuditEntry{
			Seq: e.Seq, At: e.At.UTC(), Actor: e.Actor, ActorName: optional(e.ActorName), Action: e.Action, Subject: e.Subject,
		}
	})
	return api.ListAuditLog200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}
