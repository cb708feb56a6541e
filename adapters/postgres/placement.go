package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Place implements sessions.Tx.
func (t *memberTx) Place(ctx context.Context) (sessions.Placement, error) {
	row, err := t.Queries.Place(ctx)
	at, err := placementOf(orgdb.PlaceBesideRow{
		AgentID: row.AgentID, WaitsFor: row.WaitsFor, Namespace: row.Namespace,
	}, err)
	at.OwnerName = row.OwnerName
	return at, err
}

// PlaceBeside implements sessions.PlacerTx.
func (t *serviceTx) PlaceBeside(ctx context.Context, failedOn uuid.UUID) (sessions.Placement, error) {
	return placementOf(t.Queries.PlaceBeside(ctx, failedOn))
}

func placementOf(row orgdb.PlaceBesideRow, err error) (sessions.Placement, error) {
	if err != nil {
		return sessions.Placement{}, translate(err)
	}
	at := sessions.Placement{Agent: row.AgentID, WaitsFor: sessions.WaitsFor(row.WaitsFor), Namespace: row.Namespace}
	if row.WaitsFor == "agent" {
		return at, sessions.ErrNoAgent
	}
	return at, nil
}

// PredatesRestore implements sessions.ReportTx.
func (t *reportTx) PredatesRestore(ctx context.Context) (bool, error) {
	predates, err := t.Queries.PredatesRestore(ctx)
	return predates, translate(err)
}

// StartElsewhere implements sessions.ReportTx.
func (t *reportTx) StartElsewhere(ctx context.Context) (bool, error) {
	moved, err := t.Queries.StartElsewhere(ctx)
	return moved, translate(err)
}

// SessionPlacements returns the transactions of background work that places sessions.
func (d *DB) SessionPlacements() org.AsService[sessions.PlacerTx] {
	return asService(d, func(t *serviceTx) sessions.PlacerTx { return t })
}

// Waiting implements sessions.PlacerTx.
func (t *serviceTx) Waiting(ctx context.Context, patience time.Duration, n int) ([]sessions.Waiting, error) {
	rows, err := t.WaitingSessions(ctx, int32(patience.Seconds()), int32(n))
	if err != nil {
		return nil, translate(err)
	}
	out := make([]sessions.Waiting, len(rows))
	for i, r := range rows {
		out[i] = sessions.Waiting{Session: toSession(r.AppSession), FailedOn: r.AppSession.FailedOn.UUID, Overdue: r.Overdue}
		if err := json.Unmarshal(r.AppSession.Spec, &out[i].Template.Spec); err != nil { // its agent fails it, and says why
			out[i].Template.Unreadable = true
		}
	}
	return out, nil
}

// PlaceSession implements sessions.PlacerTx.
func (t *serviceTx) PlaceSession(ctx context.Context, id sessions.ID, agent uuid.UUID) error {
	return t.Queries.PlaceSession(ctx, agent, id.UUID)
}

// SetWaitsFor implements sessions.PlacerTx.
func (t *serviceTx) SetWaitsFor(ctx context.Context, id sessions.ID, w sessions.WaitsFor) error {
	return t.Queries.SetWaitsFor(ctx, string(w), id.UUID)
}

// FailSession implements sessions.PlacerTx.
func (t *serviceTx) FailSession(ctx context.Context, id sessions.ID, reason string) error {
	return t.Queries.FailSession(ctx, reason, id.UUID)
}

// LeaveLostHosts implements sessions.PlacerTx.
func (t *serviceTx) LeaveLostHosts(ctx context.Context, patience time.Duration, n int) ([]sessions.Left, error) {
	rows, err := t.LeaveLostAgents(ctx, int32(patience.Seconds()), int32(n))
	out := make([]sessions.Left, len(rows))
	for i, r := range rows {
		out[i] = sessions.Left{ID: sessions.ID{UUID: r.SessionID}, State: sessions.State(r.State)}
	}
	return out, translate(err)
}

// SessionSilences returns the transactions of background work that notes silent hosts.
func (d *DB) SessionSilences() org.AsService[sessions.SilenceTx] {
	return asService(d, func(t *serviceTx) sessions.SilenceTx { return t })
}

// NoteSilentHosts implements sessions.SilenceTx.
func (t *serviceTx) NoteSilentHosts(ctx context.Context, patience time.Duration, n int) ([]sessions.Noted, error) {
	rows, err := t.NoteSilentAgents(ctx, int32(patience.Seconds()), int32(n))
	out := make([]sessions.Noted, len(rows))
	for i, r := range rows {
		out[i] = sessions.Noted{ID: sessions.ID{UUID: r.SessionID}, State: sessions.State(r.State), Silent: r.Silent}
	}
	return out, translate(err)
}

// Listen implements sessions.Silences.
func (d DueSessions) Listen(ctx context.Context) error { return translate(d.q.Listen(ctx)) }

// SilentHosts implements sessions.Silences.
func (d DueSessions) SilentHosts(ctx context.Context, patience time.Duration, after org.ID, n int) ([]org.ID, error) {
	return orgIDs(d.q.OrgsWithSilentAgents(ctx, int32(patience.Seconds()), after.UUID, int32(n)))
}

// WaitingOrgs lists organisations with sessions to place. It is an org.Listing.
func (d DueSessions) WaitingOrgs(ctx context.Context, after org.ID, n int) ([]org.ID, error) {
	return orgIDs(d.q.OrgsWithWaitingSessions(ctx, after.UUID, int32(n)))
}

// LostHosts lists organisations with sessions to take from lost hosts. It is an org.Listing.
func (d DueSessions) LostHosts(ctx context.Context, after org.ID, n int) ([]org.ID, error) {
	return orgIDs(d.q.OrgsWithLostAgents(ctx, after.UUID, int32(n)))
}

func orgIDs(rows []uuid.UUID, err error) ([]org.ID, error) {
	out := make([]org.ID, len(rows))
	for i, id := range rows {
		out[i] = org.ID{UUID: id}
	}
	return out, translate(err)
}
