package postgres

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// AppendEvent implements events.Tx.
func (t *tx) AppendEvent(ctx context.Context, e events.Event) error {
	// What agents and background work write is about a session, whose name and owner the database adds.
	if e.Version == 1 && e.Audience == events.Owner && e.Subject.Name == "" {
		return t.Queries.AppendEvent(ctx, e.Type, e.Subject.ID, e.Data)
	}
	return t.AppendNamedEvent(ctx, orgdb.AppendNamedEventParams{
		Type: e.Type, Version: int32(e.Version), Audience: string(e.Audience), SubjectID: e.Subject.ID,
		SubjectName: e.Subject.Name, Data: e.Data,
	})
}

// EventReads returns a member's reads of the event log.
func (d *DB) EventReads() org.Reading[events.Queries] {
	return reading(d, func(r reader) events.Queries { return eventReader{r} })
}

// eventReader reads the event log as a member.
type eventReader struct{ reader }

// Access implements events.Queries.
func (r eventReader) Access(ctx context.Context) (events.Access, error) {
	row, err := r.Queries.Access(ctx)
	if err != nil { // no row: it ended after the scope was entered, in the same moment
		return events.Access{}, orNotFound(err, identity.ErrSignedOut)
	}
	a := events.Access{Credential: row.PublicID, EndsAt: row.EndsAt, Slug: row.Slug}
	if row.Namespace != nil {
		a.Namespace = *row.Namespace
	}
	return a, nil
}

// OwnEvents implements events.Queries.
func (r eventReader) OwnEvents(ctx context.Context, after, until int64, n int) ([]events.Entry, error) {
	if r.in.IsAdmin() {
		return entriesOf(r.EventsAfter(ctx, after, until, int32(n)))
	}
	return entriesOf(r.OwnEventsAfter(ctx, orgdb.OwnEventsAfterParams{
		UserID: r.in.User().UUID, After: after, Until: until, Most: int32(n),
	}))
}

// EventsAsService returns the reads of the service that distributes events.
func (d *DB) EventsAsService() org.ReadingAsService[events.ServiceQueries] {
	return readingAsService(d.feed, d.feedShares, func(q *orgdb.Queries) events.ServiceQueries { return eventService{q} })
}

// eventService reads the event log of one organisation as a service.
type eventService struct{ q *orgdb.Queries }

// EventBounds implements events.ServiceQueries.
func (s eventService) EventBounds(ctx context.Context) (events.Bounds, error) {
	row, err := s.q.EventBounds(ctx)
	return events.Bounds(row), translate(err)
}

// EventsAfter implements events.ServiceQueries.
func (s eventService) EventsAfter(ctx context.Context, after int64, n int) ([]events.Entry, error) {
	return entriesOf(s.q.EventsAfter(ctx, after, math.MaxInt64, int32(n)))
}

// entriesOf converts what both queries return.
func entriesOf[Row orgdb.EventsAfterRow | orgdb.OwnEventsAfterRow](rows []Row, err error) ([]events.Entry, error) {
	out := make([]events.Entry, len(rows))
	for i, row := range rows {
		r := orgdb.EventsAfterRow(row)
		out[i] = events.Entry{
			Seq: r.Seq, At: r.At, Type: r.Type, Version: int(r.Version), Actor: r.Actor,
			Subject: events.Subject{ID: r.SubjectID, Name: r.SubjectName}, Owner: org.UserID{UUID: r.OwnerID.UUID},
			Audience: events.Audience(r.Audience), Data: r.Data,
		}
	}
	return out, translate(err)
}

// NewestEvents implements events.Newest.
func (d *DB) NewestEvents(ctx context.Context, of []org.ID) (map[org.ID]int64, error) {
	ids := make([]uuid.UUID, len(of))
	for i, id := range of {
		ids[i] = id.UUID
	}
	rows, err := sysdb.New(d.feed).NewestEvents(ctx, ids)
	newest := make(map[org.ID]int64, len(rows))
	for _, row := range rows {
		newest[org.ID{UUID: row.OrgID}] = row.Newest
	}
	return newest, translate(err)
}

// OldEvents implements events.OldEvents.
func (d *DB) OldEvents(ctx context.Context, kept time.Duration, after org.ID, n int) ([]org.ID, error) {
	return orgIDs(sysdb.New(d.system).OrgsWithOldEvents(ctx, int32(kept.Seconds()), after.UUID, int32(n)))
}

// EventSweeps returns the transactions of background work that removes old events.
func (d *DB) EventSweeps() org.AsService[events.SweeperTx] {
	return asService(d, func(t *serviceTx) events.SweeperTx { return t })
}

// RemoveOldEvents implements events.SweeperTx.
func (t *serviceTx) RemoveOldEvents(ctx context.Context, kept time.Duration) (int, error) {
	removed, err := t.Queries.RemoveOldEvents(ctx, int32(kept.Seconds()))
	return int(removed), translate(err)
}
