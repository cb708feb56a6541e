package proof

import (
	"fmt"
	"slices"
	"strings"
)

// tables are what there is, with every column. A table or a column that is missing here is found by the mutants that
// grant it: nothing below tries to reach it, so nothing notices.
var tables = map[string]string{
	"organizations":    "id slug name namespace suspended created_at",
	"users":            "id email name password_hash created_at",
	"agents":           "id name secret_hash epoch seen_at created_at",
	"public_templates": "id revision name title description spec published_at",
	"memberships":      "org_id user_id role created_at",
	"credentials":      "org_id id user_id role secret_hash created_at ends_at",
	"agent_orgs":       "org_id agent_id",
	"templates":        "org_id id revision name title description spec created_at updated_at",
	"sessions": "org_id id owner_id name template_id template_name template_title spec agent_id desired generation " +
		"state reason observed_generation observed_epoch created_at end_wanted_at ended_at",
	"tickets":      "org_id id session_id credential_id secret_hash ends_at",
	"quota_limits": "org_id kind per_org per_user",
	"quota_usage":  "org_id holder_id kind used",
	"events":       "org_id seq at type subject_id owner_id audience data",
	"audit_log":    "org_id seq at actor action subject previous hash",
	"org_heads":    "org_id event_seq audit_seq audit_hash",

	"rls.goose_db_version": "id version_id is_applied tstamp",
	"rls.violations":       "rule object detail",
}

// place is a table's full name.
func place(table string) string {
	if strings.Contains(table, ".") {
		return table
	}
	return "app." + table
}

// may is what a role can do with a table: the columns that it reads, inserts and updates ("*" is all of them), and
// whether it deletes.
type may struct {
	selects, inserts, updates string
	deletes                   bool
}

// reach is what each role is for, in terms of tables. What is not written here is refused.
var reach = map[string]map[string]may{
	"streamspace_app": {
		"rls.goose_db_version": {selects: "*"}, "rls.violations": {selects: "*"},
		"organizations":    {selects: "*"},
		"users":            {selects: "id email name"},
		"agents":           {selects: "id name seen_at"},
		"public_templates": {selects: "*"},
		"memberships":      {selects: "*", updates: "role", deletes: true},
		"credentials":      {selects: "org_id id user_id role created_at ends_at", deletes: true},
		"agent_orgs":       {selects: "*"},
		"templates":        {selects: "*"},
		"sessions": {
			selects: "*", updates: "name desired",
			inserts: "id owner_id name template_id template_name template_title spec agent_id",
		},
		"tickets":      {inserts: "id session_id secret_hash"},
		"quota_limits": {selects: "*"},
		"quota_usage":  {selects: "*"},
		"events":       {selects: "*", inserts: "type subject_id audience data"},
		"audit_log":    {selects: "*", inserts: "action subject"},
	},
	"streamspace_agent": {
		"rls.goose_db_version": {selects: "*"}, "rls.violations": {selects: "*"},
		"sessions":  {selects: "*", updates: "state reason observed_generation"},
		"events":    {inserts: "type subject_id data"},
		"audit_log": {inserts: "action subject"},
	},
	"streamspace_system": {
		"rls.goose_db_version": {selects: "*"}, "rls.violations": {selects: "*"},
		"sessions":    {selects: "*", updates: "state reason"},
		"credentials": {selects: "org_id id ends_at", deletes: true},
		"tickets":     {selects: "org_id id ends_at", deletes: true},
		"events":      {inserts: "type subject_id audience data"},
		"audit_log":   {inserts: "action subject"},
	},
	"streamspace_definer": {
		"organizations":    {selects: "*", inserts: "*"},
		"users":            {selects: "*", inserts: "*", updates: "password_hash"},
		"agents":           {selects: "*", inserts: "*", updates: "epoch seen_at"},
		"public_templates": {selects: "*", inserts: "*"},
		"memberships":      {selects: "*", inserts: "*"},
		"credentials":      {selects: "*", inserts: "*"},
		"agent_orgs":       {selects: "*", inserts: "*"},
		"templates":        {selects: "*", inserts: "*", updates: "revision title description spec updated_at"},
		"sessions":         {selects: "*"},
		"tickets":          {selects: "*", deletes: true},
		"quota_limits":     {selects: "*", inserts: "*"},
		"quota_usage":      {selects: "*", inserts: "*", updates: "used"},
		"org_heads":        {selects: "*", inserts: "*", updates: "event_seq audit_seq audit_hash"},
		"audit_log":        {inserts: "action subject"},
	},
	"streamspace_backup":   everything(may{selects: "*"}),
	"streamspace_login":    posture,
	"streamspace_operator": posture,
	"streamspace_auditor":  posture,
	"streamspace_migrator": {},
}

