package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// cast is an organisation whose members follow its events and make each type happen.
type cast struct {
	*testing.T

	o      *dbtest.Org
	canary string // in every name and text of this organisation, and in no other's
	people map[string]dbtest.Person
	second dbtest.Person // the member's second sign-in, which follows nothing
	leaver dbtest.Person // a member who follows nothing, and whose session an admin takes over
	// observer takes the reports of the organisation's agent.
	observer *sessions.Observer
	// silences are for what the background work says of hosts.
	silences org.AsService[sessions.SilenceTx]
}

// Who sees what, by name.
const (
	all    = "admin member other owner viewer"
	itsOwn = "admin member owner" // of the member
	admins = "admin owner"
	owners = "owner"
)

// scene makes events of one type happen.
type scene struct {
	seen string // who is told, by hand and not by the declaration
	play func(*cast)
}

// scenes have every type. A name after a space tells two scenes of one type apart.
func scenes() map[string]scene {
	return map[string]scene{
		"session.created":     {itsOwn, func(c *cast) { c.launch() }},
		"session.pending":     {itsOwn, (*cast).launchWithoutHosts},
		"session.starting":    {itsOwn, func(c *cast) { c.report(c.launch(), "starting", 1) }},
		"session.running":     {itsOwn, func(c *cast) { c.report(c.launch(), "running", 1) }},
		"session.failed":      {itsOwn, func(c *cast) { c.report(c.launch(), "failed", 1) }},
		"session.terminating": {itsOwn, func(c *cast) { c.end(c.launch()) }},
		"session.terminated": {itsOwn, func(c *cast) {
			id := c.launch()
			c.end(id)
			c.report(id, "terminated", 2)
		}},
		"session.host_silent": {itsOwn, func(c *cast) { c.say(sessions.HostChanged{ID: c.launched(), Silent: true}) }},
		"session.host_back":   {itsOwn, func(c *cast) { c.say(sessions.HostChanged{ID: c.launched()}) }},
		"session.updated": {itsOwn, func(c *cast) {
			c.ask(c.o.Member, "PATCH", "sessions/"+c.launch(), map[string]any{"name": c.canary + " renamed"}, nil)
		}},
		"session.taken_over": {admins, (*cast).takeOver},
		"template.created":   {all, func(c *cast) { c.template() }},
		"template.updated": {all, func(c *cast) {
			c.ask(c.o.Admin, "PATCH", "templates/"+c.template().ID, map[string]any{"title": c.canary + " 2"}, nil)
		}},
		"template.deleted": {all, func(c *cast) {
			c.ask(c.o.Admin, "DELETE", "templates/"+c.template().ID, nil, nil)
		}},
		"template.publication_requested": {all, func(c *cast) { c.requested() }},
		"template.publication_withdrawn": {all, func(c *cast) {
			c.ask(c.o.Admin, "DELETE", "templates/"+c.requested().ID+"/publication", nil, nil)
		}},
		"template.published": {all, func(c *cast) {
			t := c.requested()
			c.operate("select rls.approve_template('ops', $1, $2, $3, 1)", c.o.ID.UUID, uuid.New(), t.Name)
		}},
		"template.publication_rejected": {admins, func(c *cast) {
			c.operate("select rls.reject_template('ops', $1, $2, 1, $3)", c.o.ID.UUID, c.requested().Name, c.canary)
		}},
		"member.joined": {all, func(c *cast) { c.join() }},
		"member.updated": {all, func(c *cast) {
			c.ask(c.o.Admin, "PATCH", "members/"+c.join(), map[string]any{"role": "viewer"}, nil)
		}},
		"member.removed":      {all, func(c *cast) { c.ask(c.o.Admin, "DELETE", "members/"+c.join(), nil, nil) }},
		"invitation.created":  {admins, func(c *cast) { c.invite() }},
		"invitation.revoked":  {admins, func(c *cast) { c.ask(c.o.Admin, "DELETE", "invitations/"+c.invite().ID, nil, nil) }},
		"invitation.accepted": {admins, (*cast).accept},
		"key.created":         {itsOwn, func(c *cast) { c.key(c.o.Member) }},
		"key.changed":         {itsOwn, func(c *cast) { c.rotate(c.o.Member) }},
		"key.ended":           {itsOwn, func(c *cast) { c.ask(c.o.Member, "DELETE", "keys/"+c.key(c.o.Member), nil, nil) }},
		"key.created owner":   {owners, func(c *cast) { c.key(c.o.Owner) }},
		"key.changed owner":   {owners, func(c *cast) { c.rotate(c.o.Owner) }},
		"key.ended owner":     {owners, func(c *cast) { c.ask(c.o.Owner, "DELETE", "keys/"+c.key(c.o.Owner), nil, nil) }},
		"sign_in.changed": {itsOwn, func(c *cast) {
			c.super("update app.credentials set ends_at = ends_at - interval '1 min' where org_id = $1 and id = $2",
				c.o.ID.UUID, c.second.Credential.UUID)
		}},
		"sign_in.ended": {itsOwn, func(c *cast) { c.ask(c.second, "POST", "auth/logout", nil, nil) }},
		"quota.updated": {all, func(c *cast) {
			c.ask(c.o.Admin, "PUT", "quotas", sessionsBody(map[string]any{"per_org": 40}), nil)
		}},
		"quota.updated memory": {all, func(c *cast) {
			for _, limits := range []map[string]any{{"per_user": 40}, {}} { // the other scenes launch
				c.ask(c.o.Admin, "PUT", "quotas", map[string]any{"sessions": map[string]any{}, "memory": limits}, nil)
			}
		}},
		"quota.updated ops": {all, func(c *cast) {
			c.operate(`select rls.set_limits('ops', $1, '[{"kind": "sessions", "per_org": 46}]')`, c.o.ID.UUID)
		}},
		"quota.updated earlier": {all, func(c *cast) { // as the release before this one does it
			c.operate("select rls.set_limits('ops', $1, 45, 45)", c.o.ID.UUID)
		}},
		"member_quota.updated": {itsOwn, func(c *cast) {
			path := "quotas/members/" + c.o.Member.User.String()
			c.ask(c.o.Admin, "PUT", path, sessionsBody(map[string]any{"own_limit": 30}), nil)
		}},
		"settings.updated": {all, func(c *cast) {
			c.ask(c.o.Admin, "PUT", "settings", map[string]any{"max_key_days": 300}, nil)
		}},
		"host.added":   {admins, func(c *cast) { c.host() }},
		"host.revoked": {admins, func(c *cast) { c.operate("select rls.revoke_agent('ops', $1)", c.host()) }},
	}
}

