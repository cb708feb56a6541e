package attack

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

var badLogin = verdict{401, "invalid_credentials"}

func (f *arena) getTemplate(t *rapid.T) *shot {
	w := f.asker(t)
	i := f.name(t, "template", w.of(f))
	q := request{
		operation: "getTemplate", method: http.MethodGet, path: "/api/v1/templates/" + i.text, target: i.label, form: i.form,
	}
	var want *modelTemplate
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		if want = w.access.of.find(i.id.String()); want == nil {
			return w.access.of.missed("template", i.id)
		}
		return verdict{status: 200}
	}, func(body []byte) error { return shows(want.shown(), body) })
}

// shows compares what was answered with what must be.
func shows[T any](want T, body []byte) error {
	var got T
	if err := decode(body, &got); err != nil {
		return err
	}
	if d := gocmp.Diff(want, got); d != "" {
		return fmt.Errorf("the answer (-want +got):\n%s", d)
	}
	return nil
}

func (f *arena) listTemplates(t *rapid.T) *shot {
	q := request{operation: "listTemplates", method: http.MethodGet, path: "/api/v1/templates"}
	w := f.asker(t)
	l := f.listing(t, &q, w.of(f))
	q.path += "?" + l.query.Encode()
	want := struct {
		Items []shownTemplate `json:"items"`
		Next  string          `json:"next_cursor"`
	}{Items: []shownTemplate{}}
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		for _, p := range w.access.of.usable() {
			later := strings.Compare(p.name, l.after.Key)
			if later == 0 {
				later = slices.Compare(p.id[:], l.after.ID[:])
			}
			if later <= 0 {
				continue
			}
			if len(want.Items) == l.limit {
				last := want.Items[l.limit-1]
				want.Next = page.Cursor{Key: last.Name, ID: last.ID, Org: w.access.of.id.UUID}.String()
				break
			}
			want.Items = append(want.Items, p.shown())
		}
		return verdict{status: 200}
	}, func(body []byte) error { return shows(want, body) })
}

// shownMe is a user as getMe shows them.
type shownMe struct {
	User struct {
		ID    uuid.UUID `json:"id"`
		Email string    `json:"email"`
		Name  string    `json:"name"`
	} `json:"user"`
	Org struct {
		ID   uuid.UUID `json:"id"`
		Slug string    `json:"slug"`
		Name string    `json:"name"`
	} `json:"org"`
	Role org.Role `json:"role"`
}

func (f *arena) getMe(t *rapid.T) *shot {
	q := request{operation: "getMe", method: http.MethodGet, path: "/api/v1/me"}
	var want shownMe
	return f.apiShot(t, f.asker(t), q, func(w *asking, role org.Role) verdict {
		who, of := w.access.who, w.access.of
		want.User.ID, want.User.Email, want.User.Name = who.id.UUID, who.email, who.name
		want.Org.ID, want.Org.Slug, want.Org.Name = of.id.UUID, of.slug, of.name
		want.Role = role
		return verdict{status: 200}
	}, func(body []byte) error { return shows(want, body) })
}

func (f *arena) logOut(t *rapid.T) *shot {
	q := request{operation: "logOut", method: http.MethodPost, path: "/api/v1/auth/logout"}
	return f.apiShot(t, f.asker(t), q, func(w *asking, _ org.Role) verdict {
		if w.access.gone = true; w.token < 0 {
			w.access.claimed = "" // by a token, what is remembered of the cookie is found outdated later
		}
		w.access.of.audit["credential.sign_out"]++
		return verdict{status: 204}
	}, nil)
}

// nothing requests unknown paths and public ones.
func (f *arena) nothing(t *rapid.T) *shot {
	p := pick(t, "path", []string{
		"/api/v1/orgs", "/api/v1/sessions/" + f.realms[0].id.String() + "/history", "/api/v1/openapi.yaml",
		"/.well-known/jwks.json", "/api/v1/../v1/me", "//api/v1/me", "/",
	})
	q := request{operation: "get", method: http.MethodGet, path: p, target: p[:min(len(p), 20)], public: true}
	q.form = verdict{404, "no_route"}
	if p == "/" || strings.HasSuffix(p, ".json") || strings.HasSuffix(p, ".yaml") {
		q.form = verdict{status: 200}
	}
	return f.apiShot(t, f.asker(t), q, nil, nil)
}

// refreshing presents a refresh token: an access's, or one of nothing.
func (f *arena) refreshing(t *rapid.T) *shot {
	c := pick(t, "access", pick(t, "realm", f.realms).accesses)
	s := &shot{of: c.of, what: c.label + ": refresh"}
	if rarely(t, "unknown", 8) {
		c = &access{of: c.of, secret: secret.New().Reveal(), gone: true}
		s.what = "unknown caller: refresh"
	}
	s.fire = func() *difference { return c.refresh(s) }
	return s
}

