package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/invitations"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Invitations returns the transactions of members who invite.
func (d *DB) Invitations() org.Scoped[invitations.Tx] {
	return scoped(d, func(t *memberTx) invitations.Tx { return t })
}

// InvitationReads returns the reads of invitations.
func (d *DB) InvitationReads() org.Reading[invitations.Queries] {
	return reading(d, func(r reader) invitations.Queries { return invitationReader{r} })
}

// Me implements invitations.Tx.
func (t *memberTx) Me(ctx context.Context) (identity.Me, error) { return me(ctx, t.Queries) }

// IsMemberAddress implements invitations.Tx.
func (t *memberTx) IsMemberAddress(ctx context.Context, email string) (bool, error) {
	is, err := t.Queries.IsMemberAddress(ctx, email)
	return is, translate(err)
}

// InvitationOfAddress implements invitations.Tx.
func (t *memberTx) InvitationOfAddress(ctx context.Context, email string) (invitations.ID, org.Role, error) {
	row, err := t.Queries.InvitationOfAddress(ctx, email)
	return invitations.ID{UUID: row.ID}, org.Role(row.Role), orNotFound(err, invitations.ErrNotFound)
}

// InvitationByID implements invitations.Tx.
func (t *memberTx) InvitationByID(ctx context.Context, id invitations.ID) (invitations.Invitation, error) {
	row, err := t.Queries.InvitationByID(ctx, id.UUID)
	return toInvitation(orgdb.InvitationsRow(row)), orNotFound(err, invitations.ErrNotFound)
}

// InsertInvitation implements invitations.Tx.
func (t *memberTx) InsertInvitation(
	ctx context.Context, i invitations.Invitation, hash secret.Hash,
) (invitations.Invitation, error) {
	row, err := t.Queries.InsertInvitation(ctx, orgdb.InsertInvitationParams{
		ID: i.ID.UUID, Email: i.Email, Role: string(i.Role), SecretHash: hash[:], ByMail: i.ByMail,
	})
	i.InvitedBy, i.CreatedAt, i.EndsAt = org.UserID{UUID: row.InvitedBy}, row.CreatedAt, row.EndsAt
	return i, ofConstraint(err, map[string]*fault.Fault{"invitations_one_for_an_address": invitations.ErrTwice})
}

// RevokeInvitation implements invitations.Tx.
func (t *memberTx) RevokeInvitation(ctx context.Context, id invitations.ID) error {
	return t.Queries.RevokeInvitation(ctx, id.UUID)
}

// InvitationIsForeign implements invitations.Tx.
func (t *memberTx) InvitationIsForeign(ctx context.Context, id uuid.UUID) (bool, error) {
	foreign, err := t.Queries.InvitationIsForeign(ctx, id)
	return foreign, translate(err)
}

// invitationReader reads invitations.
type invitationReader struct{ reader }

// Invitations implements invitations.Queries.
func (r invitationReader) Invitations(
	ctx context.Context, after page.Cursor, n int,
) ([]invitations.Invitation, error) {
	before, err := timeOf(after)
	if err != nil {
		return nil, err
	}
	rows, err := r.Queries.Invitations(ctx, before, after.ID, int32(n))
	out := make([]invitations.Invitation, len(rows))
	for i, row := range rows {
		out[i] = toInvitation(row)
	}
	return out, translate(err)
}

func toInvitation(row orgdb.InvitationsRow) invitations.Invitation {
	return invitations.Invitation{
		ID: invitations.ID{UUID: row.ID}, Email: row.Email, Role: org.Role(row.Role), ByMail: row.ByMail,
		InvitedBy: org.UserID{UUID: row.InvitedBy}, CreatedAt: row.CreatedAt, EndsAt: row.EndsAt,
	}
}

// InvitationOf implements invitations.Directory.
func (d Directory) InvitationOf(ctx context.Context, hash secret.Hash) (invitations.Offer, error) {
	r, err := d.q.InvitationOf(ctx, hash[:])
	return invitations.Offer{
		Org: r.Name, Slug: r.Slug, Email: r.Email, Role: org.Role(r.Role), HasAccount: r.Account,
	}, orNotFound(err, invitations.ErrInvalid)
}

// AcceptInvitation implements invitations.Directory.
func (d Directory) AcceptInvitation(ctx context.Context, hash secret.Hash, by invitations.Account) error {
	var passwordHash *string
	if by.PasswordHash != "" {
		passwordHash = &by.PasswordHash
	}
	err := d.q.AcceptInvitation(ctx, sysdb.AcceptInvitationParams{
		SecretHash: hash[:], UserID: by.User.UUID, Name: by.Name, PasswordHash: passwordHash,
	})
	return ofConstraint(err, map[string]*fault.Fault{
		"users_email_key": identity.ErrEmailTaken, "memberships_pkey": identity.ErrIsMember,
	})
}

// ForgetPassword implements recovery.Registry.
func (d Directory) ForgetPassword(ctx context.Context, email string, hash secret.Hash, ends time.Time) (bool, error) {
	made, err := d.q.ForgetPassword(ctx, email, hash[:], ends)
	return made, translate(err)
}

// ResetPassword implements recovery.Registry.
func (d Directory) ResetPassword(ctx context.Context, hash secret.Hash, passwordHash string) error {
	return translate(d.q.ResetPassword(ctx, hash[:], passwordHash))
}
