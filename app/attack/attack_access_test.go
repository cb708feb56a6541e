package attack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/ports/org"
)

var signInUnknown = verdict{404, "sign_in_not_found"}

// shownSignIn is a sign-in as a list shows it.
type shownSignIn struct {
	ID      uuid.UUID `json:"id"`
	Created time.Time `json:"created_at"`
	Ends    time.Time `json:"ends_at"`
	Address string    `json:"address"`
	Browser string    `json:"browser"`
	Current bool      `json:"current"`
}

// listSignIns shows a person their own sign-ins to one organisation.
func (f *arena) listSignIns(t *rapid.T) *shot {
	q := request{operation: "listSignIns", method: http.MethodGet, path: "/api/v1/me/sign-ins?limit=100"}
	type mark struct {
		ID      uuid.UUID
		Current bool
	}
	var want []mark
	return f.apiShot(t, f.asker(t), q, func(w *asking, _ org.Role) verdict {
		for _, c := range slices.Backward(w.access.of.accesses) {
			if c.who == w.access.who && !c.gone {
				want = append(want, mark{c.public, c == w.access})
			}
		}
		return verdict{status: 200}
	}, func(body []byte) error {
		var got struct {
			Items []shownSignIn `json:"items"`
			Next  string        `json:"next_cursor"`
		}
		if err := decode(body, &got); err != nil {
			return err
		}
		var is []mark
		for _, s := range got.Items {
			is = append(is, mark{s.ID, s.Current})
		}
		if d := gocmp.Diff(want, is); d != "" {
			return fmt.Errorf("the sign-ins (-want +got):\n%s", d)
		}
		return nil
	})
}

// endSignIn ends a sign-in to the caller's organisation: their own, another's or one that there is not. Those of other
// organisations, which may end at the same time, are in the matrix.
func (f *arena) endSignIn(t *rapid.T) *shot {
	w := f.asker(t)
	other := pick(t, "other access", w.of(f).accesses)
	id, label := other.public, other.label
	if rarely(t, "unknown", 8) {
		id, label, other = uuid.Must(uuid.NewV7()), "an id of nothing", &access{gone: true}
	}
	q := request{operation: "endSignIn", method: http.MethodDelete, path: "/api/v1/me/sign-ins/" + id.String()}
	q.target = label
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		if other.gone || other.who != w.access.who {
			return signInUnknown
		}
		other.gone = true
		if other == w.access && w.token < 0 {
			other.claimed = ""
		}
		other.of.audit["credential.sign_out"]++
		return verdict{status: 204}
	}, nil)
}

// endOthers ends all other sign-ins of a person who belongs to one organisation.
func (f *arena) endOthers(t *rapid.T) *shot {
	w := f.asker(t)
	if w.access != nil && w.access.who == f.people[0] {
		return f.logOut(t)
	}
	return f.endOthersBy(t, w)
}

// endOthersOfBoth ends all other sign-ins of the person who belongs to two organisations, in both.
func (f *arena) endOthersOfBoth(t *rapid.T) *shot { return f.endOthersBy(t, f.askerOfBoth(t)) }

// askerOfBoth draws a sign-in of the person who belongs to two organisations. What they ask concerns both, so that it
// is sent alone.
func (f *arena) askerOfBoth(t *rapid.T) *asking {
	var own []*access
	for _, c := range slices.Concat(f.realms[0].accesses, f.realms[1].accesses) {
		if c.who == f.people[0] && len(c.tokens) > 0 {
			own = append(own, c)
		}
	}
	c := pick(t, "access of both", own)
	n := rapid.IntRange(0, len(c.tokens)-1).Draw(t, "token of both")
	return &asking{
		fmt.Sprintf("%s by token %d", c.label, n), c, "", n, http.Header{"Authorization": {"Bearer " + c.tokens[n].text}},
	}
}

// changePassword replaces a person's password by the same one, which the model need not follow. It is rare: it costs
// two hashes.
func (f *arena) changePassword(t *rapid.T) *shot {
	w := f.asker(t)
	if !rarely(t, "by password", 10) || w.access != nil && w.access.who == f.people[0] {
		return f.listSignIns(t)
	}
	return f.changePasswordBy(t, w)
}

// changePasswordOfBoth ends the sign-ins of the person who belongs to two organisations, in both.
func (f *arena) changePasswordOfBoth(t *rapid.T) *shot {
	return f.changePasswordBy(t, f.askerOfBoth(t))
}

func (f *arena) changePasswordBy(t *rapid.T, w *asking) *shot {
	q := request{operation: "changePassword", method: http.MethodPost, path: "/api/v1/me/password"}
	present, right := servertest.Password, !rarely(t, "wrong password", 3)
	if !right {
		present, q.target = "something else", "by a wrong one"
	}
	b, _ := json.Marshal(map[string]string{"current_password": present, "new_password": servertest.Password}) // texts
	q.body = string(b)
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		if !right {
			return verdict{403, "wrong_password"}
		}
		for _, r := range f.of(w.access.who) {
			r.endAllBut(w.access)
			r.audit["password.change"]++
		}
		return verdict{status: 204}
	}, nil)
}

func (f *arena) endOthersBy(t *rapid.T, w *asking) *shot {
	q := request{operation: "endOtherSignIns", method: http.MethodDelete, path: "/api/v1/me/sign-ins"}
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		for _, r := range f.of(w.access.who) {
			if r.endAllBut(w.access) {
				r.audit["credential.sign_out_others"]++
			}
		}
		return verdict{status: 204}
	}, nil)
}

// of lists the organisations that a person is a member of. Those of a person of one organisation are looked at by its
// own group alone.
func (f *arena) of(who *person) (all []*realm) {
	for _, r := range f.realms {
		if slices.Contains(r.people, who) && r.roles[who] != "" {
			all = append(all, r)
		}
	}
	return all
}

// endAllBut ends a person's sign-ins to this organisation, except the one that asks, and reports whether there were
// any.
func (r *realm) endAllBut(c *access) (ended bool) {
	for _, other := range r.accesses {
		if other.who == c.who && other != c && !other.gone {
			other.gone, ended = true, true
		}
	}
	return ended
}
