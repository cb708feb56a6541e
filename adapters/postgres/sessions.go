package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Sessions returns the transactions of members who act on sessions.
func (d *DB) Sessions() org.Scoped[sessions.Tx] {
	return scoped(d, func(t *memberTx) sessions.Tx { return t })
}

// SessionReads returns the reads of sessions.
func (d *DB) SessionReads() org.Reading[sessions.Queries] {
	return reading(d, func(r reader) sessions.Queries { return sessionReader{r} })
}

// SessionAccess returns a member's reads of their access, on the connections for open desktops.
func (d *DB) SessionAccess() org.Reading[sessions.AccessQueries] {
	return looking(d, func(r reader) sessions.AccessQueries { return sessionReader{r} })
}

// SessionAccess implements sessions.AccessQueries.
func (r sessionReader) SessionAccess(ctx context.Context, id sessions.ID) (sessions.Access, error) {
	row, err := r.reader.SessionAccess(ctx, id.UUID)
	return sessions.Access{Ended: row.Ended, Lasts: row.EndsAt.Sub(row.At)}, orNotFound(err, sessions.ErrNotFound)
}

// EndedStreams implements sessions.EndedStreams.
func (d *DB) EndedStreams(ctx context.Context, all []sessions.Stream) ([]int, error) {
	var p sysdb.EndedStreamsParams
	for _, s := range all {
		p.Orgs, p.Users = append(p.Orgs, s.Who.Org().UUID), append(p.Users, s.Who.User().UUID)
		p.Roles = append(p.Roles, string(s.Who.Role()))
		p.Credentials, p.Sessions = append(p.Credentials, s.Who.Credential().UUID), append(p.Sessions, s.Session.UUID)
	}
	places, err := sysdb.New(d.feed).EndedStreams(ctx, p)
	ended := make([]int, len(places))
	for i, place := range places {
		ended[i] = int(place) - 1
	}
	return ended, translate(err)
}

// InsertSession implements sessions.Tx. The row has a copy of what the template runs, so that a later revision of the
// template does not change it.
func (t *memberTx) InsertSession(ctx context.Context, s sessions.Session) error {
	spec, err := json.Marshal(s.Template.Spec)
	if err != nil {
		return fmt.Errorf("encode the spec of session %s: %w", s.ID, err)
	}
	return t.Queries.InsertSession(ctx, orgdb.InsertSessionParams{
		ID: s.ID.UUID, OwnerID: s.Owner.UUID, Name: s.Name, TemplateID: s.Template.ID.UUID, TemplateName: s.Template.Name,
		TemplateTitle: s.Template.Title, Spec: spec, AgentID: nullable(s.Agent),
		WaitsFor: waitsForOf(s),
	})
}

// waitsForOf is what the row says. That a session waits for its agent follows from the rest of the row.
func waitsForOf(s sessions.Session) string {
	if s.WaitsFor == sessions.WaitsForStart {
		return ""
	}
	return string(s.WaitsFor)
}

// LockSession implements sessions.Tx.
func (t *memberTx) LockSession(ctx context.Context, id sessions.ID) (sessions.Session, error) {
	return named(t.Queries.LockSession(ctx, id.UUID))
}

// EndSession implements sessions.Tx.
func (t *memberTx) EndSession(ctx context.Context, id sessions.ID) (sessions.Session, error) {
	return sessionOf(t.Queries.EndSession(ctx, id.UUID))
}

// UpdateSession implements sessions.Tx.
func (t *memberTx) UpdateSession(ctx context.Context, id sessions.ID, name string, tags []string) error {
	return t.Queries.UpdateSession(ctx, name, tags, id.UUID)
}

// TakeOverSession implements sessions.Tx.
func (t *memberTx) TakeOverSession(ctx context.Context, id sessions.ID) (sessions.Session, error) {
	return sessionOf(t.Queries.TakeOverSession(ctx, id.UUID))
}

// InsertTicket implements sessions.Tx.
func (t *memberTx) InsertTicket(ctx context.Context, k sessions.Ticket) error {
	return t.Queries.InsertTicket(ctx, k.ID, k.Session.UUID, k.Hash[:])
}

// sessionReader reads sessions.
type sessionReader struct{ reader }

// SessionByID implements sessions.Queries.
func (r sessionReader) SessionByID(ctx context.Context, id sessions.ID) (sessions.Session, error) {
	return named(r.reader.SessionByID(ctx, id.UUID))
}

// Sessions implements sessions.Queries. A member's query names the owner so that an index can be used. The policy shows
// a member no other sessions in any case, so that a wrong owner here finds less and never more.
func (r sessionReader) Sessions(
	ctx context.Context, f sessions.Filter, after page.Cursor, n int,
) ([]sessions.Session, error) {
	before, err := timeOf(after)
	if err != nil {
		return nil, err
	}
	out, err := r.list(ctx, f, orgdb.SessionsOfOwnerParams{
		OwnerID: r.in.User().UUID, Before: before, BeforeID: after.ID, Most: int32(n),
	})
	return out, translate(err)
}

