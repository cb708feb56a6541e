package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/modules/members"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Members returns the transactions of members who change members.
func (d *DB) Members() org.Scoped[members.Tx] {
	return scoped(d, func(t *memberTx) members.Tx { return t })
}

// MemberReads returns the reads of members.
func (d *DB) MemberReads() org.Reading[members.Queries] {
	return reading(d, func(r reader) members.Queries { return memberReader{r} })
}

// MemberByID implements members.Tx.
func (t *memberTx) MemberByID(ctx context.Context, id org.UserID) (members.Member, error) {
	return memberOf(t.Queries.MemberByID(ctx, id.UUID))
}

// LockMember implements members.Tx.
func (t *memberTx) LockMember(ctx context.Context, id org.UserID) (members.Member, error) {
	row, err := t.Queries.LockMember(ctx, id.UUID)
	return memberOf(orgdb.MemberByIDRow(row), err)
}

// SetRole implements members.Tx.
func (t *memberTx) SetRole(ctx context.Context, id org.UserID, r org.Role) error {
	return t.Queries.SetRole(ctx, string(r), id.UUID)
}

// RemoveMember implements members.Tx.
func (t *memberTx) RemoveMember(ctx context.Context, id org.UserID) error {
	return t.Queries.RemoveMember(ctx, id.UUID)
}

// memberReader reads members.
type memberReader struct{ reader }

// MemberByID implements members.Queries.
func (r memberReader) MemberByID(ctx context.Context, id org.UserID) (members.Member, error) {
	return memberOf(r.Queries.MemberByID(ctx, id.UUID))
}

// Members implements members.Queries.
func (r memberReader) Members(ctx context.Context, after uuid.UUID, n int) ([]members.Member, error) {
	rows, err := r.Queries.Members(ctx, after, int32(n))
	out := make([]members.Member, len(rows))
	for i, row := range rows {
		out[i] = toMember(orgdb.MemberByIDRow(row))
	}
	return out, translate(err)
}

// FormerMembers implements members.Queries.
func (r memberReader) FormerMembers(ctx context.Context, after uuid.UUID, n int) ([]members.Former, error) {
	rows, err := r.Queries.FormerMembers(ctx, after, int32(n))
	out := make([]members.Former, len(rows))
	for i, row := range rows {
		out[i] = members.Former{ID: org.UserID{UUID: row.ID}, Email: row.Email, Name: row.Name, Left: row.LeftAt}
	}
	return out, translate(err)
}

// memberOf converts the result of a query for one member.
func memberOf(row orgdb.MemberByIDRow, err error) (members.Member, error) {
	if err != nil {
		return members.Member{}, orNotFound(err, members.ErrNotFound)
	}
	return toMember(row), nil
}

func toMember(row orgdb.MemberByIDRow) members.Member {
	m := members.Member{
		ID: org.UserID{UUID: row.ID}, Email: row.Email, Name: row.Name, Role: org.Role(row.Role),
		Since: row.CreatedAt, Reason: row.Reason,
	}
	if row.EndsAt != nil {
		m.Ends = *row.EndsAt
	}
	return m
}
