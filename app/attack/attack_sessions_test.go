package attack

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// shownSession is a session as the API shows it.
type shownSession struct {
	ID         uuid.UUID     `json:"id"`
	Name       string        `json:"name"`
	Template   shownTemplate `json:"template"`
	OwnerID    uuid.UUID     `json:"owner_id"`
	OwnerName  string        `json:"owner_name"`
	State      string        `json:"state"`
	Reason     string        `json:"reason"`
	WaitingFor string        `json:"waiting_for"`
	Scale      int           `json:"scale"`
	Tags       []string      `json:"tags"`
	CreatedAt  time.Time     `json:"created_at"`
	EndedAt    time.Time     `json:"ended_at"`
}

func (s *modelSession) shown() shownSession {
	waits := ""
	if s.state == link.Pending {
		waits = "start" // an agent of the attack has more slots than there are sessions
	}
	return shownSession{
		ID: s.id, Name: s.name, OwnerID: s.owner.id.UUID, State: string(s.state), Reason: s.reason, CreatedAt: s.created,
		WaitingFor: waits, Scale: 1, OwnerName: s.owner.name, Tags: append([]string{}, s.tags...),
		Template: shownTemplate{ID: s.template.id, Name: s.template.name, Title: s.template.title},
	}
}

// same compares what is shown with what must be. When a session ended is the database's to say; that it has is not.
func (got shownSession) same(want shownSession) error {
	if got.EndedAt.IsZero() == sessions.State(got.State).Final() {
		return errors.New("its end and its state contradict each other")
	}
	got.EndedAt = time.Time{}
	if d := gocmp.Diff(want, got); d != "" {
		return fmt.Errorf("the session (-want +got):\n%s", d)
	}
	return nil
}

func showsSession(want *shownSession) func([]byte) error {
	return func(body []byte) error {
		var got shownSession
		if err := decode(body, &got); err != nil {
			return err
		}
		return got.same(*want)
	}
}

// oneSession is an operation on a session that the caller must see.
func (f *arena) oneSession(t *rapid.T, q request, then func(*asking, *modelSession) verdict) *shot {
	w := f.asker(t)
	i := f.name(t, "session", w.of(f))
	q.path, q.form, q.target = strings.ReplaceAll(q.path, "{id}", i.text), i.form, i.label
	var want shownSession
	return f.apiShot(t, w, q, func(w *asking, role org.Role) verdict {
		of := w.access.of
		n := slices.IndexFunc(of.sessions, func(s *modelSession) bool { return s.id == i.id })
		if n < 0 || !of.sessions[n].seenBy(w.access.who, role) {
			return of.missed("session", i.id)
		}
		v := then(w, of.sessions[n])
		want = of.sessions[n].shown()
		return v
	}, showsSession(&want))
}

func (f *arena) getSession(t *rapid.T) *shot {
	return f.oneSession(t, request{operation: "getSession", method: http.MethodGet, path: "/api/v1/sessions/{id}"},
		func(*asking, *modelSession) verdict { return verdict{status: 200} })
}

// updateSession has someone rename a session and tag it.
func (f *arena) updateSession(t *rapid.T) *shot {
	q := request{operation: "updateSession", method: http.MethodPatch, path: "/api/v1/sessions/{id}", changes: true}
	name, tag := "Renamed", rapid.SampledFrom([]string{"one", "two"}).Draw(t, "tag")
	q.body = fmt.Sprintf(`{"name": %q, "tags": [%q, %q]}`, name, tag, tag)
	return f.oneSession(t, q, func(_ *asking, s *modelSession) verdict {
		if s.name != name || !slices.Equal(s.tags, []string{tag}) {
			s.of.audit["session.update"]++
			s.of.events["session.updated"]++
		}
		s.name, s.tags = name, []string{tag}
		return verdict{status: 200}
	})
}

func (f *arena) deleteSession(t *rapid.T) *shot {
	q := request{operation: "deleteSession", method: http.MethodDelete, path: "/api/v1/sessions/{id}", changes: true}
	return f.oneSession(t, q, func(_ *asking, s *modelSession) verdict {
		if s.state.Final() {
			return verdict{status: 200}
		}
		s.terminate()
		return verdict{status: 202}
	})
}