// list chooses one of six queries. One query with optional conditions would get one plan for all cases, which for a
// member reads the whole organisation.
func (r sessionReader) list(
	ctx context.Context, f sessions.Filter, p orgdb.SessionsOfOwnerParams,
) ([]sessions.Session, error) {
	if f.Owner != (org.UserID{}) { // a member who asks for another user's sessions gets none, by the policy
		p.OwnerID = f.Owner.UUID
	}
	all := r.in.IsAdmin() && f.Owner == (org.UserID{})
	switch {
	case f.Searches() && all:
		return allNamed(r.FilteredSessions(ctx, orgdb.FilteredSessionsParams{
			Before: p.Before, BeforeID: p.BeforeID, Active: f.Active, State: string(f.State), Template: f.Template,
			Tag: f.Tag, Text: f.Text, Most: p.Most,
		}))
	case f.Searches():
		return allNamed(r.FilteredSessionsOfOwner(ctx, orgdb.FilteredSessionsOfOwnerParams{
			OwnerID: p.OwnerID, Before: p.Before, BeforeID: p.BeforeID, Active: f.Active, State: string(f.State),
			Template: f.Template, Tag: f.Tag, Text: f.Text, Most: p.Most,
		}))
	case all && f.Active:
		return allNamed(r.ActiveSessions(ctx, p.Before, p.BeforeID, p.Most))
	case all:
		return allNamed(r.Queries.Sessions(ctx, p.Before, p.BeforeID, p.Most))
	case f.Active:
		return allNamed(r.ActiveSessionsOfOwner(ctx, orgdb.ActiveSessionsOfOwnerParams(p)))
	default:
		return allNamed(r.SessionsOfOwner(ctx, p))
	}
}

// namedRow is a session with its owner's name, as several queries return it.
type namedRow interface {
	orgdb.SessionByIDRow | orgdb.LockSessionRow | orgdb.SessionsRow | orgdb.ActiveSessionsRow |
		orgdb.SessionsOfOwnerRow | orgdb.ActiveSessionsOfOwnerRow | orgdb.FilteredSessionsRow |
		orgdb.FilteredSessionsOfOwnerRow
}

// named is sessionOf for a query that returns the owner's name as well.
func named[Row namedRow](row Row, err error) (sessions.Session, error) {
	r := orgdb.SessionByIDRow(row)
	s, err := sessionOf(r.AppSession, err)
	s.OwnerName = r.OwnerName
	return s, err
}

func allNamed[Row namedRow](rows []Row, err error) ([]sessions.Session, error) {
	out := make([]sessions.Session, len(rows))
	for i, row := range rows {
		out[i], _ = named(row, nil)
	}
	return out, err
}

// SessionEvents implements sessions.Queries.
func (r sessionReader) SessionEvents(
	ctx context.Context, id sessions.ID, after page.Cursor, n int,
) ([]sessions.Event, error) {
	seq, err := numberOf(after, 0)
	if err != nil {
		return nil, err
	}
	if !after.IsZero() && after.ID != id.UUID { // of another session's list
		return nil, page.Bad(nil)
	}
	rows, err := r.EventsOfSubject(ctx, id.UUID, seq, int32(n))
	out := make([]sessions.Event, len(rows))
	for i, row := range rows {
		out[i] = sessions.Event{Seq: row.Seq, At: row.At, Type: strings.TrimPrefix(row.Type, "session.")}
		if err := json.Unmarshal(row.Data, &out[i].Data); err != nil {
			return nil, fmt.Errorf("decode event %d: %w", row.Seq, err)
		}
	}
	return out, translate(err)
}

// sessionOf converts the result of a query for one session.
func sessionOf(row orgdb.AppSession, err error) (sessions.Session, error) {
	if err != nil {
		return sessions.Session{}, orNotFound(err, sessions.ErrNotFound)
	}
	return toSession(row), nil
}

// toSession leaves out what the session runs, which only agents need. They read it with rls.placements. The page needs
// the scale of it.
func toSession(row orgdb.AppSession) sessions.Session {
	s := sessions.Session{
		ID: sessions.ID{UUID: row.ID}, Owner: org.UserID{UUID: row.OwnerID}, Name: row.Name,
		Template: templates.Template{
			ID: templates.ID{UUID: row.TemplateID}, Name: row.TemplateName, Title: row.TemplateTitle,
		},
		Scale: scaleOf(row.Spec),
		Agent: row.AgentID.UUID, State: link.State(row.State), Reason: row.Reason, Detail: row.Detail,
		Tags:      row.Tags,
		EndWanted: row.Desired == "terminated", Generation: row.Generation, CreatedAt: row.CreatedAt,
	}
	if row.EndedAt != nil {
		s.EndedAt = *row.EndedAt
	}
	if row.SilentSince != nil {
		s.SilentSince = *row.SilentSince
	}
	switch {
	case s.State == link.Pending && row.AgentID.Valid:
		s.WaitsFor = sessions.WaitsForStart
	case s.State == link.Pending:
		s.WaitsFor = sessions.WaitsFor(row.WaitsFor)
	}
	return s
}

