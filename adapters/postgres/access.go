package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/sysdb"
	"github.com/streamspace-dev/streamspace/modules/access"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// Access returns the transactions of members who change their own access.
func (d *DB) Access() org.Scoped[access.Tx] {
	return scoped(d, func(t *memberTx) access.Tx { return t })
}

// AccessReads returns the reads of members' own access.
func (d *DB) AccessReads() org.Reading[access.Queries] {
	return reading(d, func(r reader) access.Queries { return accessReader{r} })
}

// EndSignIn implements access.Tx.
func (t *memberTx) EndSignIn(ctx context.Context, id identity.SignInID) (bool, error) {
	current, err := t.Queries.EndSignIn(ctx, id.UUID)
	return current, orNotFound(err, access.ErrNotFound)
}

// accessReader reads a member's own access.
type accessReader struct{ reader }

// SignIns implements access.Queries.
func (r accessReader) SignIns(ctx context.Context, after page.Cursor, n int) ([]access.SignIn, error) {
	before, err := timeOf(after)
	if err != nil {
		return nil, err
	}
	rows, err := r.Queries.SignIns(ctx, before, after.ID, int32(n))
	out := make([]access.SignIn, len(rows))
	for i, row := range rows {
		out[i] = signInOf(row)
	}
	return out, translate(err)
}

// Orgs implements access.Queries.
func (r accessReader) Orgs(ctx context.Context, after string, n int) ([]identity.Membership, error) {
	rows, err := r.OwnOrgs(ctx, after, int32(n))
	out := make([]identity.Membership, len(rows))
	for i, row := range rows {
		out[i] = membership(orgOf(row.ID, row.Slug, row.Name), r.in.User(), row.Role)
	}
	return out, translate(err)
}

func signInOf(row orgdb.SignInsRow) access.SignIn {
	return access.SignIn{
		ID: identity.SignInID{UUID: row.PublicID}, From: identity.Client{Address: row.Address, Browser: row.Browser},
		Created: row.CreatedAt, Ends: row.EndsAt, Current: row.IsCurrent,
	}
}

// Account acts on a user's sign-ins in all organisations. It implements access.Account.
type Account struct{ q *sysdb.Queries }

// Account returns the functions of the login role that act for a user who has signed in.
func (d *DB) Account() Account { return Account{sysdb.New(d.login)} }

// PasswordOf implements access.Account.
func (a Account) PasswordOf(ctx context.Context, who org.Scope) (string, error) {
	hash, err := a.q.PasswordOf(ctx, sysdb.PasswordOfParams{
		OrgID: who.Org().UUID, UserID: who.User().UUID, Role: string(who.Role()), CredentialID: who.Credential().UUID,
	})
	return hash, translate(err)
}

// ChangePassword implements access.Account.
func (a Account) ChangePassword(ctx context.Context, who org.Scope, verified, hash string) error {
	changed, err := a.q.ChangePassword(ctx, sysdb.ChangePasswordParams{
		OrgID: who.Org().UUID, UserID: who.User().UUID, Role: string(who.Role()), CredentialID: who.Credential().UUID,
		Verified: verified, PasswordHash: hash,
	})
	if err == nil && !changed {
		return access.ErrWrongPassword
	}
	return translate(err)
}

// SwitchOrg implements access.Account.
func (a Account) SwitchOrg(
	ctx context.Context, who org.Scope, slug string, c identity.NewCredential,
) (identity.SignIn, error) {
	r, err := a.q.SwitchOrg(ctx, sysdb.SwitchOrgParams{
		OrgID: who.Org().UUID, UserID: who.User().UUID, Role: string(who.Role()), CredentialID: who.Credential().UUID,
		Slug: slug, NewCredentialID: c.ID.UUID, SecretHash: c.Hash[:], Address: c.From.Address, Browser: c.From.Browser,
	})
	return identity.SignIn{
		Membership: membership(orgOf(r.OrgID, slug, r.Name), who.User(), r.Role), Credential: c.ID, EndsAt: r.EndsAt,
	}, orNotFound(err, access.ErrNotYourOrg)
}

// SignOutOthers implements access.Account.
func (a Account) SignOutOthers(ctx context.Context, who org.Scope) error {
	return translate(a.q.SignOutOthers(ctx, sysdb.SignOutOthersParams{
		OrgID: who.Org().UUID, UserID: who.User().UUID, Role: string(who.Role()), CredentialID: who.Credential().UUID,
	}))
}