// takeOverSession has an admin become the owner of a session, which its owner must have left.
func (f *arena) takeOverSession(t *rapid.T) *shot {
	q := request{
		operation: "takeOverSession", method: http.MethodPost, path: "/api/v1/sessions/{id}/take-over", manages: true,
	}
	return f.oneSession(t, q, func(w *asking, s *modelSession) verdict {
		who := w.access.who
		_, own := s.of.held(who)
		switch {
		case s.owner == who:
			return verdict{status: 200}
		case s.of.roles[s.owner] != "":
			return verdict{409, "owner_is_member"}
		case s.endWanted || s.state.Final():
			return ended
		case own >= s.of.perUser:
			return verdict{409, "quota_exceeded"}
		}
		s.owner = who
		s.of.audit["session.take_over"]++
		s.of.events["session.taken_over"]++
		return verdict{status: 200}
	})
}

func (f *arena) createSession(t *rapid.T) *shot {
	q := request{operation: "createSession", method: http.MethodPost, path: "/api/v1/sessions", changes: true}
	w := f.asker(t)
	ref, name := f.reference(t, &q, w.of(f)), ""
	body := map[string]any{"template": ref}
	if named := rapid.Bool().Draw(t, "named"); named {
		name = "Mine " + w.of(f).canary
		body["name"] = name
	}
	f.spoil(t, &q, body)
	b, _ := json.Marshal(body) // texts: cannot fail
	q.body = string(b)
	key := pick(t, "key", []string{"", "", "", "", "k1", "k2"})
	if key != "" {
		q.target += " with key " + key
		if q.header == nil {
			q.header = http.Header{}
		}
		q.header.Set("Idempotency-Key", key)
	}
	var made *modelSession
	again := false
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) (v verdict) {
		of, use := w.access.of, keyUse{w.access.who, key}
		before, used := of.keys[use]
		switch {
		case used && before.body != q.body:
			return keyReused
		case used:
			made, again = before.made, true
			return verdict{status: 201}
		}
		if made, v = of.begin(w.access.who, ref, name); v.status == 201 && key != "" {
			of.keys[use] = keyed{q.body, made}
		}
		return v
	}, func(body []byte) error {
		var got shownSession
		if err := decode(body, &got); err != nil {
			return err
		}
		if again {
			return got.same(made.shown())
		}
		made.id, made.created = got.ID, got.CreatedAt
		made.of.sessions = append(made.of.sessions, made)
		f.own("session", made.id, made.of)
		return got.same(made.shown())
	})
}

var keyReused = verdict{422, "idempotency_key_reused"}

// keyUse is an Idempotency-Key of a person. Another person's is another one.
type keyUse struct {
	who  *person
	text string
}

// keyed is the request that a key was used for, and what it has created.
type keyed struct {
	body string
	made *modelSession
}

// spoil makes some bodies wrong.
func (f *arena) spoil(t *rapid.T, q *request, body map[string]any) {
	r := pick(t, "named for", f.realms)
	switch rapid.IntRange(0, 19).Draw(t, "body") {
	case 14:
		q.form, body["org_id"], q.target = invalidBody, r.id.String(), q.target+", naming "+r.label
	case 15:
		q.form, body["owner_id"], q.target = invalidBody, r.people[0].id.String(), q.target+" for "+r.people[0].label
	case 16:
		q.form, body["name"], q.target = invalidBody, strings.Repeat("n", 81), q.target+", with a long name"
	case 17:
		q.form, q.target = invalidBody, "of nothing"
		delete(body, "template")
	case 18:
		q.form, q.target = verdict{415, "unsupported_media_type"}, q.target+" as text"
		q.header = http.Header{"Content-Type": {"text/plain"}}
	}
}

// reference draws a reference to a template, valid or not.
func (f *arena) reference(t *rapid.T, q *request, own *realm) string {
	r := f.near(t, own)
	p := pick(t, "template", r.usable())
	q.target = p.label
	switch rapid.IntRange(0, 11).Draw(t, "reference") {
	case 6, 7:
		q.target += " by name"
		return p.name
	case 8:
		q.target += " as a URN"
		return p.id.URN()
	case 9:
		q.target += " in capitals"
		return strings.ToUpper(p.id.String())
	case 10:
		q.target = "something unknown"
		return uuid.NewString()
	case 11:
		if len(r.sessions) > 0 {
			s := pick(t, "session", r.sessions)
			q.target = "the session " + s.label
			return s.id.String()
		}
	}
	return p.id.String()
}

