package attack

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// verdict is the predicted response to a request. The zero value is no prediction.
type verdict struct {
	status int
	code   string // of a problem; empty: not looked at
}

func (v verdict) String() string { return strings.TrimSpace(fmt.Sprintf("%d %s", v.status, v.code)) }

// The verdicts that more than one operation can come to.
var (
	proceed         = verdict{}
	unknownParam    = verdict{400, "unknown_parameter"}
	invalidParam    = verdict{400, "invalid_parameter"}
	invalidBody     = verdict{400, "invalid_body"}
	invalidCursor   = verdict{400, "invalid_cursor"}
	signedOut       = verdict{401, "signed_out"}
	staleToken      = verdict{401, "stale_token"}
	forbidden       = verdict{403, "forbidden"}
	otherOrg        = verdict{403, "other_org"}
	crossOrigin     = verdict{403, "cross_origin"}
	sessionUnknown  = verdict{404, "session_not_found"}
	templateUnknown = verdict{404, "template_not_found"}
	ended           = verdict{409, "session_ended"}
)

// difference is a response that differs from the prediction.
type difference struct{ text, detail string }

// realm is what the model knows of one organisation. While shots are fired only its own group's goroutine touches it.
type realm struct {
	f      *arena
	label  string // in a history: "org0"
	id     org.ID
	canary string // in every text of this organisation, and nowhere else
	slug   string
	name   string
	space  string // its namespace
	agent  *outpost

	perOrg, perUser int64
	suspended       bool
	people          []*person // all there ever were; roles has those who are members
	roles           map[*person]org.Role
	accesses        []*access
	templates       []*modelTemplate // the templates of its own
	templatesMade   int              // by the API, for their labels
	sessions        []*modelSession  // its sessions, the oldest first
	keys            map[keyUse]keyed // by which sessions were created
	tickets         []*pass
	streams         []*viewing
	followers       []*following
	things          map[string]uuid.UUID // of what the model does not know, one of each by its parameter
	audit, events   map[string]int64     // entries by what they say
}

// person is a user, who can be a member.
type person struct {
	label, email, name string
	id                 org.UserID
}

// modelTemplate is a template as the model expects it.
type modelTemplate struct {
	label       string
	id          uuid.UUID
	name, title string
	public      bool
	requested   bool // to be published
	revision    int
	of          *realm
}

// modelSession is a session as the model expects it.
type modelSession struct {
	label     string
	of        *realm
	id        uuid.UUID
	owner     *person
	name      string
	tags      []string
	template  *modelTemplate
	state     sessions.State
	reason    string
	endWanted bool
	created   time.Time
}

// access is a credential.
type access struct {
	label   string
	of      *realm
	who     *person
	id      org.CredentialID
	secret  string
	public  uuid.UUID // what lists call it
	gone    bool
	tokens  []token
	claimed org.Role // what the control plane remembers of it as a cookie; empty: nothing
}

// token is an access token, and the role it was made for.
type token struct {
	text string
	role org.Role
}

// role is a person's current role; empty: no member.
func (c *access) role() org.Role { return c.of.roles[c.who] }

func (c *access) holds() bool { return !c.gone && !c.of.suspended }

func isAdmin(r org.Role) bool { return r == org.RoleOwner || r == org.RoleAdmin }

// seenBy reports whether a person with this role sees a session of their organisation.
func (s *modelSession) seenBy(who *person, role org.Role) bool {
	return s.owner == who || isAdmin(role)
}

// visible lists the sessions of a realm that a person sees, newest first.
func (r *realm) visible(who *person, role org.Role) []*modelSession {
	var out []*modelSession
	for _, s := range slices.Backward(r.sessions) {
		if s.seenBy(who, role) {
			out = append(out, s)
		}
	}
	return out
}

// usable lists the templates that members of a realm are shown, in the order of their names.
func (r *realm) usable() []*modelTemplate {
	all := slices.Concat(r.templates, r.f.attack.public)
	slices.SortFunc(all, func(a, b *modelTemplate) int {
		if n := strings.Compare(a.name, b.name); n != 0 {
			return n
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
	return all
}

// find is the template that a reference means in this realm.
func (r *realm) find(ref string) *modelTemplate {
	id, _ := uuid.Parse(ref)
	for _, p := range slices.Concat(r.templates, r.f.attack.public) { // the realm's own come first
		if p.name == ref || (id != uuid.Nil && p.id == id) {
			return p
		}
	}
	return nil
}

// missed is the answer to an id of which the realm is shown nothing, and what it leaves behind.
func (r *realm) missed(kind string, id uuid.UUID) verdict {
	at, unknown := 0, sessionUnknown
	if kind == "template" {
		at, unknown = 1, templateUnknown
	}
	if of := r.f.ownerOf(kind, id); of == nil || of == r {
		return unknown
	}
	r.audit[kind+".refused"]++
	r.f.attack.refusals[at].Add(1)
	return otherOrg
}

// held is how much of the quota is used, by the organisation and by one of its members.
func (r *realm) held(who *person) (all, own int64) {
	for _, s := range r.sessions {
		if s.state.Final() {
			continue
		}
		all++
		if s.owner == who {
			own++
		}
	}
	return all, own
}

// terminate is what a member's wish for an end does.
func (s *modelSession) terminate() {
	if s.endWanted || s.state.Final() {
		return
	}
	s.endWanted, s.state = true, link.Terminating
	s.of.audit["session.terminate"]++
	s.of.events["session.terminating"]++
}

// report is what an agent's word does, or the code with which it is refused. Once the end is wanted, all that an agent
// can say is whether it has come.
func (s *modelSession) report(saw sessions.State, reason string) string {
	if s.endWanted {
		reason = ""
		if saw.Final() {
			saw = link.Terminated
		} else {
			saw = link.Terminating
		}
	}
	switch {
	case s.state.Final():
		return "session_ended"
	case saw != s.state && !sessions.CanFollow(s.state, saw):
		return "bad_transition"
	case saw != s.state:
		s.of.events["session."+string(saw)]++
	}
	if saw.Final() {
		s.of.audit["session."+string(saw)]++
	}
	s.state, s.reason = saw, reason
	return ""
}

// withdraw ends every sign-in of a person, and its tickets.
func (r *realm) withdraw(who *person) {
	for _, c := range r.accesses {
		if c.who == who {
			c.gone = true
		}
	}
}

// owners is how many there are.
func (r *realm) owners() int {
	n := 0
	for _, role := range r.roles {
		if role == org.RoleOwner {
			n++
		}
	}
	return n
}
