package policy

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// administrator connects as the audit does.
func administrator(t *testing.T) *pgx.Conn {
	t.Helper()
	config := database.Config("postgres")
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestNoAttemptCrosses(t *testing.T) {
	t.Parallel()
	probes, err := tryLive(t.Context(), administrator(t))
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	for _, p := range probes {
		made[p.Table]++
		made[p.Role+" "+p.Caller]++
		made[p.By]++
		if !p.Held {
			t.Error(p)
		}
	}
	// Every layer must have been reached by something, or the attempts are of one kind.
	for _, layer := range []string{
		"a privilege", "a policy", "a foreign key", "a unique index", "a function", "no rows",
	} {
		if made[layer] == 0 {
			t.Errorf("no attempt was stopped by %s: %v", layer, made)
		}
	}
	for _, who := range []string{
		"streamspace_app the owner", "streamspace_app the admin", "streamspace_app the member",
		"streamspace_app the viewer", "streamspace_agent the agent", "streamspace_system a service",
		"streamspace_app before entering", "streamspace_agent before entering", "streamspace_system before entering",
		"streamspace_login before entering", "streamspace_operator before entering", "streamspace_auditor before entering",
	} {
		if made[who] < 50 {
			t.Errorf("%s made %d attempts", who, made[who])
		}
	}
	for _, table := range []string{
		"agent_orgs", "agents", "audit_log", "credentials", "events", "memberships", "org_heads", "organizations",
		"quota_limits", "quota_usage", "sessions", "templates", "tickets", "users",
	} {
		if made[table] < 50 {
			t.Errorf("%d attempts were made on %s", made[table], table)
		}
	}
}

func TestAttemptsCrossWhatIsBroken(t *testing.T) { // alone: see planting
	const open = `alter table app.%[1]s no force row level security; alter table app.%[1]s disable row level security`
	for name, c := range map[string]struct {
		statements string
		want       string // what some attempt says
	}{
		"row-level security off": {strings.ReplaceAll(open, "%[1]s", "sessions"),
			"streamspace_app as the viewer tried to read their rows in sessions: 1 rows"},
		"a floor and a policy gone": {`drop policy tenant_floor on app.templates;
			alter policy org_select on app.templates using (true)`,
			"streamspace_app as the member tried to read by key their row in templates: 1 rows"},
		"no scope, no error": {`drop policy tenant_floor on app.quota_limits;
			create or replace function rls.current_org_id() returns uuid language sql stable
			as $$ select nullif(current_setting('app.org_id', true), '')::uuid $$`,
			"streamspace_app before entering tried to read quota_limits: was not refused"},
		"a service that deletes everywhere": {`drop policy tenant_floor on app.credentials;
			alter policy org_delete on app.credentials using (true)`,
			"streamspace_system as a service tried to delete every row of credentials: their rows were changed"},
		"org_id for everybody to write": {`grant update (org_id) on app.templates to streamspace_app;
			drop policy tenant_floor on app.templates; alter policy org_update on app.templates with check (true)`,
			"streamspace_app as the admin tried to give them one of our rows in templates: was not refused"},
		"a template in another's list": {`grant insert on app.templates to streamspace_app;
			drop policy tenant_floor on app.templates; alter policy org_insert on app.templates with check (true)`,
			"streamspace_app as the owner tried to add a row for them to templates: was not refused"},
		"a name that is taken everywhere": {`create unique index names on app.sessions (name)`,
			"streamspace_app as the member tried to reuse their values of names in sessions: " +
				"refused: 23505 duplicate key value violates unique constraint \"names\": " +
				"it reveals a row of the other organisation"},
		"a foreign key without org_id": {`alter table app.sessions drop constraint sessions_placed_where_served;
			alter table app.sessions add constraint placed foreign key (agent_id) references app.agents (id);
			create unique index by_agent on app.agent_orgs (agent_id);
			alter table app.sessions add constraint served foreign key (agent_id) references app.agent_orgs (agent_id)`,
			"streamspace_app as the member tried to point at their row with served from sessions: was not refused"},
		"a service that may set anything": {`grant execute on function set_config(text, text, boolean) to streamspace_app`,
			"streamspace_app before entering tried to set the organisation by set_config : was not refused"},
		"an agent that may report on anything": {`
			create or replace function rls.enter_report(agent uuid, its_epoch bigint, session uuid)
			returns void language plpgsql security definer set search_path = pg_catalog, pg_temp
			as $$ begin perform rls.scope(s.org_id) from app.sessions s where s.id = session; end $$`,
			"streamspace_agent before entering tried to report on their session : was not refused"},
		"a table that nothing stands in": {`set local role streamspace_owner;
			create table app.notes (org_id uuid, id uuid); reset role`,
			"streamspace_backup as itself tried to find a row in notes: there is no row to try for"},
	} {
		t.Run(name, func(t *testing.T) {
			tx, err := administrator(t).Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			plant(t, tx, c.statements)
			probes, err := tryLive(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			var crossed []string
			for _, p := range probes {
				if !p.Held {
					crossed = append(crossed, p.String())
				}
			}
			if !strings.Contains(strings.Join(crossed, "\n"), c.want) {
				t.Errorf("no attempt says %q; those that crossed:\n%s", c.want, strings.Join(crossed, "\n"))
			}
		})
	}
}
