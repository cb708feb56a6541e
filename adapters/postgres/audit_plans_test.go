package postgres

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// With 100,000 entries in 50 organisations, each list of the audit log, and the check of its chain, reads an index from
// the cursor on, in the list's order, and nothing of other organisations. That holds for a plan that is made for the
// filter's values, and for one that is made for all values, which PostgreSQL may change to after some calls.
func TestTheAuditLogIsReadByItsIndexes(t *testing.T) {
	t.Parallel()
	d := dbtest.Own(t)
	o, super := d.NewOrg(t, dbtest.Spec{}), d.Superuser(t)
	fill := `insert into app.audit_log (org_id, seq, at, actor, action, subject, previous, hash)
		select o, 1000 + n, now(), case n %% 3 when 0 then '%s' when 1 then 'service:x' else 'user:' || gen_random_uuid() end,
		  'session.' || (array['create', 'terminate', 'failed', 'update', 'connect'])[1 + n %% 5], n::text, '\x', '\x'
		  from (%s) orgs (o), generate_series(1, 2000) n`
	others := "select lpad(k::text, 32, '0')::uuid from generate_series(1, 49) k"
	admin := "user:" + o.Admin.User.String()
	for _, sql := range []string{
		"set session_replication_role = replica",
		fmt.Sprintf(fill, admin, fmt.Sprintf("select '%s'::uuid", o.ID)),
		fmt.Sprintf(fill, "user:x", others),
		"vacuum analyze app.audit_log",
	} {
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	queries, err := os.ReadFile("../../sql/org/logs.sql")
	if err != nil {
		t.Fatal(err)
	}
	enter := fmt.Sprintf("select rls.enter('%s', '%s', 'admin', '%s', true)", o.ID, o.Admin.User, o.Admin.Credential)
	app := d.Connect(t, "streamspace_app")
	for name, c := range map[string]struct{ query, actor, action, index, column string }{
		"all":              {"AuditLog", "", "", "audit_log_pkey", ""},
		"an actor":         {"AuditLogOfActor", admin, "", "audit_log_of_actor", "actor = "},
		"an actor's acts":  {"AuditLogOfActor", admin, "session.create", "audit_log_of_act(or|ion)", "act(or|ion) = "},
		"an action":        {"AuditLogOfAction", "", "session.create", "audit_log_of_action", "action = "},
		"an unused action": {"AuditLogOfAction", "", "org.create", "audit_log_of_action", "action = "},
	} {
		key := regexp.MustCompile(c.index + ` on .*\n +Index Cond: .*org_id = .*` + c.column + `.*seq < `)
		sql := queryOf(t, string(queries), c.query)
		values := "9223372036854775807, 51"
		switch c.query {
		case "AuditLogOfActor":
			values = fmt.Sprintf("'%s', '%s', %s", c.actor, c.action, values)
		case "AuditLogOfAction":
			values = fmt.Sprintf("'%s', %s", c.action, values)
		}
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, app, enter, "set local plan_cache_mode = "+mode, "deallocate all", "prepare q as "+sql,
				"explain execute q("+values+")")
			if !key.MatchString(plan) || strings.Contains(plan, "Seq Scan on audit_log") || strings.Contains(plan, "Sort") {
				t.Errorf("%s, %s: %s is not what it looks by:\n%s", name, mode, key, plan)
			}
		}
	}
	for name, c := range map[string]struct{ sql, key string }{
		"an entry": {"select * from app.audit_log a where a.org_id = $1 and a.seq = $2",
			`audit_log_pkey on .*\n +Index Cond: .*org_id = .*seq = `},
		"the last": {"select max(a.seq) from app.audit_log a where a.org_id = $1 and $2 = 1500",
			`Index Only Scan Backward using audit_log_pkey on .*\n +Index Cond: .*org_id = `},
	} {
		plan := explain(t, super, fmt.Sprintf("select set_config('app.org_id', '%s', true)", o.ID),
			"set local role streamspace_definer", "set local plan_cache_mode = force_generic_plan", "deallocate all",
			"prepare q (uuid, bigint) as "+c.sql, fmt.Sprintf("explain execute q('%s', 1500)", o.ID))
		if !regexp.MustCompile(c.key).MatchString(plan) || strings.Contains(plan, "Seq Scan") {
			t.Errorf("the check of %s looks by something else than %s:\n%s", name, c.key, plan)
		}
	}
}

// queryOf is a query of a file for sqlc, with numbers for its parameters, in the order of their first use.
func queryOf(t *testing.T, file, name string) string {
	t.Helper()
	_, text, ok := strings.Cut(file, "-- name: "+name+" :many\n")
	if !ok {
		t.Fatalf("no query %s", name)
	}
	text, _, _ = strings.Cut(regexp.MustCompile("(?m)^--.*\n").ReplaceAllString(text, ""), ";")
	numbers := map[string]int{}
	return regexp.MustCompile(`@\w+`).ReplaceAllStringFunc(text, func(param string) string {
		if numbers[param] == 0 {
			numbers[param] = len(numbers) + 1
		}
		return fmt.Sprintf("$%d", numbers[param])
	})
}

// explain runs statements in a transaction and returns what the last one prints.
func explain(t *testing.T, conn *pgx.Conn, statements ...string) string {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	last := len(statements) - 1
	for _, sql := range statements[:last] {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	rows, err := tx.Query(t.Context(), statements[last], pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", statements[last], err)
	}
	return strings.Join(lines, "\n")
}
