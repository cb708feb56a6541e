package http

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// world stands in for the database at the modules' ports: who is a member, what each organisation has, and, each time
// somebody enters, whether their credential still holds.
type world struct {
	mu          sync.Mutex
	passwords   map[string]string // hash by email
	users       map[string]identity.User
	memberships map[org.UserID][]identity.Membership
	credentials map[secret.Hash]*identity.SignIn
	templates   map[org.ID][]templates.Template // under the zero id: public
	sessions    map[sessions.ID]owned
	tickets     map[secret.Hash]sessions.Admission
	keys        map[string]idempotency.Used
	audited     []string
	changed     *membus.Bus   // wakes whoever has something open after each change
	resolved    int           // how often a secret was looked up
	broken      error         // what every transaction answers
	stall       chan struct{} // transactions wait for it or for their context
}

type owned struct {
	org org.ID
	sessions.Session
}

func newWorld() *world {
	return &world{
		passwords: map[string]string{}, users: map[string]identity.User{},
		memberships: map[org.UserID][]identity.Membership{}, credentials: map[secret.Hash]*identity.SignIn{},
		templates: map[org.ID][]templates.Template{}, sessions: map[sessions.ID]owned{},
		tickets: map[secret.Hash]sessions.Admission{}, keys: map[string]idempotency.Used{},
		changed: membus.New(),
	}
}

// setRole changes a member's role, and that of their credentials with it.
func (w *world) setRole(u org.UserID, r org.Role) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.memberships[u] {
		w.memberships[u][i].Role = r
	}
	for _, c := range w.credentials {
		if c.User == u {
			c.Role = r
		}
	}
}

// expel removes a user from every organisation.
func (w *world) expel(u org.UserID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.memberships, u)
	for h, c := range w.credentials {
		if c.User == u {
			delete(w.credentials, h)
		}
	}
	w.changed.Wake("")
}

func (w *world) timesResolved() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.resolved
}

