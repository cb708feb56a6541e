package server_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/smtp/smtptest"
	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// verified makes a member of two organisations whose mailbox is known to be theirs, by invitations that were mailed.
func (g guests) verified(mail *smtptest.Server, in ...*dbtest.Org) (email string) {
	g.t.Helper()
	email = address()
	for _, o := range in {
		var i invited
		g.want("invite", "201", g.post("invitations", g.Bearer(g.t, o.Admin),
			map[string]any{"email": email, "role": "member"}, &i))
		m := mail.Next(g.t)
		if i.Link != "" || !i.ByMail || len(m.To) != 1 || m.To[0] != email || !strings.Contains(m.Subject, o.Slug) {
			g.t.Errorf("the admin was answered %+v, %s got %q", i, m.To, m.Subject)
		}
		g.want("accept", "204", g.post("invitations/accept", "",
			accept(secretOf(g.t, m.Body, "/invitation#"), email, "Ada"), nil))
	}
	return email
}

func TestAForgottenPasswordIsReplacedByMail(t *testing.T) {
	t.Parallel()
	mail := smtptest.Start(t, smtptest.Config{})
	g := newGuests(t, mail)
	orgs := []*dbtest.Org{g.NewOrg(t, dbtest.Spec{}), g.NewOrg(t, dbtest.Spec{})}
	email := g.verified(mail, orgs...)
	var before []string
	for _, o := range orgs {
		var tokens struct {
			Refresh string `json:"refresh_token"`
		}
		g.want("sign in", "200", g.post("auth/login", "",
			map[string]any{"email": email, "password": servertest.Password, "org": o.Slug}, &tokens))
		before = append(before, tokens.Refresh)
	}

	forget := func(email string) {
		g.want("forget", "204", g.post("auth/forgot", "", map[string]any{"email": email}, nil))
	}
	// An unknown address, and one that is not known to be its user's, are answered alike and get nothing. They are handled
	// in order, so that the mail which arrives first says so.
	forget(address())
	forget(orgs[0].Member.Email)
	forget(strings.ToUpper(email))
	m := mail.Next(t)
	if len(m.To) != 1 || m.To[0] != email {
		t.Fatalf("a link went to %s", m.To)
	}
	old := secretOf(t, m.Body, "/new-password#")
	forget(email)
	link := secretOf(t, mail.Next(t).Body, "/new-password#")
	mail.None(t)

	reset := func(key, password string) string {
		return g.post("auth/reset", "", map[string]any{"secret": key, "password": password}, nil)
	}
	g.want("a replaced link", "403 reset_link_invalid", reset(old, "new"))
	g.want("a guess", "403 reset_link_invalid", reset("guess", "new"))
	answers := make(chan string, 4)
	var wait sync.WaitGroup
	for range cap(answers) {
		wait.Go(func() { answers <- reset(link, "new") })
	}
	wait.Wait()
	close(answers)
	used := 0
	for a := range answers {
		if a == "204" {
			used++
		} else {
			g.want("a used link", "403 reset_link_invalid", a)
		}
	}
	if used != 1 {
		t.Errorf("the link was used %d times", used)
	}
	g.want("the old password", "401 invalid_credentials", g.signIn(email, servertest.Password, orgs[0]))
	for i, o := range orgs {
		g.want("an old sign-in", "401 signed_out",
			g.post("auth/refresh", "", map[string]any{"refresh_token": before[i]}, nil))
		g.want("the new password", "200", g.signIn(email, "new", o))
	}
	var entries int
	if err := database.Superuser(t).QueryRow(t.Context(), `select count(*) from app.audit_log l join app.users u
		on l.subject = u.id::text and l.actor = 'user:' || u.id where l.action = 'password.reset' and u.email = $1`, email).
		Scan(&entries); err != nil || entries != len(orgs) {
		t.Errorf("audited %d times, %v", entries, err)
	}
}

// A mail that cannot be sent is told to the inviting admin, and another try replaces the invitation.
func TestMailThatIsNotSentCanBeSentAgain(t *testing.T) {
	t.Parallel()
	mail := smtptest.Start(t, smtptest.Config{})
	g := newGuests(t, mail)
	o := g.NewOrg(t, dbtest.Spec{})
	admin := g.Bearer(t, o.Admin)
	for range 2 {
		g.want("invite", "503 mail_not_sent", g.post("invitations", admin,
			map[string]any{"email": "refused@" + o.Slug + ".test", "role": "member"}, nil))
	}
	if list := g.list(admin); len(list) != 1 {
		t.Errorf("%d invitations of one address", len(list))
	}
}

// Without mail the answer is the same, and no one gets a link.
func TestWithoutMailNoOneGetsALink(t *testing.T) {
	t.Parallel()
	g := newGuests(t, nil)
	o := g.NewOrg(t, dbtest.Spec{})
	super := database.Superuser(t)
	if _, err := super.Exec(t.Context(), "update app.users set verified_at = now() where id = $1",
		o.Member.User.UUID); err != nil {
		t.Fatal(err)
	}
	g.want("forget", "204", g.post("auth/forgot", "", map[string]any{"email": o.Member.Email}, nil))
	g.want("no address", "400 invalid_body", g.post("auth/forgot", "", map[string]any{"email": "nobody"}, nil))
	var links int
	if err := super.QueryRow(t.Context(), "select count(*) from app.password_resets where user_id = $1",
		o.Member.User.UUID).Scan(&links); err != nil || links != 0 {
		t.Errorf("%d links, %v", links, err)
	}
}