// scaleOf is the scale in a session's spec, and 1 in one that this version cannot read.
func scaleOf(spec json.RawMessage) int {
	var of struct{ Scale int }
	if err := json.Unmarshal(spec, &of); err != nil {
		return 1
	}
	return runtime.Spec{Scale: of.Scale}.PixelScale()
}

// InReport implements sessions.InReport.
func (d *DB) InReport() sessions.InReport { return d.inReport }

// ReportedSession implements sessions.ReportTx.
func (t *reportTx) ReportedSession(ctx context.Context) (sessions.Session, error) {
	return sessionOf(t.Queries.LockReportedSession(ctx, t.session))
}

// SetObserved implements sessions.ReportTx.
func (t *reportTx) SetObserved(ctx context.Context, id sessions.ID, o sessions.Observed) error {
	return t.Queries.SetObserved(ctx, orgdb.SetObservedParams{
		ID: id.UUID, State: string(o.State), Reason: o.Reason, Detail: o.Detail, ObservedGeneration: o.Generation,
	})
}

// SessionsAsService returns the transactions of background work on sessions.
func (d *DB) SessionsAsService() org.AsService[sessions.ServiceTx] {
	return asService(d, func(t *serviceTx) sessions.ServiceTx { return t })
}

// FinishSession implements sessions.ServiceTx.
func (t *serviceTx) FinishSession(ctx context.Context, id sessions.ID, reason string) (bool, error) {
	ended, err := t.Queries.FinishSession(ctx, reason, id.UUID)
	return len(ended) > 0, err
}

// EndLeftBehind implements sessions.ServiceTx.
func (t *serviceTx) EndLeftBehind(ctx context.Context, id sessions.ID, reason string) (sessions.State, bool, error) {
	ended, err := t.Queries.EndLeftBehind(ctx, reason, id.UUID)
	if err != nil || len(ended) == 0 {
		return "", false, err
	}
	return sessions.State(ended[0]), true, nil
}

// TicketStore redeems tickets. It implements sessions.TicketStore.
type TicketStore struct{ q *sysdb.Queries }

// Tickets returns the function of the login role that redeems tickets.
func (d *DB) Tickets() TicketStore { return TicketStore{sysdb.New(d.login)} }

// ConsumeTicket implements sessions.TicketStore.
func (s TicketStore) ConsumeTicket(ctx context.Context, hash secret.Hash) (sessions.Admission, error) {
	r, err := s.q.ConsumeTicket(ctx, hash[:])
	if errors.Is(err, pgx.ErrNoRows) {
		return sessions.Admission{}, sessions.ErrTicket
	}
	return sessions.Admission{
		Org: org.ID{UUID: r.OrgID}, User: org.UserID{UUID: r.UserID}, Role: org.Role(r.Role),
		Credential: org.CredentialID{UUID: r.CredentialID}, Session: sessions.ID{UUID: r.SessionID},
	}, translate(err)
}

// DueSessions finds the sessions that background work must act on. It implements sessions.DueSessions.
type DueSessions struct{ q *sysdb.Queries }

// DueSessions returns the functions of the system role that look at the sessions of all organisations. They return ids
// and counts only.
func (d *DB) DueSessions() DueSessions { return DueSessions{sysdb.New(d.system)} }

// Overdue implements sessions.DueSessions.
func (d DueSessions) Overdue(ctx context.Context, n int) ([]sessions.Due, error) {
	rows, err := d.q.SessionsOverdue(ctx, int32(n))
	return dueOf(rows), translate(err)
}

// LeftBehind implements sessions.DueSessions.
func (d DueSessions) LeftBehind(ctx context.Context, n int) ([]sessions.Due, error) {
	rows, err := d.q.SessionsLeftBehind(ctx, int32(n))
	return dueOf(rows), translate(err)
}

// dueOf converts what both functions return.
func dueOf[Row sysdb.SessionsOverdueRow | sysdb.SessionsLeftBehindRow](rows []Row) []sessions.Due {
	out := make([]sessions.Due, len(rows))
	for i, row := range rows {
		r := sysdb.SessionsOverdueRow(row)
		out[i] = sessions.Due{Org: org.ID{UUID: r.OrgID}, Session: sessions.ID{UUID: r.SessionID}, Reason: r.Reason}
	}
	return out
}

// CountSessions returns the number of sessions of all organisations in each state that is not final, for the metrics.
func (d DueSessions) CountSessions(ctx context.Context) (map[string]int64, error) {
	rows, err := d.q.CountSessions(ctx)
	counts := map[string]int64{}
	for _, r := range rows {
		counts[r.State] = r.Sessions
	}
	return counts, translate(err)
}
