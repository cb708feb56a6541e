package server_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// people asks for members as one of them.
type people struct {
	*testing.T

	org *dbtest.Org
}

// ask sends a request, and returns the status and the code of a problem.
func (p people) ask(as dbtest.Person, method, path string, body, out any) (status int, code string) {
	p.Helper()
	return p.send(running.Bearer(p, as), method, path, body, out)
}

func (p people) send(bearer, method, path string, body, out any) (status int, code string) {
	p.Helper()
	return running.Try(p, servertest.Request{Method: method, Path: "/api/v1" + path, Bearer: bearer, Body: body}, out)
}

func (p people) wants(status int, code string, as dbtest.Person, method, path string, body any) {
	p.Helper()
	if s, c := p.ask(as, method, path, body, nil); s != status || c != code {
		p.Errorf("%s %s %v as %s: %d %s, want %d %s", method, path, body, as.Role, s, c, status, code)
	}
}

func member(p dbtest.Person) string { return "/members/" + p.User.String() }

func toRole(r org.Role) map[string]string { return map[string]string{"role": string(r)} }

// An owner changes everyone, an admin everyone but owners, and the last owner stays.
func TestRolesOfMembers(t *testing.T) {
	t.Parallel()
	p := people{t, running.NewOrg(t, dbtest.Spec{Members: 1})}
	o, other := p.org, p.org.Members[0]
	p.wants(403, "forbidden", o.Member, http.MethodPatch, member(other), toRole(org.RoleAdmin))
	p.wants(403, "owners_only", o.Admin, http.MethodPatch, member(other), toRole(org.RoleOwner))
	p.wants(403, "owners_only", o.Admin, http.MethodPatch, member(o.Owner), toRole(org.RoleMember))
	p.wants(403, "owners_only", o.Admin, http.MethodDelete, member(o.Owner), nil)
	p.wants(400, "invalid_body", o.Owner, http.MethodPatch, member(other), toRole("king"))
	p.wants(409, "last_owner", o.Owner, http.MethodPatch, member(o.Owner), toRole(org.RoleAdmin))
	p.wants(409, "last_owner", o.Owner, http.MethodDelete, member(o.Owner), nil)
	p.wants(200, "", o.Admin, http.MethodPatch, member(other), toRole(org.RoleViewer))
	p.wants(200, "", o.Owner, http.MethodPatch, member(other), toRole(org.RoleOwner))
	p.wants(200, "", o.Owner, http.MethodPatch, member(o.Owner), toRole(org.RoleAdmin)) // the other one is owner now
	p.wants(404, "member_not_found", o.Admin, http.MethodGet, "/members/"+uuid.NewString(), nil)
	var page struct {
		Items []struct {
			ID   uuid.UUID
			Role org.Role
		}
		NextCursor string `json:"next_cursor"`
	}
	status, _ := p.ask(o.Viewer, http.MethodGet, "/members?limit=3", nil, &page)
	if status != 200 || len(page.Items) != 3 {
		t.Fatalf("the first page has %d members (%d)", len(page.Items), status)
	}
	first := page.Items[0]
	if first.ID != o.Owner.User.UUID || first.Role != org.RoleAdmin {
		t.Errorf("the first member is %v, %s", first.ID, first.Role)
	}
	next := "/members?limit=3&cursor=" + page.NextCursor
	page.NextCursor = ""
	if status, _ := p.ask(o.Viewer, http.MethodGet, next, nil, &page); status != 200 || len(page.Items) != 2 ||
		page.Items[1].ID != other.User.UUID || page.NextCursor != "" {
		t.Errorf("the second page: %d %+v", status, page)
	}
}

// Two owners demote each other at the same moment: one of them stays.
func TestTwoOwnersDemoteEachOther(t *testing.T) {
	t.Parallel()
	for range 5 {
		p := people{t, running.NewOrg(t, dbtest.Spec{Members: 1})}
		one, two := p.org.Owner, p.org.Members[0]
		p.wants(200, "", one, http.MethodPatch, member(two), toRole(org.RoleOwner))
		bearers := []string{running.Bearer(t, one), running.Bearer(t, two)}
		var done sync.WaitGroup
		statuses := make([]int, 2)
		for i, whom := range []dbtest.Person{two, one} {
			done.Go(func() {
				statuses[i], _ = p.send(bearers[i], http.MethodPatch, member(whom), toRole(org.RoleMember), nil)
			})
		}
		done.Wait()
		owners := 0
		super := database.Superuser(t)
		err := super.QueryRow(t.Context(), "select count(*) from app.memberships where org_id = $1 and role = 'owner'",
			p.org.ID.UUID).Scan(&owners)
		if err != nil || owners != 1 {
			t.Errorf("%v: %d owners (%v)", statuses, owners, err)
		}
	}
}

