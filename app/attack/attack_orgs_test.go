package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

var notYourOrg = verdict{403, "not_your_org"}

// crossing is a request whose answer may hold words of several organisations of the caller.
type crossing struct {
	who *asking
	q   request
	do  func() verdict
	// shown are the organisations whose words the answer may hold, and look what else must be true of it.
	shown []*realm
	look  func([]byte) error
}

// crossShot sends a crossing. The words of the organisations that it may show are taken out before the answer is
// searched for those of others.
func (f *arena) crossShot(c *crossing) *shot {
	s := &shot{of: c.who.of(f), what: strings.TrimSpace(fmt.Sprintf("%s: %s %s", c.who.label, c.q.operation, c.q.target))}
	if c.q.body != "" {
		c.q.header = http.Header{"Content-Type": {"application/json"}}
	}
	s.fire = func() *difference {
		_, want := c.who.authorize(c.q)
		if want == proceed {
			want = c.do()
		}
		got, err := f.send(c.q, c.who.header)
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		whole := got.body
		for _, r := range c.shown {
			got.body = bytes.ReplaceAll(got.body, []byte(r.canary), nil)
		}
		return s.judge(c.who.scope(), want, got, func([]byte) error { return c.look(whole) })
	}
	return s
}

// askerOfOne draws a caller who belongs to one organisation at most, or nil.
func (f *arena) askerOfOne(t *rapid.T) *asking {
	if w := f.asker(t); w.access != nil && w.access.who != f.people[0] {
		return w
	}
	return nil
}

// listOrgs shows a person their organisations.
func (f *arena) listOrgs(t *rapid.T) *shot {
	if w := f.askerOfOne(t); w != nil {
		return f.listOrgsBy(w)
	}
	return f.listSignIns(t)
}

func (f *arena) listOrgsOfBoth(t *rapid.T) *shot { return f.listOrgsBy(f.askerOfBoth(t)) }

func (f *arena) listOrgsBy(w *asking) *shot {
	type shownOrg struct {
		ID   uuid.UUID `json:"id"`
		Slug string    `json:"slug"`
		Name string    `json:"name"`
		Role org.Role  `json:"role"`
	}
	type page struct {
		Items []shownOrg `json:"items"`
	}
	want := page{Items: []shownOrg{}}
	c := &crossing{who: w, q: request{operation: "listOrgs", method: http.MethodGet, path: "/api/v1/me/orgs"}}
	c.do = func() verdict {
		for _, r := range f.of(w.access.who) {
			if !r.suspended {
				want.Items = append(want.Items, shownOrg{r.id.UUID, r.slug, r.name, r.roles[w.access.who]})
				c.shown = append(c.shown, r)
			}
		}
		slices.SortFunc(want.Items, func(a, b shownOrg) int { return strings.Compare(a.Slug, b.Slug) })
		return verdict{status: 200}
	}
	c.look = func(body []byte) error { return shows(want, body) }
	return f.crossShot(c)
}

// switchOrg signs a person in to an organisation by another sign-in: their own organisation or another's.
func (f *arena) switchOrg(t *rapid.T) *shot {
	w := f.askerOfOne(t)
	if w == nil {
		return f.listSignIns(t)
	}
	return f.switchBy(w, f.near(t, w.access.of))
}

func (f *arena) switchOfBoth(t *rapid.T) *shot {
	return f.switchBy(f.askerOfBoth(t), pick(t, "named realm", f.realms))
}

func (f *arena) switchBy(w *asking, named *realm) *shot {
	b, _ := json.Marshal(map[string]string{"org": named.slug}) // a text: cannot fail
	made := named.newAccess(w.access.who)
	c := &crossing{who: w, q: request{
		operation: "switchOrg", method: http.MethodPost, path: "/api/v1/auth/switch", body: string(b),
		target: "to " + named.label,
	}}
	c.do = func() verdict {
		if !slices.Contains(f.of(w.access.who), named) || named.suspended {
			return notYourOrg
		}
		c.shown = []*realm{named}
		return verdict{status: 200}
	}
	c.look = func(body []byte) error {
		named.audit["credential.sign_in"]++
		named.accesses = append(named.accesses, made)
		return made.take(body, func(id, refresh string) (err error) {
			made.secret = refresh
			if made.id.UUID, err = uuid.Parse(id); err != nil {
				return err
			}
			return made.findPublic()
		})
	}
	return f.crossShot(c)
}
