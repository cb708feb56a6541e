package postgres

import (
	"context"
	"math"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// RecordAudit implements audit.Tx.
func (t *tx) RecordAudit(ctx context.Context, action, subject string) error {
	return t.Queries.RecordAudit(ctx, action, subject)
}

// Audit returns the transactions of those who export an audit log.
func (d *DB) Audit() org.Scoped[audit.Tx] {
	return scoped(d, func(t *memberTx) audit.Tx { return t })
}

// AuditReads returns the reads of the audit log.
func (d *DB) AuditReads() org.Reading[audit.Queries] {
	return reading(d, func(r reader) audit.Queries { return auditReader{r} })
}

// auditReader reads the audit log.
type auditReader struct{ reader }

// AuditLog implements audit.Queries.
func (r auditReader) AuditLog(ctx context.Context, f audit.Filter, after page.Cursor, n int) ([]audit.Entry, error) {
	before, err := numberOf(after, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	rows, err := r.entries(ctx, f, before, int32(n))
	out := make([]audit.Entry, len(rows))
	for i, row := range rows {
		out[i] = audit.Entry{
			Seq: row.Seq, At: row.At, Actor: row.Actor, ActorName: row.ActorName, Action: row.Action, Subject: row.Subject,
			Hash: row.Hash,
		}
	}
	return out, translate(err)
}

// entries asks the query that has an index for the filter.
func (r auditReader) entries(
	ctx context.Context, f audit.Filter, before int64, n int32,
) (out []orgdb.AuditLogRow, err error) {
	switch {
	case f.Actor != "":
		rows, err := r.AuditLogOfActor(ctx, orgdb.AuditLogOfActorParams{
			Actor: f.Actor, Action: f.Action, Before: before, Most: n,
		})
		for _, row := range rows {
			out = append(out, orgdb.AuditLogRow(row))
		}
		return out, err
	case f.Action != "":
		rows, err := r.AuditLogOfAction(ctx, f.Action, before, n)
		for _, row := range rows {
			out = append(out, orgdb.AuditLogRow(row))
		}
		return out, err
	default:
		return r.Queries.AuditLog(ctx, before, n)
	}
}

// CheckAudit implements audit.Queries.
func (r auditReader) CheckAudit(ctx context.Context, after int64, n int) (audit.Check, error) {
	c, err := r.VerifyAudit(ctx, after, int32(n))
	return toCheck(c), translate(err)
}

// CheckChain implements audit.Chains.
func (o *Operator) CheckChain(ctx context.Context, in org.ID, after int64, n int) (audit.Check, error) {
	c, err := o.q.VerifyOrgAudit(ctx, in.UUID, after, int32(n))
	return toCheck(orgdb.VerifyAuditRow(c)), translate(err)
}

func toCheck(c orgdb.VerifyAuditRow) audit.Check {
	return audit.Check{
		Checked: audit.Head{Seq: c.Checked, Hash: c.CheckedHash}, More: c.More, Broken: c.Broken,
		Reason: audit.Reason(c.Reason), Head: audit.Head{Seq: c.Head, Hash: c.HeadHash},
	}
}
