package server_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/tunnel"
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

// Admins see which limits a host does not enforce, as its agent says when it connects. An older agent does not say:
// then nothing is shown, and not what was said before.
func TestAdminsSeeUnenforcedLimits(t *testing.T) {
	t.Parallel()
	l := limited{t, running.NewOrg(t, dbtest.Spec{})}
	type shown struct {
		Limits []string `json:"unenforced_limits"`
	}
	sees := func(want []string) {
		t.Helper()
		var one shown
		l.wants(asks(l, l.org.Admin, "GET", "/agents/"+l.org.Agent.String(), "", nil), 200, "").Decode(t, &one)
		var all struct{ Items []shown }
		l.wants(asks(l, l.org.Admin, "GET", "/agents", "", nil), 200, "").Decode(t, &all)
		if diff := cmp.Diff([]shown{{want}, {want}}, append(all.Items, one)); diff != "" {
			t.Errorf("the host in the list and by itself (-want +got):\n%s", diff)
		}
	}
	sees(nil)
	for _, limits := range [][]string{{"cpu", "memory", "processes"}, {}, {"disk"}, nil} {
		_, disconnect := connectAs(t, tunnel.ClientConfig{
			URL: running.URL, Agent: l.org.Agent, Secret: l.org.AgentSecret, UnenforcedLimits: limits,
			Log: slog.New(slog.DiscardHandler),
		})
		sees(limits)
		disconnect()
	}
}

// A control plane of the version before calls the function without limits, also after the database was migrated.
func TestAnOlderControlPlaneConnectsAgents(t *testing.T) {
	t.Parallel()
	o := running.NewOrg(t, dbtest.Spec{})
	hash := o.AgentSecret.Hash()
	var epoch int64
	err := running.Agents.QueryRow(t.Context(), "select rls.connect_agent($1, $2, $3, $4, $5, $6, $7)::bigint",
		o.Agent, hash[:], o.AgentEpoch, false, 20, "v1.2.3", 1).Scan(&epoch)
	if err != nil || epoch != o.AgentEpoch {
		t.Errorf("epoch %d: %v", epoch, err)
	}
}