// enter is rls.enter: it refuses a credential that is gone or that claims another role.
func (w *world) enter(ctx context.Context, in org.Scope) error {
	if in.IsZero() {
		return fault.New(fault.Internal, "no_scope", "no scope")
	}
	if w.stall != nil {
		select {
		case <-w.stall:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return w.broken
	}
	for _, c := range w.credentials {
		if c.Credential == in.Credential() {
			if c.Role != in.Role() {
				return fault.New(fault.Unauthenticated, "stale_token", "your role has changed")
			}
			return nil
		}
	}
	return identity.ErrSignedOut
}

// scoped gives what a transaction may touch.
func scoped[Tx any](w *world, as func(rows) Tx) org.Scoped[Tx] {
	return func(ctx context.Context, in org.Scope, fn func(Tx) error) error {
		if err := w.enter(ctx, in); err != nil {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		return fn(as(rows{w, in}))
	}
}

// The directory's methods.

func (w *world) UserByEmail(_ context.Context, email string) (org.UserID, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.users[email]
	if !ok {
		return org.UserID{}, "", identity.ErrBadLogin
	}
	return u.ID, w.passwords[email], nil
}

func (w *world) MembershipsOf(_ context.Context, user org.UserID) ([]identity.Membership, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.memberships[user]), nil
}

func (w *world) SignIn(_ context.Context, c identity.NewCredential) (org.Role, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.memberships[c.User] {
		if m.Org.ID == c.Org {
			w.credentials[c.Hash] = &identity.SignIn{Membership: m, Credential: c.ID, EndsAt: c.EndsAt}
			return m.Role, nil
		}
	}
	return "", identity.ErrBadLogin
}

func (w *world) RehashPassword(context.Context, org.UserID, string, string) error { return nil }

func (w *world) CredentialOf(_ context.Context, hash secret.Hash) (identity.SignIn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resolved++
	if c, ok := w.credentials[hash]; ok {
		return *c, nil
	}
	return identity.SignIn{}, identity.ErrSignedOut
}

func (w *world) KeyOf(_ context.Context, hash secret.Hash) (identity.SignIn, error) {
	s, err := w.CredentialOf(context.Background(), hash)
	if err != nil || s.Scopes == nil {
		return identity.SignIn{}, identity.ErrKeyEnded
	}
	return s, nil
}

func (w *world) ConsumeTicket(_ context.Context, hash secret.Hash) (sessions.Admission, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.tickets[hash]
	delete(w.tickets, hash)
	if !ok {
		return a, sessions.ErrTicket
	}
	return a, nil
}

// rows are what one scope shows; whoever has them holds the lock.
type rows struct {
	w  *world
	in org.Scope
}

func (r rows) DeleteCredential(context.Context) (identity.SignInID, error) {
	for h, c := range r.w.credentials {
		if c.Credential == r.in.Credential() {
			delete(r.w.credentials, h)
		}
	}
	return identity.SignInID{UUID: uuid.New()}, nil
}

func (r rows) RecordAudit(_ context.Context, action, _ string) error {
	r.w.audited = append(r.w.audited, action)
	return nil
}

// service is background work. It only writes to the audit log.
type service struct {
	sessions.ServiceTx

	rows rows
}

func (s service) RecordAudit(ctx context.Context, action, subject string) error {
	return s.rows.RecordAudit(ctx, action, subject)
}

func (r rows) AppendEvent(context.Context, events.Event) error {
	r.w.changed.Wake("")
	return nil
}

func (r rows) ClaimKey(_ context.Context, k idempotency.Key, id uuid.UUID) (idempotency.Used, error) {
	at := r.in.Org().String() + r.in.User().String() + k.Text
	if used, ok := r.w.keys[at]; ok {
		return used, nil
	}
	r.w.keys[at] = idempotency.Used{Fingerprint: k.Fingerprint, Subject: id}
	return r.w.keys[at], nil
}

func (rows) Now() time.Time { return time.Now() }

func (rows) Place(context.Context) (sessions.Placement, error) {
	return sessions.Placement{Agent: uuid.New(), Namespace: "acme"}, nil
}

func (r rows) SessionIsForeign(_ context.Context, id uuid.UUID) (bool, error) {
	s, ok := r.w.sessions[sessions.ID{UUID: id}]
	return ok && s.org != r.in.Org(), nil
}

func (r rows) TemplateIsForeign(_ context.Context, id uuid.UUID) (bool, error) {
	for of, ts := range r.w.templates {
		if of != r.in.Org() && slices.ContainsFunc(ts, func(t templates.Template) bool { return t.ID.UUID == id }) {
			return true, nil
		}
	}
	return false, nil
}

func (r rows) shown() []templates.Template {
	return append(slices.Clone(r.w.templates[r.in.Org()]), r.w.templates[org.ID{}]...)
}

func (r rows) TemplateByRef(_ context.Context, ref string) (templates.Template, error) {
	for _, t := range r.shown() {
		if t.ID.String() == ref || t.Name == ref {
			return t, nil
		}
	}
	return templates.Template{}, templates.ErrNotFound
}

func (r rows) Templates(_ context.Context, after page.Cursor, n int) ([]templates.Template, error) {
	ts := slices.DeleteFunc(r.shown(), func(t templates.Template) bool {
		return t.Name < after.Key || (t.Name == after.Key && strings.Compare(t.ID.String(), after.ID.String()) <= 0)
	})
	slices.SortFunc(ts, func(a, b templates.Template) int {
		return strings.Compare(a.Name+a.ID.String(), b.Name+b.ID.String())
	})
	return ts[:min(n, len(ts))], nil
}

func (r rows) InsertTemplate(_ context.Context, t templates.Template) error {
	own := r.w.templates[r.in.Org()]
	if slices.ContainsFunc(own, func(o templates.Template) bool { return o.Name == t.Name }) {
		return templates.ErrNameTaken
	}
	r.w.templates[r.in.Org()] = append(own, t)
	return nil
}

func (r rows) LockTemplate(_ context.Context, id templates.ID) (templates.Template, error) {
	for _, t := range r.w.templates[r.in.Org()] {
		if t.ID == id {
			return t, nil
		}
	}
	return templates.Template{}, templates.ErrNotFound
}

func (r rows) UpdateTemplate(_ context.Context, id templates.ID, c templates.Change) (templates.Template, error) {
	own := r.w.templates[r.in.Org()]
	t := &own[slices.IndexFunc(own, func(o templates.Template) bool { return o.ID == id })]
	t.Revision++
	if c.Title != nil {
		t.Title = *c.Title
	}
	if c.Description != nil {
		t.Description = *c.Description
	}
	if c.Spec != nil {
		t.Spec = *c.Spec
	}
	return *t, nil
}

func (r rows) DeleteTemplate(_ context.Context, id templates.ID) error {
	r.w.templates[r.in.Org()] = slices.DeleteFunc(r.w.templates[r.in.Org()], func(t templates.Template) bool {
		return t.ID == id
	})
	return nil
}

func (rows) RequestPublication(context.Context, templates.ID) error { return nil }

func (rows) WithdrawPublication(context.Context, templates.ID) error { return nil }

func (r rows) InsertSession(_ context.Context, s sessions.Session) error {
	if len(r.w.sessions) >= 200 {
		return fault.New(fault.Conflict, "quota_exceeded", "no more sessions").
			With("kind", "sessions").With("holder", "org").With("limit", 200)
	}
	r.w.sessions[s.ID] = owned{r.in.Org(), s}
	return nil
}

func (r rows) SessionByID(_ context.Context, id sessions.ID) (sessions.Session, error) {
	s, ok := r.w.sessions[id]
	if !ok || s.org != r.in.Org() {
		return sessions.Session{}, sessions.ErrNotFound
	}
	return s.Session, nil
}

func (r rows) LockSession(ctx context.Context, id sessions.ID) (sessions.Session, error) {
	return r.SessionByID(ctx, id)
}

func (r rows) EndSession(_ context.Context, id sessions.ID) (sessions.Session, error) {
	s := r.w.sessions[id]
	s.EndWanted, s.State = true, link.Terminating
	r.w.sessions[id] = s
	return s.Session, nil
}

func (r rows) TakeOverSession(_ context.Context, id sessions.ID) (sessions.Session, error) {
	s := r.w.sessions[id]
	s.Owner = r.in.User()
	r.w.sessions[id] = s
	return s.Session, nil
}

func (r rows) Sessions(_ context.Context, f sessions.Filter, after page.Cursor, n int) ([]sessions.Session, error) {
	var out []sessions.Session
	for _, s := range r.w.sessions {
		if s.org == r.in.Org() && (after.IsZero() || s.ID.String() < after.ID.String()) && (!f.Active || !s.State.Final()) {
			out = append(out, s.Session)
		}
	}
	slices.SortFunc(out, func(a, b sessions.Session) int { return strings.Compare(b.ID.String(), a.ID.String()) })
	return out[:min(n, len(out))], nil
}

func (r rows) InsertTicket(_ context.Context, t sessions.Ticket) error {
	r.w.tickets[t.Hash] = sessions.Admission{
		Org: r.in.Org(), User: r.in.User(), Role: r.in.Role(), Credential: r.in.Credential(), Session: t.Session,
	}
	return nil
}

// queries are rows that are entered for each question.
type queries struct{ rows }

func asked[T any](ctx context.Context, q queries, ask func() (T, error)) (T, error) {
	if err := q.w.enter(ctx, q.in); err != nil {
		var none T
		return none, err
	}
	q.w.mu.Lock()
	defer q.w.mu.Unlock()
	return ask()
}

func (q queries) Me(ctx context.Context) (identity.Me, error) {
	return asked(ctx, q, func() (identity.Me, error) {
		for _, u := range q.w.users {
			if u.ID == q.in.User() {
				return identity.Me{User: u, Org: q.w.memberships[u.ID][0].Org}, nil
			}
		}
		return identity.Me{}, identity.ErrSignedOut
	})
}

func (q queries) TemplateByRef(ctx context.Context, ref string) (templates.Template, error) {
	return asked(ctx, q, func() (templates.Template, error) { return q.rows.TemplateByRef(ctx, ref) })
}

func (q queries) Templates(ctx context.Context, after page.Cursor, n int) ([]templates.Template, error) {
	return asked(ctx, q, func() ([]templates.Template, error) { return q.rows.Templates(ctx, after, n) })
}

func (q queries) SessionByID(ctx context.Context, id sessions.ID) (sessions.Session, error) {
	return asked(ctx, q, func() (sessions.Session, error) { return q.rows.SessionByID(ctx, id) })
}

func (r rows) UpdateSession(_ context.Context, id sessions.ID, name string, tags []string) error {
	s := r.w.sessions[id]
	s.Name, s.Tags = name, tags
	r.w.sessions[id] = s
	return nil
}

func (q queries) SessionEvents(ctx context.Context, _ sessions.ID, _ page.Cursor, _ int) ([]sessions.Event, error) {
	return asked(ctx, q, func() ([]sessions.Event, error) { return nil, nil })
}

func (q queries) Sessions(
	ctx context.Context, f sessions.Filter, after page.Cursor, n int,
) ([]sessions.Session, error) {
	return asked(ctx, q, func() ([]sessions.Session, error) { return q.rows.Sessions(ctx, f, after, n) })
}
