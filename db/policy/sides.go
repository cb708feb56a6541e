package policy

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// side is one of the two organisations.
type side struct {
	org, agent, session uuid.UUID
	slug                string // and whatever else must be no name of the other's
	members             []person
	epoch               int64
}

// person is a member with a sign-in.
type person struct {
	role             string
	user, credential uuid.UUID
}

// The statements by which somebody enters. They name nothing but ids and words of this package.
func (s side) enter(p person, role string) string {
	return fmt.Sprintf("select rls.enter('%s', '%s', '%s', '%s', false)", s.org, p.user, role, p.credential)
}
func (s side) enterService() string {
	return fmt.Sprintf("select rls.enter_service('%s', 'audit')", s.org)
}
func (s side) enterReport(session uuid.UUID) string {
	return fmt.Sprintf("select rls.enter_report('%s', %d, '%s')", s.agent, s.epoch, session)
}

func (s side) signIn(p person) string {
	return fmt.Sprintf(`select rls.sign_in('%s', '%s', '%s', '\x00', now() + interval '1 h')`, p.user, s.org, uuid.New())
}

// member finds the one with a role.
func (s side) member(role string) person {
	for _, p := range s.members {
		if p.role == role {
			return p
		}
	}
	return person{}
}

func (s side) users() string {
	var ids []string
	for _, p := range s.members {
		ids = append(ids, "'"+p.user.String()+"'")
	}
	return strings.Join(ids, ", ")
}

// arrange makes the two organisations with a row in every table, as production makes them, and reads what there is to
// reach.
func (t *trial) arrange(ctx context.Context) error {
	for _, s := range []*side{&t.ours, &t.theirs} {
		if err := t.found(ctx, s); err != nil {
			return err
		}
		if err := t.signIn(ctx, s); err != nil {
			return err
		}
		if err := t.work(ctx, s); err != nil {
			return err
		}
	}
	return t.readTables(ctx)
}

// found is the operator's part.
func (t *trial) found(ctx context.Context, s *side) error {
	*s = side{org: uuid.New(), agent: uuid.New(), session: uuid.New()}
	s.slug = "audit-" + strings.ReplaceAll(s.org.String(), "-", "")
	for _, role := range []string{"owner", "admin", "member", "viewer"} {
		p := person{role: role, user: uuid.New(), credential: uuid.New()}
		s.members = append(s.members, p)
		if err := t.as(ctx, "streamspace_operator", "select rls.create_user($1, $2, 'Audit', 'none')",
			p.user, p.user.String()+"@audit.invalid"); err != nil {
			return err
		}
		var err error
		if role == "owner" {
			err = t.as(ctx, "streamspace_operator", "select rls.create_org('audit', $1, $2, 'Audit', $2, $3, 10, 10)",
				s.org, s.slug, p.user)
		} else {
			err = t.as(ctx, "streamspace_operator", "select rls.add_member('audit', $1, $2, $3)", s.org, p.user, role)
		}
		if err != nil {
			return err
		}
	}
	hash := secretHash(s.agent)
	if err := t.as(ctx, "streamspace_operator", "select rls.enrol_agent($1, $2, $3)", s.agent, s.slug, hash); err != nil {
		return err
	}
	if err := t.as(ctx, "streamspace_operator", "select rls.serve_org('audit', $1, $2)", s.agent, s.org); err != nil {
		return err
	}
	return t.as(ctx, "streamspace_operator", "select rls.add_template('audit', $1, $2, $3, 'Audit', '', '{}')",
		s.org, uuid.New(), s.slug)
}

// signIn is the login role's part, and the agent's.
func (t *trial) signIn(ctx context.Context, s *side) error {
	for _, p := range s.members {
		if err := t.as(ctx, "streamspace_login", "select rls.sign_in($1, $2, $3, $4, $5)",
			p.user, s.org, p.credential, secretHash(p.credential), t.live); err != nil {
			return err
		}
	}
	if err := t.become(ctx, "streamspace_agent"); err != nil {
		return err
	}
	err := t.tx.QueryRow(ctx, "select rls.connect_agent($1, $2, 0, false)", s.agent, secretHash(s.agent)).Scan(&s.epoch)
	if err != nil {
		return fmt.Errorf("connect an agent: %w", err)
	}
	return nil
}

// work is a member's part: a session, a ticket to it, an event and an audit entry.
func (t *trial) work(ctx context.Context, s *side) error {
	member := s.member("member")
	if err := t.as(ctx, "streamspace_app", s.enter(member, member.role)); err != nil {
		return err
	}
	for _, work := range []struct {
		statement string
		args      []any
	}{
		{"insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec, agent_id) " +
			"values ($1, $2, $4, $1, $4, 'Audit', '{}', $3)", []any{s.session, member.user, s.agent, s.slug}},
		{"insert into app.tickets (id, session_id, secret_hash) values ($1, $2, $3)",
			[]any{uuid.New(), s.session, secretHash(s.session)}},
		{"insert into app.events (type, subject_id, data) values ('audit', $1, '{}')", []any{s.session}},
		{"insert into app.audit_log (action, subject) values ('audit', $1)", []any{s.session.String()}},
	} {
		if _, err := t.tx.Exec(ctx, work.statement, work.args...); err != nil {
			return fmt.Errorf("work as a member: %w", err)
		}
	}
	return t.become(ctx, "none")
}

// as runs a statement as a role that has entered nothing.
func (t *trial) as(ctx context.Context, role, statement string, args ...any) error {
	if err := t.become(ctx, role); err != nil {
		return err
	}
	if _, err := t.tx.Exec(ctx, statement, args...); err != nil {
		return fmt.Errorf("as %s: %w", role, err)
	}
	return nil
}

// become takes a role and leaves the organisation that was entered, which only a savepoint could do otherwise.
func (t *trial) become(ctx context.Context, role string) error {
	statement := "set local role " + role
	for _, name := range []string{
		"org_id", "user_id", "role", "credential_id", "agent_id", "agent_epoch", "session_id", "service", "operator",
	} {
		statement += "; set local app." + name + " = ''"
	}
	if _, err := t.tx.Exec(ctx, statement); err != nil {
		return fmt.Errorf("become %s: %w", role, err)
	}
	return nil
}

// secretHash is the hash of a secret that nobody needs to know.
func secretHash(of uuid.UUID) []byte {
	sum := sha256.Sum256(append([]byte("audit"), of[:]...))
	return sum[:]
}