// TestEveryTypeOfEventReachesThoseWhoMaySeeIt has two organisations with five members each, who follow by both
// protocols while everything happens in both. Each event is compared with its declaration. Seen to fail with private
// events shown to admins, and with a type that is not declared.
func TestEveryTypeOfEventReachesThoseWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	declared := map[string]events.Type{}
	for _, k := range server.EventTypes() {
		declared[k.Name] = k
	}
	casts := []*cast{newCast(t, "canary-one"), newCast(t, "canary-two")}
	followers := make([]map[string][]*follower, len(casts))
	for i, c := range casts {
		followers[i] = map[string][]*follower{}
		for name, p := range c.people {
			followers[i][name] = []*follower{follow(t, p, "?after=0"), listen(t, p, "?after=0", "")}
		}
	}
	want := make([]map[int64]string, len(casts)) // who is told of which number
	played := map[string]bool{}
	for i, c := range casts {
		want[i] = map[int64]string{}
		for _, name := range slices.Sorted(maps.Keys(scenes())) {
			kind, _, _ := strings.Cut(name, " ")
			played[kind] = true
			maps.Copy(want[i], c.perform(kind, scenes()[name], declared))
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(declared)), slices.Sorted(maps.Keys(played))); diff != "" {
		t.Errorf("declared types and those with a scene here (-declared +scene):\n%s", diff)
	}
	for i, c := range casts {
		_, newest := entitled(t, c.o, c.o.Owner, 0)
		for name, both := range followers[i] {
			for _, f := range both {
				c.compare(name, f.until(newest), want[i], casts[1-i])
			}
		}
	}
}

