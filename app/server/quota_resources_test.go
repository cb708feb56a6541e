package server_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// resourceUse is what the API shows of the quota of one resource.
type resourceUse struct {
	PerOrg       int64 `json:"per_org"`
	PerUser      int64 `json:"per_user"`
	UsedByOrg    int64 `json:"used_by_org"`
	UsedByUser   int64 `json:"used_by_user"`
	Ceiling, Own struct {
		PerOrg  *int64 `json:"per_org"`
		PerUser *int64 `json:"per_user"`
	}
}

type resourceUses struct{ Memory, CPU, Processes, Disk resourceUse }

func (l limited) uses(as dbtest.Person) resourceUses {
	l.Helper()
	var shown resourceUses
	l.wants(asks(l, as, "GET", "/quotas", "", nil), http.StatusOK, "").Decode(l, &shown)
	return shown
}

// states gives the template that everyone launches these limits.
func (l limited) states(spec map[string]any) {
	l.Helper()
	path := "/templates/" + l.org.Template.String()
	l.wants(asks(l, l.org.Admin, "PATCH", path, "", map[string]any{"spec": spec}), http.StatusOK, "")
}

// allows sets what operators allow.
func (l limited) allows(limits string) {
	l.Helper()
	if _, err := database.Superuser(l).Exec(l.Context(),
		"select rls.set_limits('ops', $1, $2)", l.org.ID.UUID, json.RawMessage(limits)); err != nil {
		l.Fatal(err)
	}
}

type resourceRefusal struct {
	Code, Kind, Holder, Field string
	Limit, Used, Asked        int64
}

// refused launches a session, and wants to be told why it cannot be.
func (l limited) refused(as dbtest.Person, want resourceRefusal) {
	l.Helper()
	var got resourceRefusal
	a := asks(l, as, "POST", "/sessions", "", map[string]string{"template": "desk"})
	if a.Decode(l, &got); a.Status != http.StatusConflict || got != want {
		l.Errorf("launch: %d %s, want %+v", a.Status, a.Body, want)
	}
}

// TestResourcesAreLimited sets limits as operators and as an admin. Seen to fail with the trigger gone, with sessions
// that have ended in the sum, and with the ceiling's check gone.
func TestResourcesAreLimited(t *testing.T) {
	t.Parallel()
	l := limited{t, running.NewOrg(t, dbtest.Spec{})}
	o := l.org
	running.AgentSeen(t, o)
	l.launches(o.Owner, http.StatusCreated, "", 0) // without a quota, a template that states nothing can be launched
	l.allows(`[{"kind": "memory", "per_org": 2048}, {"kind": "cpu", "per_user": 2000}]`)
	l.refused(o.Member, resourceRefusal{Code: "template_without_limit", Kind: "cpu", Field: "spec.cpu"})
	l.states(map[string]any{"cpu": 1500})
	l.refused(o.Member, resourceRefusal{Code: "template_without_limit", Kind: "memory", Field: "spec.memory"})
	l.states(map[string]any{"memory": 1024, "cpu": 1500, "processes": 200, "disk": 300})

	var launched struct{ ID string }
	a := asks(l, o.Member, "POST", "/sessions", "", map[string]string{"template": "desk"})
	l.wants(a, http.StatusCreated, "").Decode(t, &launched)
	l.refused(o.Member, resourceRefusal{
		Code: "quota_exceeded", Kind: "cpu", Holder: "user", Limit: 2000, Used: 1500, Asked: 1500,
	})
	l.setsLower()
	l.refused(o.Admin, resourceRefusal{
		Code: "quota_exceeded", Kind: "memory", Holder: "org", Limit: 1800, Used: 1024, Asked: 1024,
	})
	shown := l.uses(o.Member)
	for _, r := range []*resourceUse{&shown.Memory, &shown.CPU, &shown.Processes, &shown.Disk} {
		r.Ceiling, r.Own = resourceUse{}.Ceiling, resourceUse{}.Own
	}
	want := resourceUses{
		Memory:    resourceUse{PerOrg: 1800, PerUser: 1700, UsedByOrg: 1024, UsedByUser: 1024},
		CPU:       resourceUse{PerUser: 2000, UsedByOrg: 1500, UsedByUser: 1500},
		Processes: resourceUse{UsedByOrg: 200, UsedByUser: 200},
		Disk:      resourceUse{PerUser: 900, UsedByOrg: 300, UsedByUser: 300},
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	var told string
	if err := database.Superuser(t).QueryRow(t.Context(), "select (data - 'sessions')::text from app.events "+
		"where org_id = $1 and type = 'quota.updated' order by seq desc limit 1", o.ID.UUID).Scan(&told); err != nil ||
		told != `{"cpu": {"per_user": 2000}, "disk": {"per_user": 900}, "memory": {"per_org": 1800, "per_user": 1700}}` {
		t.Errorf("the event says %s %v", told, err)
	}
	if m := l.uses(o.Viewer).Memory; m.UsedByOrg != 1024 || m.UsedByUser != 0 || *m.Ceiling.PerOrg != 2048 ||
		m.Ceiling.PerUser != nil || *m.Own.PerOrg != 1800 || *m.Own.PerUser != 1700 {
		t.Errorf("shown to a viewer: %+v", m)
	}
	l.wants(asks(l, o.Member, "DELETE", "/sessions/"+launched.ID, "", nil), http.StatusAccepted, "")
	running.Report(t, o, launched.ID, "terminated")
	l.launches(o.Admin, http.StatusCreated, "", 0)
}

// setsLower sets limits below the operators' as an admin. What is not named stays.
func (l limited) setsLower() {
	l.Helper()
	admin, none := l.org.Admin, map[string]any{}
	for field, limits := range map[string]map[string]any{
		"memory.per_org": {"sessions": none, "memory": map[string]any{"per_org": 2049}},
		"cpu.per_user":   {"sessions": none, "cpu": map[string]any{"per_user": 2001}},
	} {
		var said struct{ Field string }
		a := l.wants(asks(l, admin, "PUT", "/quotas", "", limits), http.StatusConflict, "above_ceiling")
		if a.Decode(l, &said); said.Field != field {
			l.Errorf("above the ceiling: %s, want the field %s", a.Body, field)
		}
	}
	before := asks(l, admin, "GET", "/quotas", "", nil).Header.Get("ETag")
	limits := map[string]any{
		"sessions": none, "memory": map[string]any{"per_org": 1800, "per_user": 1700},
		"disk": map[string]any{"per_user": 800},
	}
	l.wants(asks(l, admin, "PUT", "/quotas", before, limits), http.StatusOK, "")
	l.wants(asks(l, admin, "PUT", "/quotas", before, limits), http.StatusPreconditionFailed, "precondition_failed")
	l.wants(asks(l, admin, "PUT", "/quotas", "", sessionsBody(none)), http.StatusOK, "")
	disk := map[string]any{"sessions": none, "disk": map[string]any{"per_user": 900}}
	l.wants(asks(l, admin, "PUT", "/quotas", "", disk), http.StatusOK, "")
}
