package dev

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/org"
	contract "github.com/streamspace-dev/streamspace/ports/runtime"
)

// operator is the operator's name in the audit logs of the demo organisations.
const operator = "dev"

// login has the logins of one organisation, as they are printed.
type login struct {
	org      string
	emails   []string
	password string
}

// demoOrgs are the two demo organisations, each with a private template. There are two, so that one can see that
// neither reaches the other.
var demoOrgs = []struct{ slug, name, template, title string }{
	{"acme", "Acme", "acme-shell", "Acme shell"},
	{"globex", "Globex", "globex-shell", "Globex shell"},
}

// platform has the operators' use cases that the demo needs.
type platform struct {
	orgs      *orgs.Service
	users     *identity.Users
	agents    *agents.Enrolment
	templates *templates.Publisher
}

// demo creates what is missing of the demo organisations, with the operators' use cases. It can be repeated. It writes
// the password's file last: if it fails before, the next start sets the users' passwords again.
func (d *dev) demo(ctx context.Context) ([]login, error) {
	pg, err := postgres.OpenOperator(ctx, d.Server.Database())
	if err != nil {
		return nil, err
	}
	defer pg.Close()
	password, changed, err := d.demoPassword()
	if err != nil {
		return nil, err
	}
	m := maker{
		platform: platform{
			orgs: orgs.NewService(pg), users: identity.NewUsers(pg, identity.NewPasswords(runtime.GOMAXPROCS(0))),
			agents: agents.NewEnrolment(pg), templates: templates.NewPublisher(pg),
		},
		password: password, changed: changed,
	}
	agent, err := d.demoAgent(ctx, m.agents)
	if err != nil {
		return nil, err
	}
	err = m.templates.Publish(ctx, operator, templates.New{
		Name: "terminal", Title: "Terminal", Description: "A Linux desktop with a terminal, without a network.",
		Spec: contract.Spec{Command: shell("Terminal")},
	})
	if err != nil {
		return nil, fmt.Errorf("publish template terminal: %w", err)
	}
	made := demoOrgs
	if d.unconfined != nil {
		made = made[:1]
	}
	var logins []login
	for _, o := range made {
		id, emails, err := m.org(ctx, o.slug, o.name)
		if err != nil {
			return nil, err
		}
		own := templates.New{
			Name: o.template, Title: o.title, Description: "Only " + o.name + " sees this one.",
			Spec: contract.Spec{Command: shell(o.title)},
		}
		err = errors.Join(m.agents.Serve(ctx, operator, agent, id), m.templates.Add(ctx, operator, id, own))
		if err != nil {
			return nil, err
		}
		logins = append(logins, login{o.slug, emails, password})
	}
	return logins, os.WriteFile(d.files.password, []byte(password), 0o600)
}

// shell is the command of a terminal that fills the desktop, in a readable font.
func shell(title string) []string {
	return []string{
		"xterm", "-maximized", "-title", title, "-fa", "DejaVu Sans Mono", "-fs", "12", "-bg", "#11151c", "-fg", "#e6e9ef",
	}
}

// maker creates an organisation with one member of each role.
type maker struct {
	platform

	password string
	changed  bool // the password differs from the one at the previous start
}

// org creates what is missing of an organisation, and returns its id and its members' addresses. Adding a member again
// changes nothing.
func (m maker) org(ctx context.Context, slug, name string) (org.ID, []string, error) {
	users := map[org.Role]org.UserID{}
	var emails []string
	for _, role := range org.Roles() {
		email := fmt.Sprintf("%s@%s.test", role, slug)
		id, err := m.user(ctx, email, strings.ToUpper(string(role[:1]))+string(role[1:])+" at "+name)
		if err != nil {
			return org.ID{}, nil, err
		}
		users[role], emails = id, append(emails, email)
	}
	id, err := m.orgs.BySlug(ctx, slug)
	if errors.Is(err, orgs.ErrNotFound) {
		id, err = m.orgs.Create(ctx, operator, orgs.New{
			Slug: slug, Name: name, Namespace: "org-" + slug, Owner: users[org.RoleOwner],
			Sessions: orgs.Quota{PerOrg: 10, PerUser: 3},
		})
	}
	if err != nil {
		return org.ID{}, nil, fmt.Errorf("create organisation %s: %w", slug, err)
	}
	for role, user := range users {
		if err := m.orgs.AddMember(ctx, operator, id, orgs.Member{User: user, Role: role}); err != nil {
			return org.ID{}, nil, fmt.Errorf("add the %s of %s: %w", role, slug, err)
		}
	}
	return id, emails, nil
}

// user returns the user with this address, or creates them. All demo users have the same password. It is set only if it
// has changed, because each hash takes 20 ms.
func (m maker) user(ctx context.Context, email, name string) (org.UserID, error) {
	id, err := m.users.ByEmail(ctx, email)
	if errors.Is(err, identity.ErrUserNotFound) {
		return m.users.Create(ctx, operator, identity.NewUser{Email: email, Name: name, Password: m.password})
	}
	if err == nil && m.changed {
		err = m.users.SetPassword(ctx, operator, id, m.password)
	}
	return id, err
}

// demoAgent enrols the local agent at the first start, and stores its credential in a file that only this user can
// read. The name has a random part, because a lost file needs another agent, and names are unique.
func (d *dev) demoAgent(ctx context.Context, enrolment *agents.Enrolment) (agents.ID, error) {
	b, err := os.ReadFile(d.files.credential)
	if err == nil {
		known, _, _ := strings.Cut(string(b), ".")
		id, err := uuid.Parse(known)
		return agents.ID{UUID: id}, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return agents.ID{}, fmt.Errorf("read the agent's credential: %w", err)
	}
	id, key, err := enrolment.Enrol(ctx, operator, "local "+uuid.NewString())
	if err != nil {
		return agents.ID{}, fmt.Errorf("enrol the local agent: %w", err)
	}
	if err := os.WriteFile(d.files.credential, []byte(id.String()+"."+key.Reveal()+"\n"), 0o600); err != nil {
		return agents.ID{}, fmt.Errorf("keep the agent's credential: %w", err)
	}
	return id, nil
}

// demoPassword returns the given password, the previous one, or a new one, and whether it differs from the previous
// one.
func (d *dev) demoPassword() (password string, changed bool, err error) {
	b, err := os.ReadFile(d.files.password)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("read the demo password: %w", err)
	}
	made := strings.ToLower(rand.Text())[:16]
	password = cmp.Or(d.Password, string(b), made)
	return password, password != string(b), nil
}