// begin is what a wish for a session comes to.
func (r *realm) begin(who *person, ref, name string) (*modelSession, verdict) {
	p := r.find(ref)
	if p == nil {
		if id, err := uuid.Parse(ref); err == nil {
			return nil, r.missed("template", id)
		}
		return nil, templateUnknown
	}
	if all, own := r.held(who); all >= r.perOrg || own >= r.perUser {
		return nil, verdict{409, "quota_exceeded"}
	}
	s := &modelSession{
		label: fmt.Sprintf("%s.s%d", r.label, len(r.sessions)), of: r, owner: who, name: cmp.Or(name, p.title), template: p,
		state: link.Pending,
	}
	r.audit["session.create"]++
	r.events["session.created"]++
	return s, verdict{status: 201}
}

func (f *arena) listSessions(t *rapid.T) *shot {
	q := request{operation: "listSessions", method: http.MethodGet, path: "/api/v1/sessions"}
	w := f.asker(t)
	l := f.listing(t, &q, w.of(f))
	active := rarely(t, "active", 3)
	if active {
		l.query.Set("active", "true")
		q.target += " of those that run"
	}
	before, bad := time.Time{}, error(nil)
	if l.after != (page.Cursor{}) {
		if before, bad = time.Parse(time.RFC3339Nano, l.after.Key); bad != nil && q.form == proceed {
			q.form = invalidCursor
		}
	}
	q.path += "?" + l.query.Encode()
	var want []shownSession
	var next string
	return f.apiShot(t, w, q, func(w *asking, role org.Role) verdict {
		for _, s := range w.access.of.visible(w.access.who, role) {
			older := cmp.Or(s.created.Compare(before), slices.Compare(s.id[:], l.after.ID[:])) < 0
			if (active && s.state.Final()) || (!before.IsZero() && !older) {
				continue
			}
			if len(want) == l.limit {
				last := want[l.limit-1]
				next = page.Cursor{
					Key: last.CreatedAt.UTC().Format(time.RFC3339Nano), ID: last.ID, Org: w.access.of.id.UUID,
				}.String()
				break
			}
			want = append(want, s.shown())
		}
		return verdict{status: 200}
	}, func(body []byte) error {
		var got struct {
			Items []shownSession `json:"items"`
			Next  string         `json:"next_cursor"`
		}
		if err := decode(body, &got); err != nil {
			return err
		}
		if len(got.Items) != len(want) || got.Next != next {
			return fmt.Errorf("%d sessions and then %q, want %d and then %q", len(got.Items), got.Next, len(want), next)
		}
		for i, s := range got.Items {
			if err := s.same(want[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// listing is what a page is asked for with.
type listing struct {
	query url.Values
	limit int
	after page.Cursor
}

// listing draws the parameters of a page: cursors may be those of another realm, which are refused, or of another list.
func (f *arena) listing(t *rapid.T, q *request, own *realm) listing {
	l := listing{query: url.Values{}, limit: page.Default}
	r := f.near(t, own)
	switch rapid.IntRange(0, 7).Draw(t, "cursor") {
	case 4, 5:
		if len(r.sessions) > 0 {
			s := pick(t, "session", r.sessions)
			l.after = page.Cursor{Key: s.created.UTC().Format(time.RFC3339Nano), ID: s.id, Org: r.id.UUID}
			q.target = "behind " + s.label
		}
	case 6:
		p := pick(t, "template", r.usable())
		l.after = page.Cursor{Key: p.name, ID: p.id, Org: r.id.UUID}
		q.target = "behind " + p.label
	case 7:
		l.query.Set("cursor", "anything")
		q.form, q.target = invalidCursor, "behind nonsense"
	}
	if c := l.after.String(); c != "" {
		l.query.Set("cursor", c)
		if r != own {
			q.form = invalidCursor
		}
	}
	switch n := rapid.IntRange(0, 9).Draw(t, "limit"); n {
	case 1, 2, 3, 100:
		l.limit = n
		l.query.Set("limit", strconv.Itoa(n))
	case 8:
		l.query.Set("limit", "101")
		q.form = invalidParam
	case 9:
		l.query.Set("org_id", r.id.String())
		q.form, q.target = unknownParam, q.target+" naming "+r.label
	}
	return l
}
