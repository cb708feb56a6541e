package attack

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// canaryPrefix begins every canary: one search finds them all. Sixteen hexadecimal digits follow.
const canaryPrefix = "canary"

// fresh is how long what an agent last said and a ticket are surely still good for; both last 30 s.
const fresh = 15 * time.Second

// arena is some organisations of their own, and what the model knows of them.
type arena struct {
	attack  *worker
	realms  []*realm
	people  []*person // who belong to more than one
	posts   []*outpost
	history []string
	synced  time.Time

	mu     sync.RWMutex
	owners map[string]map[uuid.UUID]*realm // of sessions and templates
	made   int                             // accesses, for their labels
}

// shot is one request or one other action, with everything that was drawn for it.
type shot struct {
	of         *realm // whose group fires it
	what       string
	fire       func() *difference
	fired      bool
	difference *difference
}

// GoString is how rapid prints what was drawn.
func (s *shot) GoString() string { return s.what }

func newArena(t *rapid.T, a *worker) *arena {
	f := &arena{attack: a, synced: time.Now(), owners: map[string]map[uuid.UUID]*realm{"session": {}, "template": {}}}
	both := f.newPerson("both", "")
	f.people = append(f.people, both)
	for n := range rapid.IntRange(2, 5).Draw(t, "organisations") {
		r := &realm{
			f: f, label: fmt.Sprintf("org%d", n), id: org.ID{UUID: uuid.Must(uuid.NewV7())}, canary: newCanary(),
			roles: map[*person]org.Role{}, audit: map[string]int64{}, events: map[string]int64{}, things: map[string]uuid.UUID{},
			keys:   map[keyUse]keyed{},
			perOrg: int64(rapid.IntRange(3, 8).Draw(t, "quota")), perUser: int64(rapid.IntRange(1, 4).Draw(t, "share")),
		}
		r.slug, r.name, r.space = "t"+r.canary, "Org "+r.canary, "ns-"+r.canary
		f.realms = append(f.realms, r)
		f.attack.orgs.Add(1)
	}
	f.posts = append(f.posts, newOutpost(f, "shared", f.realms[:2]))
	for _, r := range f.realms[2:] {
		f.posts = append(f.posts, newOutpost(f, r.label+".agent", []*realm{r}))
	}
	f.must(f.found(both))
	for _, p := range f.posts {
		f.must(p.connect())
	}
	f.furnishUnmodelled()
	return f
}

// must is for what the arena itself needs: no difference, but no attack without it.
func (f *arena) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("prepare the attack: %v", err))
	}
}

func newCanary() string {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return canaryPrefix + hex.EncodeToString(b)
}

func (f *arena) newPerson(label, canary string) *person {
	p := &person{label: label, id: org.UserID{UUID: uuid.Must(uuid.NewV7())}, name: "Person " + canary}
	p.email = p.id.String() + canary + "@example.test"
	return p
}

