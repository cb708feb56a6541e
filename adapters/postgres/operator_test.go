package postgres

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// platform is the operators' use cases over a database.
type platform struct {
	orgs      *orgs.Service
	users     *identity.Users
	agents    *agents.Enrolment
	templates *templates.Publisher
}

func newPlatform(t *testing.T) platform {
	t.Helper()
	o, err := OpenOperator(t.Context(), Config{URL: database.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return platform{
		orgs.NewService(o), identity.NewUsers(o, identity.NewPasswords(1)), agents.NewEnrolment(o), templates.NewPublisher(o),
	}
}

// label is a name that no other test has.
func label() string { return "t-" + uuid.NewString() }

func newUser() identity.NewUser {
	return identity.NewUser{Email: label() + "@example.test", Name: "A user", Password: "right"}
}

// TestOperatorsCreateAnOrganisation walks the way of a new organisation until a member of it has signed in.
func TestOperatorsCreateAnOrganisation(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPlatform(t)
	owner, second := newUser(), newUser()
	owner.Email = strings.ToUpper(owner.Email)
	ownerID, err := p.users.Create(ctx, "test", owner)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := p.users.ByEmail(ctx, owner.Email); err != nil || found != ownerID {
		t.Errorf("found %s, want %s: %v", found, ownerID, err)
	}
	secondID, err := p.users.Create(ctx, "test", second)
	if err != nil {
		t.Fatal(err)
	}
	slug := label()
	id, err := p.orgs.Create(ctx, "test", orgs.New{
		Slug: slug, Name: "An organisation", Namespace: slug, Owner: ownerID, Sessions: orgs.Quota{PerOrg: 1, PerUser: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := p.orgs.BySlug(ctx, slug); err != nil || found != id {
		t.Errorf("found %s, want %s: %v", found, id, err)
	}
	agent, _, err := p.agents.Enrol(ctx, "test", label())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a repeated call changes nothing
		if err := errors.Join(
			p.orgs.AddMember(ctx, "test", id, orgs.Member{User: secondID, Role: org.RoleViewer}),
			p.agents.Serve(ctx, "test", agent, id),
			p.templates.Add(ctx, "test", id, templates.New{Name: "desk", Title: "Desk"}),
			p.users.SetPassword(ctx, "test", secondID, "another"),
		); err != nil {
			t.Fatal(err)
		}
	}
	s := identity.NewService(identity.Config{
		Directory: open.Directory(), InOrg: open.Identity(), Read: open.IdentityReads(), Passwords: identity.NewPasswords(1),
	})
	in, _, err := s.LogIn(ctx, identity.LogIn{Email: second.Email, Password: "another", Org: slug})
	if err != nil || in.Role != org.RoleViewer || in.Org.ID != id {
		t.Errorf("signed in as %+v: %v", in, err)
	}
}

// TestOperatorsAreToldWhatIsWrong gives each use case what it must refuse, as itself or by the database.
func TestOperatorsAreToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	ctx, p, o := t.Context(), newPlatform(t), database.NewOrg(t, dbtest.Spec{})
	user := func(change func(*identity.NewUser)) error {
		n := newUser()
		change(&n)
		_, err := p.users.Create(ctx, "test", n)
		return err
	}
	organisation := func(change func(*orgs.New)) error {
		n := orgs.New{
			Slug: label(), Name: "Name", Owner: o.Owner.User, Sessions: orgs.Quota{PerOrg: 1, PerUser: 1},
		}
		change(&n)
		_, err := p.orgs.Create(ctx, "test", n)
		return err
	}
	template := func(change func(*templates.New)) error {
		n := templates.New{Name: label(), Title: "Title"}
		change(&n)
		return errors.Join(p.templates.Add(ctx, "test", o.ID, n), p.templates.Publish(ctx, "test", n))
	}
	enrol := func(name string) error { _, _, err := p.agents.Enrol(ctx, "test", name); return err }
	member := func(in org.ID, user org.UserID, role org.Role) error {
		return p.orgs.AddMember(ctx, "test", in, orgs.Member{User: user, Role: role})
	}
	serve := func(agent uuid.UUID, in org.ID) error {
		return p.agents.Serve(ctx, "test", agents.ID{UUID: agent}, in)
	}
	nobody, nowhere := org.UserID{UUID: uuid.New()}, org.ID{UUID: uuid.New()}
	for name, c := range map[string]struct {
		err   error
		want  *fault.Fault
		field string // of invalid input
	}{
		"an address without a host": {user(func(n *identity.NewUser) { n.Email = "someone" }), input.ErrInvalid, "email"},
		"two at signs":              {user(func(n *identity.NewUser) { n.Email = "a@b@c" }), input.ErrInvalid, "email"},
		"too long an address": {user(func(n *identity.NewUser) {
			n.Email = strings.Repeat("a", 254) + "@b"
		}), input.ErrInvalid, "email"},
		"a user without a name": {user(func(n *identity.NewUser) { n.Name = "" }), input.ErrInvalid, "name"},
		"no password":           {user(func(n *identity.NewUser) { n.Password = "" }), input.ErrInvalid, "password"},
		"too long a password": {user(func(n *identity.NewUser) {
			n.Password = strings.Repeat("x", identity.MaxPassword+1)
		}), input.ErrInvalid, "password"},
		"a new password that is empty": {p.users.SetPassword(ctx, "test", o.Owner.User, ""), input.ErrInvalid, "password"},
		"an address that is taken": {user(func(n *identity.NewUser) { n.Email = o.Owner.Email }),
			identity.ErrEmailTaken, ""},
		"an unknown address": {second(p.users.ByEmail(ctx, "nobody@example.test")), identity.ErrUserNotFound, ""},

		"a slug with a space":     {organisation(func(n *orgs.New) { n.Slug = "a b" }), input.ErrInvalid, "slug"},
		"no name":                 {organisation(func(n *orgs.New) { n.Name = "" }), input.ErrInvalid, "name"},
		"an upper case namespace": {organisation(func(n *orgs.New) { n.Namespace = "A" }), input.ErrInvalid, "namespace"},
		"no owner":                {organisation(func(n *orgs.New) { n.Owner = org.UserID{} }), input.ErrInvalid, "owner"},
		"no quota": {organisation(func(n *orgs.New) { n.Sessions.PerOrg = 0 }), input.ErrInvalid,
			"sessions_per_org"},
		"no quota for a user": {organisation(func(n *orgs.New) { n.Sessions.PerUser = 0 }), input.ErrInvalid,
			"sessions_per_user"},
		"an unknown owner":          {organisation(func(n *orgs.New) { n.Owner = nobody }), identity.ErrUserNotFound, ""},
		"a slug that is taken":      {organisation(func(n *orgs.New) { n.Slug = o.Slug }), orgs.ErrSlugTaken, ""},
		"a namespace that is taken": {organisation(func(n *orgs.New) { n.Namespace = o.Slug }), orgs.ErrNamespaceTaken, ""},
		"an unknown slug":           {second(p.orgs.BySlug(ctx, label())), orgs.ErrNotFound, ""},
		"an unknown role":           {member(o.ID, o.Owner.User, "king"), input.ErrInvalid, "role"},
		"an unknown member":         {member(o.ID, nobody, org.RoleMember), identity.ErrUserNotFound, ""},
		"no operator": {p.orgs.AddMember(ctx, "", o.ID, orgs.Member{User: nobody, Role: org.RoleMember}),
			input.ErrInvalid, "operator"},
		"a member of no organisation": {member(nowhere, o.Owner.User, org.RoleMember), orgs.ErrNotFound, ""},

		"an agent without a name":       {enrol(""), input.ErrInvalid, "name"},
		"an agent's name that is taken": {enrol(o.Slug), agents.ErrNameTaken, ""},
		"an unknown agent":              {serve(uuid.New(), o.ID), agents.ErrNotFound, ""},
		"an agent of no organisation":   {serve(o.Agent, nowhere), orgs.ErrNotFound, ""},

		"a template's name with a space": {template(func(n *templates.New) { n.Name = "a b" }), input.ErrInvalid, "name"},
		"no title":                       {template(func(n *templates.New) { n.Title = "" }), input.ErrInvalid, "title"},
		"a long description": {template(func(n *templates.New) { n.Description = strings.Repeat("x", 1001) }),
			input.ErrInvalid, "description"},
		"too wide a display": {template(func(n *templates.New) { n.Spec.Width = runtime.MaxSide + 1 }),
			input.ErrInvalid, "spec.width"},
		"too long a command": {template(func(n *templates.New) {
			n.Spec.Command = slices.Repeat([]string{strings.Repeat("x", link.MaxSpec/5)}, 5) // and their quotes
		}), input.ErrInvalid, "spec"},
		"a template of no organisation": {p.templates.Add(ctx, "test", nowhere, templates.New{Name: "desk", Title: "Desk"}),
			orgs.ErrNotFound, ""},
	} {
		if !errors.Is(c.err, c.want) || c.field != "" && fault.Of(c.err).Details["field"] != c.field {
			t.Errorf("%s: %v, want %s %s", name, c.err, c.want.Code, c.field)
		}
	}
}

func second[T any](_ T, err error) error { return err }
