package attack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// modelled are the operations for which the model predicts each response. An operation that is missing
// here is asked for by unmodelled, which knows less about its answers.
var modelled = []string{
	"changePassword", "createSession", "createTemplate", "createTicket", "deleteSession", "deleteTemplate",
	"endOtherSignIns", "endSignIn", "getKeys", "getMe", "getSession", "getSpec", "getTemplate", "listOrgs", "listSessions",
	"listSignIns", "listTemplates", "logIn", "logOut", "refresh", "removeMember", "requestPublication", "streamLog",
	"streamSession", "switchOrg", "takeOverSession", "updateMember", "updateSession", "updateTemplate",
	"withdrawPublication",
}

// modelledKinds begin the names of the audit entries and events that the model counts.
var modelledKinds = []string{"agent", "credential", "member", "org", "password", "session", "template"}

// unmodelled asks for an operation that the model does not know, with ids of one's own realm or another's, by a token.
func (f *arena) unmodelled(t *rapid.T) *shot {
	id := pick(t, "operation", slices.Sorted(maps.Keys(f.attack.unmodelled)))
	op, r := f.attack.unmodelled[id], pick(t, "realm", f.realms)
	c, of := pick(t, "access", r.accesses), f.near(t, r)
	n := rapid.IntRange(0, len(c.tokens)-1).Draw(t, "token")
	u := unmodelledRequest{op: op, access: c, token: c.tokens[n], of: of, ids: map[string]uuid.UUID{}}
	for _, param := range op.params() {
		id, ok := of.one(param)
		if own := of == r && op.method == http.MethodDelete; ok && !own { // what there is stays there for the others
			u.ids[param] = id
		}
	}
	s := &shot{of: r, what: fmt.Sprintf("%s by token %d: %s", c.label, n, op.id)}
	if len(op.params()) > 0 {
		s.what += " of " + of.label
	}
	s.fire = func() *difference {
		got, err := u.ask()
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		return u.judge(s, got)
	}
	return s
}

// one is the id of something of a realm: its newest session, its first template, or what furnishUnmodelled made.
func (r *realm) one(param string) (uuid.UUID, bool) {
	switch {
	case param == "session_id" && len(r.sessions) > 0:
		return r.sessions[len(r.sessions)-1].id, true
	case param == "template_id" && len(r.templates) > 0:
		return r.templates[0].id, true
	}
	id, ok := r.things[param]
	return id, ok
}

// unmodelledRequest is a request of an operation that the model does not know.
type unmodelledRequest struct {
	op     operation
	access *access
	token  token
	of     *realm               // whose things it names
	ids    map[string]uuid.UUID // of those things, by their parameter
}

// ask sends it, with the realm's canary in every text of its body.
func (u unmodelledRequest) ask() (answered, error) {
	q := request{operation: u.op.id, method: u.op.method, header: http.Header{}}
	q.path = u.op.at(func(param string) string {
		if id, ok := u.ids[param]; ok {
			return id.String()
		}
		return uuid.NewString()
	})
	if u.op.resumes {
		q.path += "?after=0" // with its history
	}
	if u.op.socket {
		q.header = handshake()
	}
	if u.op.body != nil {
		b, err := json.Marshal(sample(u.op.body, u.access.of.canary))
		if err != nil {
			return answered{}, err
		}
		q.body = string(b)
		q.header.Set("Content-Type", "application/json")
	}
	return u.access.of.f.send(q, http.Header{"Authorization": {"Bearer " + u.token.text}})
}

