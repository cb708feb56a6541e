package dbtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Spec says what a test wants of its organisation. Its zero value is enough for most.
type Spec struct {
	PerOrg, PerUser int64  // the quota of sessions; zero means 10 and 3
	Members         int    // further members, after one of each role
	NoNamespace     bool   // it has no namespace, and so starts no session
	PasswordHash    string // of all members; empty: a hash that no password has
}

// Person is a member with a sign-in that lasts an hour.
type Person struct {
	User       org.UserID
	Email      string
	Role       org.Role
	Credential org.CredentialID
	Secret     secret.Secret
}

// Org is a test's own organisation, made by the operator's functions, as production makes one.
type Org struct {
	ID                           org.ID
	Slug                         string
	Owner, Admin, Member, Viewer Person
	Members                      []Person // further ones
	// Agent serves this organisation alone and has just been heard of.
	Agent       uuid.UUID
	AgentSecret secret.Secret
	AgentEpoch  int64
	// Template is a private one of this organisation, "desk".
	Template uuid.UUID
}

// AgentSlots is how many slots each agent of a test has, unless the test says otherwise: more than its quotas allow.
const AgentSlots = 200

// NewOrg makes an organisation with one member of each role, an agent and a template.
func (d *Database) NewOrg(t testing.TB, s Spec) *Org {
	t.Helper()
	if s.PerOrg == 0 {
		s.PerOrg, s.PerUser = 10, 3
	}
	if s.PasswordHash == "" {
		s.PasswordHash = "none"
	}
	o := &Org{ID: org.ID{UUID: newID()}, Agent: newID(), AgentSecret: secret.New(), Template: newID()}
	o.Slug = "t-" + strings.ReplaceAll(o.ID.String(), "-", "")
	o.make(t, d.Connect(t, "streamspace_operator"), s)
	o.signIn(t, d.Connect(t, "streamspace_login"))
	agent := d.Connect(t, "streamspace_agent")
	hash := o.AgentSecret.Hash()
	err := agent.QueryRow(context.WithoutCancel(t.Context()), "select rls.connect_agent($1, $2, 0, false, $3)",
		o.Agent, hash[:], AgentSlots).Scan(&o.AgentEpoch)
	if err != nil {
		t.Fatalf("connect the agent: %v", err)
	}
	return o
}

func (o *Org) make(t testing.TB, operator *pgx.Conn, s Spec) {
	t.Helper()
	person := func(role org.Role) Person {
		p := Person{User: org.UserID{UUID: newID()}, Role: role}
		p.Email = p.User.String() + "@example.test"
		exec(t, operator, "select rls.create_user('test', $1, $2, $3, $4)",
			p.User.UUID, p.Email, string(role), s.PasswordHash)
		return p
	}
	var namespace *string
	if !s.NoNamespace {
		namespace = &o.Slug
	}
	o.Owner = person(org.RoleOwner)
	exec(t, operator, "select rls.create_org('test', $1, $2, $2, $3, $4, $5, $6)",
		o.ID.UUID, o.Slug, namespace, o.Owner.User.UUID, s.PerOrg, s.PerUser)
	add := func(role org.Role) Person {
		p := person(role)
		exec(t, operator, "select rls.add_member('test', $1, $2, $3)", o.ID.UUID, p.User.UUID, string(role))
		return p
	}
	o.Admin, o.Member, o.Viewer = add(org.RoleAdmin), add(org.RoleMember), add(org.RoleViewer)
	for range s.Members {
		o.Members = append(o.Members, add(org.RoleMember))
	}
	hash := o.AgentSecret.Hash()
	exec(t, operator, "select rls.enrol_agent('test', $1, $2, $3)", o.Agent, o.Slug, hash[:])
	exec(t, operator, "select rls.serve_org('test', $1, $2)", o.Agent, o.ID.UUID)
	exec(t, operator, "select rls.add_template('test', $1, $2, 'desk', 'Desk', '', '{}')", o.ID.UUID, o.Template)
}

func (o *Org) signIn(t testing.TB, login *pgx.Conn) {
	t.Helper()
	for _, p := range o.people() {
		p.Credential, p.Secret = org.CredentialID{UUID: newID()}, secret.New()
		hash := p.Secret.Hash()
		exec(t, login, "select rls.sign_in($1, $2, $3, $4, $5)",
			p.User.UUID, o.ID.UUID, p.Credential.UUID, hash[:], time.Now().Add(time.Hour))
	}
}

func (o *Org) people() []*Person {
	all := []*Person{&o.Owner, &o.Admin, &o.Member, &o.Viewer}
	for i := range o.Members {
		all = append(all, &o.Members[i])
	}
	return all
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func exec(t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.WithoutCancel(t.Context()), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
