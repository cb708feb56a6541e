package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Identity returns the transactions of members who act on their own credential.
func (d *DB) Identity() org.Scoped[identity.Tx] {
	return scoped(d, func(t *memberTx) identity.Tx { return t })
}

// IdentityReads returns the reads of the caller's own data.
func (d *DB) IdentityReads() org.Reading[identity.Queries] {
	return reading(d, func(r reader) identity.Queries { return identityReader{r} })
}

// DeleteCredential implements identity.Tx.
func (t *memberTx) DeleteCredential(ctx context.Context) (identity.SignInID, error) {
	id, err := t.Queries.DeleteCredential(ctx)
	return identity.SignInID{UUID: id}, orNotFound(err, identity.ErrSignedOut)
}

// identityReader reads the caller's own data.
type identityReader struct{ reader }

// Me implements identity.Queries.
func (r identityReader) Me(ctx context.Context) (identity.Me, error) { return me(ctx, r.Queries) }

func me(ctx context.Context, q *orgdb.Queries) (identity.Me, error) {
	row, err := q.Me(ctx)
	return identity.Me{
		User: identity.User{ID: org.UserID{UUID: row.ID}, Email: row.Email, Name: row.Name},
		Org:  orgOf(row.OrgID, row.OrgSlug, row.OrgName),
	}, translate(err)
}

// Directory looks users and credentials up before an organisation is known. It implements identity.Directory.
type Directory struct{ q *sysdb.Queries }

// Directory returns the functions of the login role that sign users in.
func (d *DB) Directory() Directory { return Directory{sysdb.New(d.login)} }

// UserByEmail implements identity.Directory.
func (d Directory) UserByEmail(ctx context.Context, email string) (org.UserID, string, error) {
	row, err := d.q.UserByEmail(ctx, email)
	return org.UserID{UUID: row.ID}, row.PasswordHash, orNotFound(err, identity.ErrBadLogin)
}

// MembershipsOf implements identity.Directory.
func (d Directory) MembershipsOf(ctx context.Context, user org.UserID) ([]identity.Membership, error) {
	rows, err := d.q.MembershipsOf(ctx, user.UUID)
	out := make([]identity.Membership, len(rows))
	for i, r := range rows {
		out[i] = membership(orgOf(r.OrgID, r.Slug, r.Name), user, r.Role)
	}
	return out, translate(err)
}

// SignIn implements identity.Directory.
func (d Directory) SignIn(ctx context.Context, c identity.NewCredential) (org.Role, error) {
	role, err := d.q.SignIn(ctx, sysdb.SignInParams{
		UserID: c.User.UUID, OrgID: c.Org.UUID, CredentialID: c.ID.UUID, SecretHash: c.Hash[:], EndsAt: c.EndsAt,
		Address: c.From.Address, Browser: c.From.Browser, Verified: optional(c.Verified),
	})
	// SS001: the member was removed, or the password was changed, after the password was checked. "Signed out" would
	// reveal that it was right.
	if stateOf(err) == "SS001" {
		return "", identity.ErrBadLogin.Because(err)
	}
	return org.Role(role), translate(err)
}

// RehashPassword implements identity.Directory.
func (d Directory) RehashPassword(ctx context.Context, user org.UserID, verified, hash string) error {
	return translate(d.q.RehashPassword(ctx, user.UUID, verified, hash))
}

// NoteRefused implements identity.RefusedRegistry.
func (d Directory) NoteRefused(ctx context.Context, user org.UserID, network string, times int) error {
	return translate(d.q.NoteRefusedSignIns(ctx, user.UUID, network, int32(times)))
}

// CredentialOf implements identity.Directory.
func (d Directory) CredentialOf(ctx context.Context, hash secret.Hash) (identity.SignIn, error) {
	r, err := d.q.CredentialOf(ctx, hash[:])
	return identity.SignIn{
		Membership: membership(orgOf(r.OrgID, r.Slug, r.Name), org.UserID{UUID: r.UserID}, r.Role),
		Credential: org.CredentialID{UUID: r.ID}, EndsAt: r.EndsAt,
	}, orNotFound(err, identity.ErrSignedOut)
}

// KeyOf implements identity.Directory.
func (d Directory) KeyOf(ctx context.Context, hash secret.Hash) (identity.SignIn, error) {
	r, err := d.q.KeyOf(ctx, hash[:])
	return identity.SignIn{
		Membership: membership(orgOf(r.OrgID, r.Slug, r.Name), org.UserID{UUID: r.UserID}, r.Role),
		Credential: org.CredentialID{UUID: r.ID}, EndsAt: r.EndsAt, Scopes: r.Scopes,
	}, orNotFound(err, identity.ErrKeyEnded)
}

