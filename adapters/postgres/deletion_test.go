package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/postgres/internal/orgdb"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// The deletion test. No query names an organisation (tools/sqllint looks), so that every one of them is what a query
// would be whose author forgot to. Here each is asked, by whoever may, with every id that the other organisation has:
// nothing of the other's comes back and nothing of the other's changes.

// planted is an organisation with rows to find.
type planted struct {
	*dbtest.Org
	sessions   []uuid.UUID
	invitation uuid.UUID
	signIn     uuid.UUID // the public id of another sign-in of the member
}

func plant(t *testing.T, d *dbtest.Database) planted {
	t.Helper()
	p := planted{Org: d.NewOrg(t, dbtest.Spec{}), invitation: uuid.Must(uuid.NewV7())}
	p.grantThatHasEnded(t, d)
	err := inside(t.Context(), d.Connect(t, roleApp), p.doors(p.Owner)[0], func(q *orgdb.Queries) error {
		_, err := q.InsertInvitation(t.Context(), orgdb.InsertInvitationParams{
			ID: p.invitation, Email: p.Slug + "@example.test", Role: "viewer", SecretHash: p.invitation[:],
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.signIn = p.anotherSignIn(t, d)
	for _, who := range []dbtest.Person{p.Member, p.Admin} {
		id := uuid.Must(uuid.NewV7())
		p.sessions = append(p.sessions, id)
		err := inside(t.Context(), d.Connect(t, roleApp), p.doors(who)[0], func(q *orgdb.Queries) error {
			s := orgdb.InsertSessionParams{ID: id, OwnerID: who.User.UUID, Name: p.Slug, Spec: []byte(`{}`),
				TemplateID: p.Template, TemplateName: "desk", TemplateTitle: "Desk",
				AgentID: uuid.NullUUID{UUID: p.Agent, Valid: true}}
			return errors.Join(q.InsertSession(t.Context(), s), q.InsertTicket(t.Context(), uuid.New(), id, id[:]),
				q.AppendEvent(t.Context(), "session.created", id, []byte(`{}`)),
				q.RecordAudit(t.Context(), "session.create", p.Slug))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// anotherSignIn makes one of the member's, which can be ended, and returns its public id.
func (p planted) anotherSignIn(t *testing.T, d *dbtest.Database) (public uuid.UUID) {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	login := d.Connect(t, "streamspace_login")
	if _, err := login.Exec(t.Context(), "select rls.sign_in($1, $2, $3, $4, now() + interval '1 h')",
		p.Member.User.UUID, p.ID.UUID, id, id[:]); err != nil {
		t.Fatal(err)
	}
	if err := d.Superuser(t).QueryRow(t.Context(), "select public_id from app.credentials where id = $1", id).
		Scan(&public); err != nil {
		t.Fatal(err)
	}
	return public
}

// grantThatHasEnded makes someone a member until a second ago.
func (p planted) grantThatHasEnded(t *testing.T, d *dbtest.Database) {
	t.Helper()
	if _, err := d.Superuser(t).Exec(t.Context(), `with u as (
			insert into app.users (id, email, name, password_hash)
			values ($2, $2::uuid || '@example.test', 'Granted', 'none') returning id)
		insert into app.memberships (org_id, user_id, role, ends_at, reason)
		select $1, u.id, 'viewer', now() - interval '1 s', 'help' from u`, p.ID.UUID, uuid.Must(uuid.NewV7())); err != nil {
		t.Fatal(err)
	}
}

// ids are what a query could be given to find this organisation's rows by.
func (p planted) ids() []uuid.UUID {
	all := append([]uuid.UUID{p.ID.UUID, p.Agent, p.Template, p.invitation, p.signIn}, p.sessions...)
	for _, who := range []dbtest.Person{p.Owner, p.Admin, p.Member, p.Viewer} {
		all = append(all, who.User.UUID, who.Credential.UUID)
	}
	return all
}

// marks are what tells that a row is this organisation's.
func (p planted) marks() []string {
	all := []string{p.Slug, p.Member.Email, p.Owner.Email}
	for _, id := range p.ids() {
		all = append(all, id.String())
	}
	return all
}

// door is a way into an organisation.
type door struct {
	role  string
	name  string
	enter statement
}

// doors are the ways in of a person; those of the system and of an agent are everybody's.
func (p planted) doors(who ...dbtest.Person) []door {
	var all []door
	for _, w := range who {
		all = append(all, door{roleApp, string(w.Role), enter(as(p.Org, w), false)})
	}
	return all
}

func (p planted) everyDoor() []door {
	all := append(p.doors(p.Owner, p.Admin, p.Member, p.Viewer),
		door{roleSystem, "system", statement{"rls.enter_service($1, $2)", []any{p.ID.UUID, "test"}}})
	for _, id := range p.sessions {
		report := statement{"rls.enter_report($1, $2, $3)", []any{p.Agent, p.AgentEpoch, id}}
		all = append(all, door{roleAgent, "agent", report})
	}
	return all
}

// inside runs fn in a transaction that has entered by a door.
func inside(ctx context.Context, conn *pgx.Conn, d door, fn func(*orgdb.Queries) error) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select "+d.enter.sql, d.enter.args...); err != nil {
			return err
		}
		return fn(orgdb.New(tx))
	})
}

// search is what to ask with, and what no answer may hold.
type search struct {
	by    []uuid.UUID
	marks []string
	spare bool // no template is deleted, which later queries are to find
}

// askAll asks every query with every id, by every door, and says which returned one of the marks and which a row at
// all.
func askAll(t *testing.T, d *dbtest.Database, from planted, finds search) (leaks, answered []string) {
	t.Helper()
	for _, door := range from.everyDoor() {
		conn := d.Connect(t, door.role)
		queries := reflect.TypeFor[*orgdb.Queries]()
		for m := range queries.NumMethod() {
			name := queries.Method(m).Name
			if name == "WithTx" || name == "DeleteCredential" { // without its credential there is no way in again
				continue
			}
			for _, id := range finds.by {
				if name == "RemoveMember" && slices.Contains(from.ids(), id) { // nor for a member who was removed
					continue
				}
				// There is no other template to find.
				if name == "DeleteTemplate" && (finds.spare || slices.Contains(from.ids(), id)) {
					continue
				}
				said, ok := ask(t, conn, door, name, id)
				if ok && !slices.Contains(answered, name) {
					answered = append(answered, name)
				}
				for _, mark := range finds.marks {
					if leak := name + " as " + door.name; strings.Contains(said, mark) && !slices.Contains(leaks, leak) {
						leaks = append(leaks, leak)
					}
				}
			}
		}
	}
	slices.Sort(answered)
	return leaks, answered
}

// ask calls one query in a transaction of its own, with the id wherever one is taken. What it returns is its rows as
// text, and whether it was not refused or empty.
func ask(t *testing.T, conn *pgx.Conn, d door, name string, id uuid.UUID) (string, bool) {
	t.Helper()
	var said []byte
	err := inside(t.Context(), conn, d, func(q *orgdb.Queries) error {
		method := reflect.ValueOf(q).MethodByName(name)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for i := 1; i < method.Type().NumIn(); i++ {
			args = append(args, plausible(t, method.Type().In(i), id))
		}
		out := method.Call(args)
		if err, _ := out[len(out)-1].Interface().(error); err != nil {
			return err
		}
		if len(out) == 1 {
			said = []byte("done")
			return nil
		}
		var err error
		said, err = json.Marshal(out[0].Interface())
		return err
	})
	return string(said), err == nil && string(said) != "null"
}

// plausible is an argument that finds as much as it can: the id, the name that both organisations' templates have, the
// end of time, the longest page.
func plausible(t *testing.T, of reflect.Type, id uuid.UUID) reflect.Value {
	t.Helper()
	desk := "desk"
	switch of {
	case reflect.TypeFor[uuid.UUID]():
		return reflect.ValueOf(id)
	case reflect.TypeFor[uuid.NullUUID]():
		return reflect.ValueOf(uuid.NullUUID{UUID: id, Valid: true})
	case reflect.TypeFor[string]():
		return reflect.ValueOf("") // before every name
	case reflect.TypeFor[[]string]():
		return reflect.ValueOf([]string{"x"})
	case reflect.TypeFor[*string]():
		return reflect.ValueOf(&desk)
	case reflect.TypeFor[*int64]():
		return reflect.ValueOf(new(int64(1000)))
	case reflect.TypeFor[time.Time]():
		return reflect.ValueOf(farFuture)
	case reflect.TypeFor[json.RawMessage]():
		return reflect.ValueOf(json.RawMessage(`{}`))
	case reflect.TypeFor[bool]():
		return reflect.ValueOf(false)
	case reflect.TypeFor[[]byte]():
		return reflect.ValueOf([]byte(`{}`))
	case reflect.TypeFor[int32](), reflect.TypeFor[int64]():
		return reflect.ValueOf(1000).Convert(of)
	}
	if of.Kind() != reflect.Struct {
		t.Fatalf("no argument of type %s is made up yet", of)
	}
	made := reflect.New(of).Elem()
	for i := range of.NumField() {
		made.Field(i).Set(plausible(t, of.Field(i).Type, id))
	}
	return made
}

// rowsOf is a hash of each table's rows of one organisation.
func rowsOf(t *testing.T, super *pgx.Conn, p planted) map[string]string {
	t.Helper()
	out := map[string]string{}
	rows, err := super.Query(t.Context(), `select relname::text from pg_class c
		where relnamespace = 'app'::regnamespace and relkind = 'r'
		  and exists (select from pg_attribute where attrelid = c.oid and attname = 'org_id')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("%d org tables, %v", len(tables), err)
	}
	for _, table := range tables {
		all := read[string](t, super, fmt.Sprintf(`select coalesce(string_agg(t::text, '|' order by t::text), '')
			from app.%s t where org_id = $1`, table), p.ID.UUID)
		out[table] = fmt.Sprintf("%d bytes, %x", len(all), sha256.Sum256([]byte(all)))
	}
	return out
}

// Seen to fail with the policies off, which the second half does each time: without them every list leaks.
func TestDeletingEveryTenantPredicateLeaksNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	super := d.Superuser(t)
	ours, theirs := plant(t, d), plant(t, d)
	// Place takes the agent that was heard of last, within 30 seconds. On a busy machine the search takes longer.
	if _, err := super.Exec(t.Context(), `update app.agents
		set seen_at = now() + case id when $1 then interval '2 hours' else interval '1 hour' end`, theirs.Agent); err != nil {
		t.Fatal(err)
	}
	before := rowsOf(t, super, theirs)

	leaks, answered := askAll(t, d, ours, search{by: append(ours.ids(), theirs.ids()...), marks: theirs.marks()})
	for _, leak := range leaks {
		t.Errorf("%s returned rows of another organisation", leak)
	}
	if diff := cmp.Diff(before, rowsOf(t, super, theirs)); diff != "" {
		t.Errorf("another organisation's rows have changed (-before +after):\n%s", diff)
	}
	// A query that never finds or does anything is not tested. InsertSession is not among these: it has no owner and
	// agent in one id, and plant calls it. Nor is what takes an address.
	for _, name := range []string{
		"ActiveSessions", "ActiveSessionsOfOwner", "AppendEvent", "DeleteEndedGrants", "DeleteExpiredCredentials",
		"DeleteExpiredTickets", "DeleteExpiredInvitations", "RevokeInvitation", "InvitationByID", "InvitationIsForeign",
		"Invitations",
		"EndSession", "EndSignIn", "FilteredSessions", "FilteredSessionsOfOwner", "FinishSession",
		"InsertTicket", "LockMember", "LockSession", "Me",
		"MemberByID", "Members", "Place", "RecordAudit", "SessionAccess", "SessionByID", "SessionIsForeign",
		"Sessions", "SessionsOfOwner", "SetObserved", "SignInIsForeign", "SignIns",
		"TemplateByRef", "TemplateIsForeign", "Templates",
	} {
		if !slices.Contains(answered, name) {
			t.Errorf("%s found and did nothing: it is not tested", name)
		}
	}

	if _, err := super.Exec(t.Context(), `do $$ declare t regclass; begin
		for t in select oid from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r' loop
			execute format('alter table %s disable row level security', t);
		end loop; end $$`); err != nil {
		t.Fatal(err)
	}
	leaks, _ = askAll(t, d, ours, search{by: theirs.ids(), marks: theirs.marks(), spare: true})
	// Me and TemplateByRef return one of several rows, whichever comes first. Place calls a function, which looks at the
	// organisation by itself (db/proof).
	for _, name := range []string{"FilteredSessions", "SessionByID", "Sessions", "ActiveSessions", "SessionsOfOwner",
		"LockSession",
		"EndSession", "FinishSession", "Templates", "InvitationByID", "Invitations", "MemberByID", "Members"} {
		if !slices.ContainsFunc(leaks, func(l string) bool { return strings.HasPrefix(l, name+" ") }) {
			t.Errorf("without policies %s leaks nothing: this test looks at nothing", name)
		}
	}
}