// refresh gets one more token.
func (c *access) refresh(s *shot) *difference {
	f, want := c.of.f, verdict{status: 200}
	scope := c.of
	if !c.holds() {
		want, scope = signedOut, nil
	}
	b, _ := json.Marshal(map[string]string{"refresh_token": c.secret}) // a text: cannot fail
	got, err := f.send(request{
		method: http.MethodPost, path: "/api/v1/auth/refresh", body: string(b),
		header: http.Header{"Content-Type": {"application/json"}},
	}, nil)
	if err != nil {
		return &difference{"no answer", err.Error()}
	}
	return s.judge(scope, want, got, func(body []byte) error { return c.take(body, nil) })
}

// shownTokens is a sign-in as a client keeps it.
type shownTokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Org     string `json:"org"`
}

// take keeps the tokens of an answer, if they are for whom they must be. logged is given what a login alone tells.
func (c *access) take(body []byte, logged func(id, secret string) error) error {
	var got shownTokens
	if err := decode(body, &got); err != nil {
		return err
	}
	parts := strings.Split(got.Access, ".")
	if len(parts) != 3 {
		return errors.New("the access token is none")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	if logged != nil {
		if err := logged(fmt.Sprint(claims["sid"]), got.Refresh); err != nil {
			return err
		}
	}
	if word := c.of.foreignWord(payload); word != "" {
		return fmt.Errorf("the token holds %s", word)
	}
	is := []any{
		claims["sub"], claims["org_id"], claims["org_name"], claims["org_slug"], claims["sid"], claims["role"],
		got.Refresh, got.Org,
	}
	want := []any{
		c.who.id.String(), c.of.id.String(), c.of.name, c.of.slug, c.id.String(), string(c.role()), c.secret, c.of.slug,
	}
	c.tokens = append(c.tokens, token{got.Access, c.role()})
	if d := gocmp.Diff(want, is); d != "" {
		return fmt.Errorf("the tokens (-want +got):\n%s", d)
	}
	return nil
}

// logIn signs in by password, into an organisation that is named: one's own or another's.
func (f *arena) logIn(t *rapid.T) *shot {
	of, named := pick(t, "realm", f.realms), pick(t, "named realm", f.realms)
	if rapid.Bool().Draw(t, "own") {
		named = of
	}
	who, right := pick(t, "person", of.people), !rarely(t, "wrong password", 3)
	s := &shot{of: named, what: fmt.Sprintf("%s: logIn to %s, right password %v", who.label, named.label, right)}
	c := named.newAccess(who)
	s.fire = func() *difference {
		want, scope := verdict{status: 200}, named
		if !right || named.suspended || named.roles[who] == "" {
			want, scope = badLogin, nil
		}
		in := map[string]any{"email": strings.ToUpper(who.email), "password": servertest.Password, "org": named.slug}
		if !right {
			in["password"] = "something else"
		}
		got, err := f.sendLogin(in)
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		return s.judge(scope, want, got, func(body []byte) error {
			named.audit["credential.sign_in"]++
			named.accesses = append(named.accesses, c)
			return c.take(body, func(id, refresh string) (err error) {
				c.secret = refresh
				if c.id.UUID, err = uuid.Parse(id); err != nil {
					return err
				}
				return c.findPublic()
			})
		})
	}
	return s
}

func (f *arena) sendLogin(in map[string]any) (answered, error) {
	b, _ := json.Marshal(in) // texts: cannot fail
	return f.send(request{
		method: http.MethodPost, path: "/api/v1/auth/login", body: string(b),
		header: http.Header{"Content-Type": {"application/json"}},
	}, nil)
}

// chooseOrg logs in a member of two organisations who names none. The response lists the organisations that they may
// enter, and no others.
func (f *arena) chooseOrg(*rapid.T) *shot {
	who := f.people[0]
	s := &shot{of: f.realms[0], what: who.label + ": logIn"}
	s.fire = func() *difference {
		var open []string
		for _, r := range f.realms {
			if r.roles[who] != "" && !r.suspended {
				open = append(open, r.slug)
			}
		}
		if len(open) == 1 {
			return nil // it would be let in, as by its name
		}
		slices.Sort(open)
		want := verdict{409, "org_required"}
		if len(open) == 0 {
			want = badLogin
		}
		got, err := f.sendLogin(map[string]any{"email": who.email, "password": servertest.Password})
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		var told struct{ Orgs []string }
		_ = json.Unmarshal(got.body, &told) // what is no such answer names none
		if !slices.Equal(told.Orgs, open) {
			return &difference{"other organisations to choose from than there are", string(got.body)}
		}
		for _, slug := range open {
			got.body = bytes.ReplaceAll(got.body, []byte(slug), nil)
		}
		return s.judge(nil, want, got, nil)
	}
	return s
}