func newCast(t *testing.T, canary string) *cast {
	t.Helper()
	o := running.NewOrg(t, dbtest.Spec{PerOrg: 50, PerUser: 50, Members: 2})
	c := &cast{T: t, o: o, canary: canary + "-" + o.Slug[len(o.Slug)-12:], people: map[string]dbtest.Person{
		"owner": o.Owner, "admin": o.Admin, "member": o.Member, "other": o.Members[0], "viewer": o.Viewer,
	}}
	direct, err := postgres.Open(t.Context(), postgres.Config{URL: database.URL(), Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(direct.Close)
	c.observer, c.silences = sessions.NewObserver(direct.InReport(), membus.New()), direct.SessionSilences()
	c.second, c.leaver = o.Member, o.Members[1]
	c.second.Credential.UUID, c.second.Secret = uuid.New(), secret.New()
	hash := c.second.Secret.Hash()
	_, err = database.Connect(t, "streamspace_login").Exec(t.Context(), "select rls.sign_in($1, $2, $3, $4, $5)",
		o.Member.User.UUID, o.ID.UUID, c.second.Credential.UUID, hash[:], time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// perform plays a scene and returns who is to be told of each event of its type that it has written.
func (c *cast) perform(kind string, s scene, declared map[string]events.Type) map[int64]string {
	c.Helper()
	_, before := entitled(c.T, c.o, c.o.Owner, 0)
	s.play(c)
	rows, err := database.Superuser(c).Query(c.Context(),
		"select seq, type, version, data from app.events where org_id = $1 and seq > $2", c.o.ID.UUID, before)
	if err != nil {
		c.Fatal(err)
	}
	defer rows.Close()
	told := map[int64]string{}
	for rows.Next() {
		var seq int64
		var got string
		var version int
		var data []byte
		if err := rows.Scan(&seq, &got, &version, &data); err != nil {
			c.Fatal(err)
		}
		c.declares(declared[got], got, version, data)
		if got == kind {
			told[seq] = s.seen
		}
	}
	if err := rows.Err(); err != nil || len(told) == 0 {
		c.Errorf("no %s was written (%v)", kind, err)
	}
	return told
}

// declares compares a written event with the declaration of its type: the data has the members of the Go type.
func (c *cast) declares(k events.Type, kind string, version int, data []byte) {
	c.Helper()
	if k.Name == "" || version != k.Version {
		c.Errorf("%s in version %d was written and is declared in version %d", kind, version, k.Version)
		return
	}
	into := reflect.New(reflect.TypeOf(k.Data))
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into.Interface()); err != nil {
		c.Errorf("%s has the data %s: %v", kind, data, err)
		return
	}
	again, err := json.Marshal(into.Interface())
	if err != nil {
		c.Fatal(err)
	}
	members := func(text []byte) (all map[string]any) {
		if err := json.Unmarshal(text, &all); err != nil {
			c.Fatal(err)
		}
		return all
	}
	has, should := members(data), members(again)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(should)), slices.Sorted(maps.Keys(has))); diff != "" {
		c.Errorf("members of %s (-Go +written):\n%s", kind, diff)
	}
}

// compare looks at all that one member was told.
func (c *cast) compare(name string, got []told, want map[int64]string, foreign *cast) {
	c.Helper()
	was := map[int64]bool{}
	for _, m := range got {
		was[m.Seq] = true
		if strings.Contains(m.text, foreign.canary) || strings.Contains(m.text, foreign.o.ID.String()) {
			c.Errorf("the %s was told of the other organisation: %s", name, m.text)
		}
		if seen, ok := want[m.Seq]; ok && !slices.Contains(strings.Fields(seen), name) {
			c.Errorf("the %s was told what is for %s: %s", name, seen, m.text)
		}
	}
	for seq, seen := range want {
		if slices.Contains(strings.Fields(seen), name) && !was[seq] {
			c.Errorf("the %s was not told of %d, which is for %s", name, seq, seen)
		}
	}
}

// ask sends a request of the API that must succeed.
func (c *cast) ask(as dbtest.Person, method, path string, body, out any) {
	c.Helper()
	a := running.Answer(c, servertest.Request{
		Method: method, Path: "/api/v1/" + path, Bearer: running.Bearer(c, as), Body: body,
	})
	if a.Status >= http.StatusBadRequest {
		c.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
	if out != nil {
		a.Decode(c, out)
	}
}

// operate calls a function as operators' commands do.
func (c *cast) operate(sql string, args ...any) {
	c.Helper()
	if _, err := database.Connect(c, "streamspace_operator").Exec(c.Context(), sql, args...); err != nil {
		c.Fatalf("%s: %v", sql, err)
	}
}

func (c *cast) super(sql string, args ...any) {
	c.Helper()
	if _, err := database.Superuser(c).Exec(c.Context(), sql, args...); err != nil {
		c.Fatalf("%s: %v", sql, err)
	}
}

func (c *cast) launch() string { return launch(c.T, c.o, c.o.Member, c.canary) }

func (c *cast) launched() sessions.ID { return sessions.ID{UUID: uuid.MustParse(c.launch())} }

// say writes what the background work says of a session's host.
func (c *cast) say(e sessions.HostChanged) {
	c.Helper()
	err := c.silences(c.Context(), c.o.ID, "note silent hosts", func(tx sessions.SilenceTx) error {
		return events.Append(c.Context(), tx, e)
	})
	if err != nil {
		c.Fatal(err)
	}
}

func (c *cast) end(session string) { c.ask(c.o.Member, "DELETE", "sessions/"+session, nil, nil) }

// takeOver has an admin take over what a member leaves behind.
func (c *cast) takeOver() {
	session := launch(c.T, c.o, c.leaver, c.canary)
	c.ask(c.o.Admin, "DELETE", "members/"+c.leaver.User.String(), nil, nil)
	c.ask(c.o.Admin, "POST", "sessions/"+session+"/take-over", nil, nil)
}

// report says what a session's host sees.
func (c *cast) report(session string, state link.State, generation int64) {
	c.Helper()
	err := c.observer.Observe(c.Context(), link.Agent{ID: c.o.Agent, Epoch: c.o.AgentEpoch}, link.Report{
		Session: uuid.MustParse(session), State: state, Generation: generation,
	})
	if err != nil {
		c.Fatalf("report %s: %v", state, err)
	}
}

// launchWithoutHosts launches while the organisation's host is away.
func (c *cast) launchWithoutHosts() {
	c.super("update app.agents set seen_at = now() - interval '5 min' where id = $1", c.o.Agent)
	c.ask(c.o.Member, "POST", "sessions", map[string]any{"template": "desk", "name": c.canary}, nil)
}

type named struct{ ID, Name string }

func (c *cast) template() (t named) {
	name := fmt.Sprintf("%.40s-%.8s", c.canary, uuid.NewString())
	c.ask(c.o.Admin, "POST", "templates", map[string]any{"name": name, "title": c.canary, "spec": map[string]any{}}, &t)
	return t
}

func (c *cast) requested() named {
	t := c.template()
	c.ask(c.o.Admin, "PUT", "templates/"+t.ID+"/publication", nil, nil)
	return t
}

func (c *cast) join() string {
	id := uuid.New()
	c.operate("select rls.create_user('ops', $1, $2, $3, 'none')", id, c.canary+id.String()+"@example.test", c.canary)
	c.operate("select rls.add_member('ops', $1, $2, 'member')", c.o.ID.UUID, id)
	return id.String()
}

type invitation struct{ ID, Email, Link string }

func (c *cast) invite() (i invitation) {
	body := map[string]any{"email": c.canary + uuid.NewString() + "@example.test", "role": "viewer"}
	c.ask(c.o.Admin, "POST", "invitations", body, &i)
	return i
}

func (c *cast) accept() {
	i := c.invite()
	body := accept(secretOf(c.T, i.Link, "/invitation#"), i.Email, c.canary)
	a := running.Answer(c, servertest.Request{Method: "POST", Path: "/api/v1/invitations/accept", Body: body})
	if a.Status >= http.StatusBadRequest {
		c.Fatalf("accept: %d %s", a.Status, a.Body)
	}
}

func (c *cast) key(of dbtest.Person) string {
	var k named
	c.ask(of, "POST", "keys", map[string]any{"name": c.canary, "scopes": []string{"event.read"}}, &k)
	return k.ID
}

func (c *cast) rotate(of dbtest.Person) {
	c.ask(of, "POST", "keys/"+c.key(of)+"/rotate", map[string]any{}, nil)
}

func (c *cast) host() uuid.UUID {
	id := uuid.New()
	c.operate("select rls.enrol_agent('ops', $1, $2, sha256($2::text::bytea))", id, c.canary+id.String()[:8])
	c.operate("select rls.serve_org('ops', $1, $2)", id, c.o.ID.UUID)
	return id
}