// judge looks at what holds whatever the operation does: its answer has no word of another organisation, a sign-in that
// has ended is not known, and ids of another organisation open nothing.
func (u unmodelledRequest) judge(s *shot, got answered) *difference {
	var problem struct{ Code string }
	_ = json.Unmarshal(got.body, &problem) // no problem document: no code
	was := verdict{status: got.status}
	if got.status >= http.StatusBadRequest {
		was.code = problem.Code
	}
	s.what += " → " + was.String()
	s.of.f.attack.tally(was)
	detail := fmt.Sprintf("the answer: %d %s\n%s", got.status, flat(got.header), got.body)
	allowed := []int{}
	switch {
	case u.op.public:
	case !u.access.holds():
		allowed = []int{http.StatusUnauthorized}
	case u.token.role != u.access.role():
		allowed = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	case u.of != u.access.of && len(u.ids) > 0:
		allowed = []int{http.StatusForbidden, http.StatusNotFound}
	}
	word := u.access.of.foreignWord(append(flat(got.header), got.body...))
	switch {
	case word != "":
		return &difference{"the answer holds a word of another organisation", word + " in " + detail}
	case got.status >= http.StatusInternalServerError:
		return &difference{"want no error of the control plane's own", detail}
	case len(allowed) > 0 && !slices.Contains(allowed, got.status):
		return &difference{fmt.Sprintf("want one of %v", allowed), detail}
	}
	if was == otherOrg {
		u.noteRefusal()
	}
	return nil
}

// noteRefusal counts what the control plane has recorded, where the model knows the resource.
func (u unmodelledRequest) noteRefusal() {
	for _, param := range u.op.params() {
		kind := strings.TrimSuffix(param, "_id")
		if id, ok := u.ids[param]; ok && slices.Contains([]string{"session", "template"}, kind) {
			u.access.of.missed(kind, id)
			return
		}
	}
}

// furnishUnmodelled has the owner of each realm make one of everything that the model does not know, with the realm's
// canary in every text of it.
func (f *arena) furnishUnmodelled() {
	for _, r := range f.realms {
		for _, id := range slices.Sorted(maps.Keys(f.attack.unmodelled)) {
			for _, param := range f.attack.unmodelled[id].params() {
				if _, ok := r.one(param); !ok && param != "session_id" {
					r.makeThing(param)
				}
			}
		}
	}
}

// makeThing makes one by a POST to its collection. What cannot be made so is noted, and stays unknown.
func (r *realm) makeThing(param string) {
	a := r.f.attack
	op, ok := a.api.maker(param)
	if !ok {
		a.unmade.Store(param, "no operation makes one")
		return
	}
	owner := r.accesses[0]
	u := unmodelledRequest{op: op, access: owner, token: owner.tokens[0], of: r, ids: r.things}
	got, err := u.ask()
	r.f.must(err)
	var made struct{ ID uuid.UUID }
	if err := json.Unmarshal(got.body, &made); err != nil || got.status != http.StatusCreated {
		a.unmade.Store(param, fmt.Sprintf("%s was answered %d %s", op.id, got.status, got.body))
		return
	}
	r.things[param] = made.ID
}

// forgetUnmodelled leaves out what audit entries or events say about resources that the model does not know, and at
// times that it does not know.
func (a *attack) forgetUnmodelled(said map[string]int64) {
	maps.DeleteFunc(said, func(what string, _ int64) bool {
		switch what {
		case "credential.refused", "session.disconnect", "session.leave_log": // written each minute, or after a stream's end
			return true
		}
		kind, _, _ := strings.Cut(what, ".")
		return len(a.unmodelled) > 0 && !slices.Contains(modelledKinds, kind)
	})
}

// noteOperation counts a request by its operation.
func (a *attack) noteOperation(method, path string) {
	if id := a.api.find(method, path); id != "" {
		n, _ := a.asked.LoadOrStore(id, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	}
}

// tellOperations says which operations the model does not know. It fails for one that it knows and the contract does
// not.
func (a *attack) tellOperations(t *testing.T) {
	t.Helper()
	for _, id := range modelled {
		if _, ok := a.api[id]; !ok {
			t.Errorf("%s is modelled and not in the contract", id)
		}
	}
	t.Logf("operations: %d, of which the model does not know %d: %v", len(a.api), len(a.unmodelled),
		slices.Sorted(maps.Keys(a.unmodelled)))
	a.unmade.Range(func(param, why any) bool {
		t.Logf("nothing stands for {%s}: %s", param, why)
		return true
	})
}