// A member who is removed while they create sessions: what was created before stays, for an admin to take over, and
// nothing is created after.
func TestAMemberIsRemovedWhileCreatingSessions(t *testing.T) {
	t.Parallel()
	p := people{t, running.NewOrg(t, dbtest.Spec{PerOrg: 1000, PerUser: 1000})}
	o := p.org
	running.AgentSeen(t, o)
	leaver := running.Bearer(t, o.Member)
	admin := running.Bearer(t, o.Admin)
	started, ended := make(chan struct{}), make(chan int, 4)
	var once sync.Once
	for range cap(ended) {
		go func() {
			for {
				status, _ := p.send(leaver, http.MethodPost, "/sessions", map[string]string{"template": "desk"}, nil)
				once.Do(func() { close(started) })
				// 409: the request had entered the organisation before the member was removed.
				if status != http.StatusCreated && status != http.StatusConflict {
					ended <- status
					return
				}
			}
		}()
	}
	<-started
	if status, code := p.send(admin, http.MethodDelete, member(o.Member), nil, nil); status != http.StatusNoContent {
		t.Fatalf("remove the member: %d %s", status, code)
	}
	for range cap(ended) {
		if status := <-ended; status != http.StatusUnauthorized {
			t.Errorf("the removed member is answered %d", status)
		}
	}
	var left struct{ Items []struct{ ID uuid.UUID } }
	if s, _ := p.send(admin, http.MethodGet, "/former-members", nil, &left); s != 200 || len(left.Items) != 1 ||
		left.Items[0].ID != o.Member.User.UUID {
		t.Errorf("who has left: %d %+v", s, left)
	}
	var all struct {
		Items []struct {
			ID      uuid.UUID
			OwnerID uuid.UUID `json:"owner_id"`
		}
	}
	if s, _ := p.send(admin, http.MethodGet, "/sessions?active=true", nil, &all); s != 200 || len(all.Items) == 0 {
		t.Fatalf("what they left: %d %+v", s, all)
	}
	at := "/sessions/" + all.Items[0].ID.String()
	if s, code := p.send(admin, http.MethodPost, at+"/take-over", nil, nil); s != 200 {
		t.Errorf("take a session over: %d %s", s, code)
	}
	var got struct {
		OwnerID uuid.UUID `json:"owner_id"`
	}
	if s, _ := p.send(admin, http.MethodGet, at, nil, &got); s != 200 || got.OwnerID != o.Admin.User.UUID {
		t.Errorf("after the take-over: %d, owner %v", s, got.OwnerID)
	}
}

// The owners of an organisation see what an operator was given, and end it. The operator is out with the next request.
func TestOwnersEndAnOperatorsAccess(t *testing.T) {
	t.Parallel()
	p, elsewhere := people{t, running.NewOrg(t, dbtest.Spec{})}, running.NewOrg(t, dbtest.Spec{})
	guest := elsewhere.Member
	operator := database.Connect(t, "streamspace_operator")
	if _, err := operator.Exec(t.Context(), "select rls.grant_access('ops', $1, $2, 'admin', 'the desktop is slow', $3)",
		p.org.ID.UUID, guest.User.UUID, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var seen struct {
		Role   org.Role
		Reason string
		Ends   time.Time `json:"ends_at"`
	}
	if s, _ := p.ask(p.org.Viewer, http.MethodGet, member(guest), nil, &seen); s != 200 || seen.Role != org.RoleAdmin ||
		seen.Reason != "the desktop is slow" || time.Until(seen.Ends) > time.Hour || seen.Ends.IsZero() {
		t.Errorf("%d: %+v", s, seen)
	}
	p.wants(409, "membership_ends", p.org.Owner, http.MethodPatch, member(guest), toRole(org.RoleMember))
	p.wants(204, "", p.org.Owner, http.MethodDelete, member(guest), nil)
	p.wants(404, "member_not_found", p.org.Owner, http.MethodGet, member(guest), nil)
}
