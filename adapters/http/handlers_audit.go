package http

import (
	"context"
	"encoding/hex"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
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
	items := convertAll(p.Items, toAuditEntry)
	return api.ListAuditLog200JSONResponse{Items: items, NextCursor: next(ctx, p.Next)}, err
}

func toAuditEntry(e audit.Entry) api.AuditEntry {
	return api.AuditEntry{
		Seq: e.Seq, At: e.At.UTC(), Actor: e.Actor, ActorName: optional(e.ActorName), Action: e.Action, Subject: e.Subject,
		Hash: hex.EncodeToString(e.Hash),
	}
}

// ExportAuditLog implements api.StrictServerInterface. It has read the first page when it returns, so that what refuses
// the caller is a problem document.
func (h handlers) ExportAuditLog(
	ctx context.Context, r api.ExportAuditLogRequestObject,
) (_ api.ExportAuditLogResponseObject, err error) {
	who, f := org.From(ctx), audit.Filter{Actor: value(r.Params.Actor), Action: value(r.Params.Action)}
	if err := h.exports.acquire(who.Org()); err != nil {
		return nil, err
	}
	release := func() { h.exports.release(who.Org()) }
	e := export{record: recordOf(ctx), release: release}
	if err = h.config.Audit.BeginExport(ctx, who, f); err == nil {
		e.first, err = h.config.Audit.ExportPage(ctx, who, f, page.Cursor{})
	}
	if err != nil {
		release()
		return nil, err
	}
	e.next = func(after page.Cursor) (page.Page[audit.Entry], error) {
		// Not the operation's deadline, which the reader of a long log passes. A reader who has gone ends the export when
		// this page is written to them.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTimeout)
		defer cancel()
		return h.config.Audit.ExportPage(ctx, who, f, after)
	}
	return e, nil
}

// VerifyAuditLog implements api.StrictServerInterface.
func (h handlers) VerifyAuditLog(
	ctx context.Context, r api.VerifyAuditLogRequestObject,
) (api.VerifyAuditLogResponseObject, error) {
	c, err := h.config.Audit.Verify(ctx, org.From(ctx), value(r.Params.After))
	out := api.VerifyAuditLog200JSONResponse{
		Intact: c.Intact(), Checked: c.Checked.Seq, Hash: hex.EncodeToString(c.Checked.Hash), More: c.More,
		Head: api.AuditHead{Seq: c.Head.Seq, Hash: hex.EncodeToString(c.Head.Hash)},
	}
	if !c.Intact() {
		out.Fault = &api.AuditFault{Seq: c.Broken, Reason: string(c.Reason)}
	}
	return out, err
}
