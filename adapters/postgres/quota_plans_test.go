package postgres

import (
	"testing"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// With 20,000 sessions that have ended and ten that have not, a launch under limits of all kinds and a look at the use
// read each that has not ended once, and no other. Seen to fail with the indexes of active sessions dropped.
func TestQuotasOfResourcesReadNoEndedSessions(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	o, super := d.NewOrg(t, dbtest.Spec{PerOrg: 100, PerUser: 100}), d.Superuser(t)
	for _, sql := range []string{
		"set session_replication_role = replica",
		`insert into app.sessions (org_id, id, owner_id, name, template_id, template_name, template_title, spec, state,
		   ended_at)
		 select '` + o.ID.String() + `', gen_random_uuid(), '` + o.Member.User.String() + `', 'x',
		        '` + o.Template.String() + `', 'desk', 'Desk', '{"memory": 1}',
		        case when n > 10 then 'terminated' else 'running' end,
		        case when n > 10 then now() end
		   from generate_series(1, 20010) n`,
		`insert into app.quota_limits (org_id, kind, per_org, per_user)
		 select '` + o.ID.String() + `', k, 999, 999 from unnest(array['memory', 'cpu', 'processes', 'disk']) k`,
		"vacuum analyze app.sessions",
	} {
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for name, sql := range map[string]string{
		"a launch": `insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec)
		  values (gen_random_uuid(), '` + o.Member.User.String() + `', 'x', '` + o.Template.String() + `', 'desk', 'Desk',
		          '{"memory": 1, "cpu": 100, "processes": 100, "disk": 1}')`,
		"the use": "select rls.resource_use()",
	} {
		tx, err := d.Connect(t, "streamspace_app").Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "select rls.enter($1, $2, 'member', $3, false)",
			o.ID.UUID, o.Member.User.UUID, o.Member.Credential.UUID); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var scans, rows int64
		if err := tx.QueryRow(t.Context(), `select seq_scan, idx_tup_fetch + seq_tup_read from pg_stat_xact_user_tables
			where relid = 'app.sessions'::regclass`).Scan(&scans, &rows); err != nil {
			t.Fatal(err)
		}
		if scans > 0 || rows < 10 || rows > 11 { // a launch reads the new one too
			t.Errorf("%s reads %d sessions, and the whole table %d times", name, rows, scans)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
