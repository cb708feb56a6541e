package attack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

var (
	memberUnknown = verdict{404, "member_not_found"}
	ownersOnly    = verdict{403, "owners_only"}
	lastOwner     = verdict{409, "last_owner"}
)

// person draws a person of the caller's realm or another. Users belong to no organisation, so that one of another realm
// is as unknown as none.
func (f *arena) person(t *rapid.T, own *realm) *person {
	of := own
	if rarely(t, "elsewhere", 5) {
		of = pick(t, "other realm", f.realms)
	}
	return pick(t, "person", of.people)
}

// updateMember has one person change another's role.
func (f *arena) updateMember(t *rapid.T) *shot {
	w := f.asker(t)
	who, role := f.person(t, w.of(f)), pick(t, "role", org.Roles())
	q := request{
		operation: "updateMember", method: http.MethodPatch, path: "/api/v1/members/" + who.id.String(),
		target: who.label + " to " + string(role), body: fmt.Sprintf(`{"role":%q}`, role), manages: true,
	}
	return f.apiShot(t, w, q, func(w *asking, mine org.Role) verdict {
		of := w.access.of
		was := of.roles[who]
		v := of.mayChange(who, mine, role)
		if v.status == http.StatusOK && was != role {
			of.roles[who] = role
			of.audit["member.role"]++
		}
		return v
	}, func(body []byte) error {
		var got struct {
			ID   uuid.UUID
			Role org.Role
		}
		err := json.Unmarshal(body, &got)
		if err == nil && (got.ID != who.id.UUID || got.Role != role) {
			err = fmt.Errorf("the answer is about %v, who is %s", got.ID, got.Role)
		}
		return err
	})
}

// removeMember has one person remove another, together with their sign-ins and tickets.
func (f *arena) removeMember(t *rapid.T) *shot {
	w := f.asker(t)
	who := f.person(t, w.of(f))
	q := request{
		operation: "removeMember", method: http.MethodDelete, path: "/api/v1/members/" + who.id.String(),
		target: who.label, manages: true,
	}
	return f.apiShot(t, w, q, func(w *asking, mine org.Role) verdict {
		of := w.access.of
		v := of.mayChange(who, mine, "")
		if v.status == http.StatusOK {
			v.status = http.StatusNoContent
			delete(of.roles, who)
			maps.DeleteFunc(of.keys, func(k keyUse, _ keyed) bool { return k.who == who })
			of.withdraw(who)
			of.audit["member.remove"]++
		}
		return v
	}, nil)
}

// mayChange predicts the outcome of changing a person's role. The empty role removes them.
func (r *realm) mayChange(who *person, mine, role org.Role) verdict {
	was := r.roles[who]
	switch {
	case was == "":
		return memberUnknown
	case was == org.RoleOwner && mine != org.RoleOwner:
		return ownersOnly
	case was == role:
		return verdict{status: http.StatusOK}
	case role == org.RoleOwner && mine != org.RoleOwner:
		return ownersOnly
	case was == org.RoleOwner && r.owners() == 1:
		return lastOwner
	default:
		return verdict{status: http.StatusOK}
	}
}
