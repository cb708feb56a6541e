package proof

import (
	"fmt"
	"strings"
)

// floors are attempts to cross where somebody has been careless twice: every privilege on a table is granted, and a
// policy lets everything through, and no trigger fires. What no policy can widen still holds.
func floors() []attempt {
	var out []attempt
	for table, columns := range tables {
		key := "org_id"
		switch {
		case table == "organizations":
			key = "id"
		case !strings.HasPrefix(columns, "org_id "):
			continue
		}
		careless := fmt.Sprintf("create policy careless on app.%s to public using (true) with check (true); "+
			"grant select, insert, update, delete on app.%s to streamspace_app, streamspace_agent, streamspace_system; "+
			"alter table app.%s disable trigger user", table, table, table)
		for _, who := range []string{"admin", "report", "service"} {
			steps, _ := become("super", who)
			steps = append([]string{careless}, steps...)
			try := func(want, sql string, args ...any) {
				last := placeholders.Replace(fmt.Sprintf(sql, args...))
				out = append(out, attempt{want, append(steps[:len(steps):len(steps)], last)})
			}
			try("ok 0", "select from app.%s where %s <> {acme}", table, key)
			try("ok 0", "update app.%s set %s = %s where %s <> {acme}", table, key, key, key)
			try("ok 0", "delete from app.%s where %s <> {acme}", table, key)
			try("42501 policy", "insert into app.%s (%s) values ({globex})", table, key)
		}
	}
	return out
}