// posture is what a start looks at before it serves: the database's version, and what is wrong with it.
var posture = map[string]may{"rls.goose_db_version": {selects: "*"}, "rls.violations": {selects: "*"}}

// inside are the roles that can name what stands in app. The others are stopped at its door.
var inside = []string{
	"streamspace_app", "streamspace_agent", "streamspace_system", "streamspace_definer", "streamspace_backup",
}

func everything(m may) map[string]may {
	out := map[string]may{}
	for t := range tables {
		out[t] = m
	}
	return out
}

// refused is what PostgreSQL answers to whoever lacks a privilege.
const refused = "42501 grant"

// reaches are attempts to read and write each column of each table as each role. None touches a row: a privilege is
// asked for before one is looked at, and no policy is.
func reaches() []attempt {
	var out []attempt
	for role, rights := range reach {
		as := "set local session authorization " + role
		try := func(allowed bool, sql string, args ...any) {
			a := attempt{want: refused, steps: []string{as, fmt.Sprintf(sql, args...)}}
			if allowed {
				a.want = "ok 0"
			}
			out = append(out, a)
		}
		out = append(out, attempt{"42501", []string{as, "drop view rls.violations"}})
		if !slices.Contains(inside, role) {
			try(false, "select 'app.sessions'::regclass") // not even by name
		}
		for table, columns := range tables {
			m, t := rights[table], place(table)
			if !slices.Contains(inside, role) && strings.HasPrefix(t, "app.") {
				continue
			}
			eachColumn(t, columns, m, try)
			if table == "rls.violations" { // a view that nobody writes, whatever they are granted
				continue
			}
			try(m.deletes, "delete from %s where false", t)
			try(false, "truncate %s", t)
			try(false, "create trigger zz before update on %s for each row "+
				"execute function suppress_redundant_updates_trigger()", t)
		}
	}
	return out
}

// eachColumn tries to read, to insert and to update. A statement that names no column is let through by a privilege
// on any one, and so finds them all at once where there should be none.
func eachColumn(table, columns string, m may, try func(bool, string, ...any)) {
	split := func(list string) (granted, hidden []string) {
		for _, c := range strings.Fields(columns) {
			if list == "*" || slices.Contains(strings.Fields(list), c) {
				granted = append(granted, c)
			} else {
				hidden = append(hidden, c)
			}
		}
		return granted, hidden
	}
	if m.selects == "" {
		try(false, "select from %s where false", table)
	} else {
		granted, hidden := split(m.selects)
		try(true, "select %s from %s where false", strings.Join(granted, ", "), table)
		for _, c := range hidden {
			try(false, "select %s from %s where false", c, table)
		}
	}
	if table == "rls.violations" {
		return
	}
	if m.inserts == "" {
		try(false, "insert into %s select where false", table)
	} else {
		granted, hidden := split(m.inserts)
		list := strings.Join(granted, ", ")
		try(true, "insert into %s (%s) select %s where false", table, list, strings.Repeat(", null", len(granted))[2:])
		for _, c := range hidden {
			try(false, "insert into %s (%s) select null where false", table, c)
		}
	}
	granted, hidden := split(m.updates)
	if len(granted) > 0 {
		try(true, "update %s set %s where false", table, strings.Join(granted, " = default, ")+" = default")
	}
	for _, c := range hidden {
		try(false, "update %s set %s = default where false", table, c)
	}
}