// found makes the organisations by the operator's functions, side by side.
func (f *arena) found(both *person) error {
	for _, p := range f.posts {
		if err := p.enrol(); err != nil {
			return err
		}
	}
	hash := f.attack.PasswordHash
	if err := f.operate("create_user('test', $1, $2, $3, $4)", both.id.UUID, both.email, both.name, hash); err != nil {
		return err
	}
	errs := make(chan error, len(f.realms))
	for _, r := range f.realms {
		go func() { errs <- r.found(both) }()
	}
	var first error
	for range f.realms {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// operate calls one of the operator's functions.
func (f *arena) operate(call string, args ...any) error {
	if _, err := f.attack.operator.Exec(context.Background(), "select rls."+call, args...); err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	return nil
}

func (r *realm) found(both *person) error {
	f := r.f
	for _, p := range []struct {
		label string
		role  org.Role
	}{
		{"owner", org.RoleOwner}, {"admin", org.RoleAdmin}, {"member", org.RoleMember}, {"other", org.RoleMember},
		{"viewer", org.RoleViewer},
	} {
		who := f.newPerson(r.label+"."+p.label, r.canary)
		r.people = append(r.people, who)
		hash := f.attack.PasswordHash
		if err := f.operate("create_user('test', $1, $2, $3, $4)", who.id.UUID, who.email, who.name, hash); err != nil {
			return err
		}
		if p.role == org.RoleOwner {
			if err := f.operate("create_org('attack', $1, $2, $3, $4, $5, $6, $7)", r.id.UUID, r.slug, r.name, r.space,
				who.id.UUID, r.perOrg, r.perUser); err != nil {
				return err
			}
			r.roles[who] = p.role
			r.audit["org.create"]++
			continue
		}
		if err := r.add(who, p.role); err != nil {
			return err
		}
	}
	if n := slices.Index(f.realms, r); n < 2 {
		r.people = append(r.people, both)
		if err := r.add(both, []org.Role{org.RoleAdmin, org.RoleMember}[n]); err != nil {
			return err
		}
	}
	return r.populate()
}

func (r *realm) add(who *person, role org.Role) error {
	r.roles[who] = role
	r.audit["member.add"]++
	return r.f.operate("add_member('attack', $1, $2, $3)", r.id.UUID, who.id.UUID, string(role))
}

// populate gives a realm its agent, its templates, and each person a sign-in.
func (r *realm) populate() error {
	if err := r.f.operate("serve_org('attack', $1, $2)", r.agent.id, r.id.UUID); err != nil {
		return err
	}
	r.audit["agent.serve"]++
	names := []string{r.canary + "x", "desk"} // the second one's name is a public template's, too
	if r.label == "org1" {
		names = names[:1]
	}
	for i, name := range names {
		p := &modelTemplate{
			label: fmt.Sprintf("%s.t%d", r.label, i), id: uuid.Must(uuid.NewV7()), name: name, title: "Desk " + r.canary, of: r,
			revision: 1,
		}
		spec, _ := json.Marshal(map[string]any{"command": []string{"show", r.canary}}) // two strings: cannot fail
		if err := r.f.operate("add_template('attack', $1, $2, $3, $4, $5, $6)", r.id.UUID, p.id, p.name, p.title,
			"For "+r.canary, spec); err != nil {
			return err
		}
		r.templates = append(r.templates, p)
		r.audit["template.write"]++
		r.f.own("template", p.id, r)
	}
	for _, who := range r.people {
		c := r.newAccess(who)
		if err := c.signIn(); err != nil {
			return err
		}
		r.accesses = append(r.accesses, c)
		if d := c.refresh(&shot{of: r}); d != nil {
			return fmt.Errorf("refresh: %s %s", d.text, d.detail)
		}
	}
	return nil
}

func (r *realm) newAccess(who *person) *access {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	r.f.made++
	return &access{
		label: who.label + "@" + r.label, of: r, who: who, id: org.CredentialID{UUID: uuid.Must(uuid.NewV7())},
		secret: secret.New().Reveal(),
	}
}

// signIn writes the credential as the login role does, but for the password.
func (c *access) signIn() error {
	hash := secret.Of(c.secret).Hash()
	_, err := c.of.f.attack.login.Exec(context.Background(), "select rls.sign_in($1, $2, $3, $4, $5, '', $6)",
		c.who.id.UUID, c.of.id.UUID, c.id.UUID, hash[:], time.Now().Add(time.Hour), c.of.canary)
	if err == nil {
		c.of.audit["credential.sign_in"]++
		err = c.findPublic()
	}
	return err
}

// findPublic learns the sign-in's public id.
func (c *access) findPublic() error {
	return c.of.f.attack.super.QueryRow(context.Background(), "select public_id from app.credentials where id = $1",
		c.id.UUID).Scan(&c.public)
}

func (f *arena) own(kind string, id uuid.UUID, r *realm) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.owners[kind][id] = r
}

func (f *arena) ownerOf(kind string, id uuid.UUID) *realm {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.owners[kind][id]
}

// tend keeps the agents heard of, however slow the machine is.
func (f *arena) tend(*rapid.T) {
	if time.Since(f.synced) < fresh {
		return
	}
	for _, p := range f.posts {
		_, err := p.client.Placements(context.Background())
		f.must(err)
	}
	f.synced = time.Now()
}

func (f *arena) close() {
	for _, r := range f.realms {
		for _, v := range r.streams {
			v.socket.CloseNow()
		}
		for _, v := range r.followers {
			v.socket.CloseNow()
		}
	}
	for _, p := range f.posts {
		p.disconnect()
	}
}

// foreignWord returns a canary of another realm in what a person of this realm received. A nil realm owns no canary.
func (r *realm) foreignWord(given []byte) string {
	for {
		i := bytes.Index(given, []byte(canaryPrefix))
		if i < 0 {
			return ""
		}
		word := given[i:min(i+len(canaryPrefix)+16, len(given))]
		given = given[i+len(canaryPrefix):]
		digits, err := hex.DecodeString(string(word[len(canaryPrefix):]))
		if err != nil || len(digits) != 8 { // a secret that happens to read so
			continue
		}
		if r == nil || string(word) != r.canary {
			return string(word)
		}
	}
}

// flat is a header as it travels.
func flat(h http.Header) []byte {
	var b bytes.Buffer
	_ = h.Write(&b) // a buffer takes everything
	return b.Bytes()
}

// draw is one shot, each kind as often as it stands here.
func (f *arena) draw(t *rapid.T) *shot {
	if len(f.attack.unmodelled) > 0 && rarely(t, "unmodelled", 8) {
		return f.unmodelled(t)
	}
	return pick(t, "kind", []func(*rapid.T) *shot{
		f.getSession, f.createSession, f.listSessions, f.createTicket, f.report, f.visit, f.deleteSession, f.updateSession,
		f.getTemplate,
		f.createSession, f.listTemplates, f.getMe, f.createTicket, f.stream, f.refreshing, f.getSession, f.report,
		f.listSessions, f.createSession, f.createTicket, f.visit, f.deleteSession, f.careless, f.getTemplate,
		f.forgedAgent, f.nothing, f.sometimesLogIn, f.signIn, f.signIn, f.updateMember, f.enlist, f.withdrawing, f.stream,
		f.takeOverSession, f.listSignIns, f.changePassword, f.listOrgs, f.switchOrg, f.createTemplate, f.updateTemplate,
		f.followEvents, f.followEvents, f.readLog, f.failDeletion, f.requestPublication, f.withdrawPublication,
	})(t)
}

// withdrawing revokes a person's access.
func (f *arena) withdrawing(t *rapid.T) *shot {
	return pick(t, "withdrawal", []func(*rapid.T) *shot{f.logOut, f.revoke, f.removeMember, f.suspend, f.suspend,
		f.endSignIn, f.endOthers})(t)
}

// sometimesLogIn is rare: a password costs 20 ms of a core.
func (f *arena) sometimesLogIn(t *rapid.T) *shot {
	if rarely(t, "by password", 40) {
		return f.logIn(t)
	}
	return f.refreshing(t)
}
