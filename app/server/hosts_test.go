package server_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// host is a host as the API shows it.
type host struct {
	ID        uuid.UUID
	Version   string
	State     string
	AwaySince *time.Time `json:"away_since"`
	HasRoom   bool       `json:"has_room"`
	Sessions  int
}

// Admins see the hosts of their organisation: their state, whether there is room, and their own sessions alone.
func TestAdminsSeeTheirHosts(t *testing.T) {
	t.Parallel()
	l, neighbour := limited{t, running.NewOrg(t, dbtest.Spec{})}, limited{t, running.NewOrg(t, dbtest.Spec{})}
	super := database.Superuser(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := super.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	hash := l.org.AgentSecret.Hash()
	_, err := running.Agents.Exec(t.Context(), "select rls.connect_agent($1, $2, $3, false, 2, 'v1.2.3')",
		l.org.Agent, hash[:], l.org.AgentEpoch)
	if err != nil {
		t.Fatal(err)
	}
	exec("delete from app.agent_orgs where org_id = $1", neighbour.org.ID.UUID)
	exec("insert into app.agent_orgs (org_id, agent_id) values ($1, $2)", neighbour.org.ID.UUID, l.org.Agent)
	path := "/agents/" + l.org.Agent.String()
	sees := func(want host) {
		t.Helper()
		var got host
		l.wants(asks(l, l.org.Admin, "GET", path, "", nil), 200, "").Decode(t, &got)
		if want.ID = l.org.Agent; got.AwaySince == nil && got != want || got.AwaySince != nil && got.State != want.State {
			t.Errorf("it shows %+v, want %+v", got, want)
		}
	}
	sees(host{Version: "v1.2.3", State: "connected", HasRoom: true})
	l.launches(l.org.Member, 201, "", 0)
	sees(host{Version: "v1.2.3", State: "connected", HasRoom: true, Sessions: 1})
	neighbour.launches(neighbour.org.Member, 201, "", 0)
	sees(host{Version: "v1.2.3", State: "connected", Sessions: 1}) // full, and the other session is not said
	exec("update app.agents set seen_at = now() - interval '31 s' where id = $1", l.org.Agent)
	sees(host{Version: "v1.2.3", State: "away", Sessions: 1})
	exec("update app.agents set revoked_at = now() where id = $1", l.org.Agent)
	l.wants(asks(l, l.org.Admin, "GET", path, "", nil), 404, "host_not_found")
	l.wants(asks(l, l.org.Admin, "GET", "/agents/"+neighbour.org.Agent.String(), "", nil), 403, "other_org")
	l.wants(asks(l, l.org.Member, "GET", "/agents", "", nil), 403, "forbidden")
}
