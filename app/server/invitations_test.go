package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/adapters/smtp/smtptest"
	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// guests is a control plane without rate limits, and what its tests send.
type guests struct {
	*servertest.Server
	t *testing.T
}

// newGuests starts a control plane. Without a mail server it gives links to the inviting admin.
func newGuests(t *testing.T, mail *smtptest.Server) guests {
	t.Helper()
	c := servertest.Config{Unlimited: true}
	if mail != nil {
		c.SMTP = mail.URL()
	}
	s, err := servertest.Start(t.Context(), database, c)
	if err != nil {
		t.Fatal(err)
	}
	return guests{s, t}
}

// post sends a request and returns "status code" of the answer.
func (g guests) post(path, bearer string, body map[string]any, out any) string {
	g.t.Helper()
	return g.ask(servertest.Request{Method: http.MethodPost, Path: "/api/v1/" + path, Bearer: bearer, Body: body}, out)
}

func (g guests) ask(q servertest.Request, out any) string {
	g.t.Helper()
	status, problem := g.Try(g.t, q, out)
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, problem))
}

// want fails if an answer is another one.
func (g guests) want(what, want, got string) {
	g.t.Helper()
	if got != want {
		g.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

type invited struct {
	ID     uuid.UUID
	Email  string
	Link   string
	ByMail bool `json:"by_mail"`
}

// invite invites an address and returns the secret of the link.
func (g guests) invite(bearer, email, role string) string {
	g.t.Helper()
	var i invited
	g.want("invite", "201", g.post("invitations", bearer, map[string]any{"email": email, "role": role}, &i))
	return secretOf(g.t, i.Link, "/invitation#")
}

// list returns the open invitations that a caller sees.
func (g guests) list(bearer string) []invited {
	g.t.Helper()
	var page struct{ Items []invited }
	q := servertest.Request{Method: http.MethodGet, Path: "/api/v1/invitations", Bearer: bearer}
	g.want("list", "200", g.ask(q, &page))
	return page.Items
}

// secretOf is what stands after the # of a link.
func secretOf(t *testing.T, text, path string) string {
	t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta("http://localhost"+path) + `([\w-]{43})(\s|$)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no link in %q", text)
	}
	return found[1]
}

func accept(secret, email, name string) map[string]any {
	body := map[string]any{"secret": secret, "email": email, "password": servertest.Password}
	if name != "" {
		body["name"] = name
	}
	return body
}

func address() string { return uuid.NewString() + "@example.test" }

// signIn returns the answer to signing in to an organisation.
func (g guests) signIn(email, password string, o *dbtest.Org) string {
	g.t.Helper()
	return g.post("auth/login", "", map[string]any{"email": email, "password": password, "org": o.Slug}, nil)
}

func TestAnInvitationMakesAnAccountAndAMember(t *testing.T) {
	t.Parallel()
	g := newGuests(t, nil)
	o := g.NewOrg(t, dbtest.Spec{})
	admin, email := g.Bearer(t, o.Admin), address()
	key := g.invite(admin, strings.ToUpper(email), "member")

	var offer struct {
		Org, Slug, Email, Role string
		HasAccount             bool `json:"has_account"`
	}
	g.want("look", "200", g.post("invitations/look", "", map[string]any{"secret": key}, &offer))
	if offer.Slug != o.Slug || offer.Email != email || offer.Role != "member" || offer.HasAccount {
		t.Errorf("it is shown as %+v", offer)
	}
	g.want("without a name", "400 invalid_input", g.post("invitations/accept", "",
		map[string]any{"secret": key, "email": email, "password": "p"}, nil))
	g.want("another address", "403 invitation_for_another_address", g.post("invitations/accept", "",
		accept(key, address(), "Ada"), nil))
	g.want("accept", "204", g.post("invitations/accept", "", accept(key, email, "Ada"), nil))
	g.want("again", "403 invitation_invalid", g.post("invitations/accept", "", accept(key, email, "Ada"), nil))
	g.want("look again", "403 invitation_invalid", g.post("invitations/look", "", map[string]any{"secret": key}, nil))
	g.want("sign in", "200", g.signIn(email, servertest.Password, o))
	g.want("invite a member", "409 already_member", g.post("invitations", admin,
		map[string]any{"email": email, "role": "member"}, nil))

	var verified, audited bool
	err := database.Superuser(t).QueryRow(t.Context(), `select u.verified_at is not null, exists (
		  select from app.audit_log l where l.org_id = $2 and l.action = 'member.join' and l.subject = u.id::text
		     and l.actor = 'user:' || u.id)
		from app.users u where u.email = $1`, email, o.ID.UUID).Scan(&verified, &audited)
	if err != nil || verified || !audited {
		t.Errorf("verified %v by a link that an admin had, audited %v, %v", verified, audited, err)
	}
}

// Inviting a known and an unknown address is answered alike.
func TestAnAccountAcceptsWithItsOwnPassword(t *testing.T) {
	t.Parallel()
	g := newGuests(t, nil)
	o, other := g.NewOrg(t, dbtest.Spec{}), g.NewOrg(t, dbtest.Spec{})
	admin, email := g.Bearer(t, o.Admin), other.Member.Email
	keys := []string{g.invite(admin, email, "viewer"), g.invite(admin, email, "viewer")}
	g.want("a replaced one", "403 invitation_invalid", g.post("invitations/accept", "", accept(keys[0], email, ""), nil))
	wrong := accept(keys[1], email, "Eve")
	wrong["password"] = "what an admin would choose"
	g.want("another password", "401 invalid_credentials", g.post("invitations/accept", "", wrong, nil))
	g.want("before", "401 invalid_credentials", g.signIn(email, servertest.Password, o))
	g.want("accept", "204", g.post("invitations/accept", "", accept(keys[1], email, ""), nil))
	g.want("sign in", "200", g.signIn(email, servertest.Password, o))
	g.want("sign in to the other", "200", g.signIn(email, servertest.Password, other))

	// Someone who holds another person's link and has an account of their own.
	key := g.invite(admin, address(), "admin")
	g.want("another address", "403 invitation_for_another_address", g.post("invitations/accept", "",
		accept(key, other.Owner.Email, ""), nil))
}

func TestOfTwoWhoAcceptAtOnceOneWins(t *testing.T) {
	t.Parallel()
	g := newGuests(t, nil)
	o := g.NewOrg(t, dbtest.Spec{})
	admin := g.Bearer(t, o.Admin)
	for range 10 {
		email := address()
		key := g.invite(admin, email, "member")
		var wait sync.WaitGroup
		answers := make([]string, 4)
		for i := range answers {
			wait.Go(func() { answers[i] = g.post("invitations/accept", "", accept(key, email, "Ada"), nil) })
		}
		wait.Wait()
		slices.Sort(answers)
		if lost := "403 invitation_invalid"; !slices.Equal(answers, []string{"204", lost, lost, lost}) {
			t.Errorf("answered %q", answers)
		}
	}
}

func TestWhoMayInviteWhom(t *testing.T) {
	t.Parallel()
	g := newGuests(t, nil)
	o, other := g.NewOrg(t, dbtest.Spec{}), g.NewOrg(t, dbtest.Spec{})
	owner, admin, member := g.Bearer(t, o.Owner), g.Bearer(t, o.Admin), g.Bearer(t, o.Member)
	of := func(email, role string) map[string]any { return map[string]any{"email": email, "role": role} }
	g.want("a member", "403 forbidden", g.post("invitations", member, of(address(), "viewer"), nil))
	g.want("an admin, an owner", "403 owners_invite_owners", g.post("invitations", admin, of(address(), "owner"), nil))
	g.want("no address", "400 invalid_body", g.post("invitations", admin, of("nobody", "viewer"), nil))

	email := address()
	key := g.invite(owner, email, "owner")
	g.want("an admin, in an owner's place", "403 owners_invite_owners",
		g.post("invitations", admin, of(email, "viewer"), nil))
	list := g.list(admin)
	if len(list) != 1 || list[0].Email != email || list[0].Link != "" {
		t.Fatalf("listed %+v", list)
	}
	revoke := func(bearer string) string {
		path := "/api/v1/invitations/" + list[0].ID.String()
		return g.ask(servertest.Request{Method: http.MethodDelete, Path: path, Bearer: bearer}, nil)
	}
	g.want("revoke as an admin", "403 owners_invite_owners", revoke(admin))
	g.want("revoke from outside", "403 other_org", revoke(g.Bearer(t, other.Owner)))
	g.want("revoke", "204", revoke(owner))
	g.want("revoke again", "404 invitation_not_found", revoke(owner))
	g.want("accept a revoked one", "403 invitation_invalid",
		g.post("invitations/accept", "", accept(key, email, "Ada"), nil))
}

func TestAnInvitationEndsWithItsOrganisationAndItsInviter(t *testing.T) {
	t.Parallel()
	g := newGuests(t, nil)
	o, closed := g.NewOrg(t, dbtest.Spec{}), g.NewOrg(t, dbtest.Spec{})
	operator, err := postgres.OpenOperator(t.Context(), postgres.Config{URL: database.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(operator.Close)
	email := address()
	key := g.invite(g.Bearer(t, closed.Owner), email, "member")
	if err := operator.SuspendOrg(t.Context(), "test", closed.ID, true); err != nil {
		t.Fatal(err)
	}
	g.want("of a suspended organisation", "403 invitation_invalid",
		g.post("invitations/accept", "", accept(key, email, "Ada"), nil))
	g.want("look at it", "403 invitation_invalid", g.post("invitations/look", "", map[string]any{"secret": key}, nil))

	key = g.invite(g.Bearer(t, o.Admin), email, "member")
	super := database.Superuser(t)
	if _, err := super.Exec(t.Context(), "update app.memberships set role = 'member' where user_id = $1",
		o.Admin.User.UUID); err != nil {
		t.Fatal(err)
	}
	g.want("of an admin who is none any more", "403 invitation_invalid",
		g.post("invitations/accept", "", accept(key, email, "Ada"), nil))
}