func membership(o identity.Org, user org.UserID, role string) identity.Membership {
	return identity.Membership{Org: o, User: user, Role: org.Role(role)}
}

func orgOf(id uuid.UUID, slug, name string) identity.Org {
	return identity.Org{ID: org.ID{UUID: id}, Slug: slug, Name: name}
}

// ExpiredCredentials finds organisations with expired rows. It implements identity.ExpiredCredentials.
type ExpiredCredentials struct{ q *sysdb.Queries }

// ExpiredCredentials returns the function of the system role that finds expired credentials.
func (d *DB) ExpiredCredentials() ExpiredCredentials { return ExpiredCredentials{sysdb.New(d.system)} }

// WithExpired implements identity.ExpiredCredentials. An organisation can be listed twice.
func (e ExpiredCredentials) WithExpired(ctx context.Context, n int) ([]org.ID, error) {
	rows, err := e.q.OrgsWithExpiredCredentials(ctx, int32(n))
	if err != nil {
		return nil, translate(err)
	}
	invitations, err := e.q.OrgsWithExpiredInvitations(ctx, int32(n))
	if err != nil {
		return nil, translate(err)
	}
	keys, err := e.q.OrgsWithEndedKeys(ctx, int32(n))
	var out []org.ID
	for _, id := range slices.Concat(rows, invitations, keys) {
		out = append(out, org.ID{UUID: id})
	}
	return out, translate(err)
}

// IdentityAsService returns the transactions of background work on credentials.
func (d *DB) IdentityAsService() org.AsService[identity.ServiceTx] {
	return asService(d, func(t *serviceTx) identity.ServiceTx { return t })
}

// DeleteExpired implements identity.ServiceTx. Tickets come first: deleting a credential deletes its tickets too, and
// an expired ticket of a valid credential would remain.
func (t *serviceTx) DeleteExpired(ctx context.Context) error {
	if err := t.DeleteExpiredTickets(ctx); err != nil {
		return err
	}
	if err := t.DeleteEndedGrants(ctx); err != nil {
		return err
	}
	if err := t.DeleteExpiredInvitations(ctx); err != nil {
		return err
	}
	if err := t.DeleteEndedKeys(ctx); err != nil {
		return err
	}
	return t.DeleteExpiredCredentials(ctx)
}

// CreateUser implements identity.Registry.
func (o *Operator) CreateUser(ctx context.Context, operator string, u identity.User, passwordHash string) error {
	err := o.q.CreateUser(ctx, sysdb.CreateUserParams{
		Operator: operator, UserID: u.ID.UUID, Email: u.Email, Name: u.Name, PasswordHash: passwordHash,
	})
	return ofConstraint(err, map[string]*fault.Fault{"users_email_key": identity.ErrEmailTaken})
}

// SetPassword implements identity.Registry.
func (o *Operator) SetPassword(ctx context.Context, operator string, u org.UserID, passwordHash string) error {
	return translate(o.q.SetPassword(ctx, operator, u.UUID, passwordHash))
}

// DisableUser implements identity.Registry.
func (o *Operator) DisableUser(ctx context.Context, operator string, u org.UserID, disable bool) error {
	return translate(o.q.DisableUser(ctx, operator, u.UUID, disable))
}

// OrgsOfUser implements identity.Registry.
func (o *Operator) OrgsOfUser(ctx context.Context, u org.UserID, after org.ID, n int) ([]org.ID, error) {
	rows, err := o.q.OrgsOfUser(ctx, u.UUID, after.UUID, int32(n))
	out := make([]org.ID, len(rows))
	for i, id := range rows {
		out[i] = org.ID{UUID: id}
	}
	return out, translate(err)
}

// SignOutUser implements identity.Registry.
func (o *Operator) SignOutUser(ctx context.Context, operator string, in org.ID, u org.UserID) error {
	return translate(o.q.SignOutUser(ctx, operator, in.UUID, u.UUID))
}

// Accounts implements identity.Registry.
func (o *Operator) Accounts(ctx context.Context, after string, n int) ([]identity.Account, error) {
	rows, err := o.q.ListUsers(ctx, after, int32(n))
	out := make([]identity.Account, len(rows))
	for i, r := range rows {
		out[i] = identity.Account{
			User:     identity.User{ID: org.UserID{UUID: r.ID}, Email: r.Email, Name: r.Name},
			Disabled: r.Disabled, Created: r.CreatedAt,
		}
	}
	return out, translate(err)
}

// UserIDByEmail implements identity.Registry.
func (o *Operator) UserIDByEmail(ctx context.Context, email string) (org.UserID, error) {
	id, err := o.q.FindUser(ctx, email)
	return org.UserID{UUID: id}, orNotFound(err, identity.ErrUserNotFound)
}
