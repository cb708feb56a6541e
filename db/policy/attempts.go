package policy

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed targets.sql
var targetsQuery string

// target is a table that attempts are made on.
type target struct {
	name    string // without its schema
	key     string // the column that says whose a row is; empty where a row is of no organisation
	columns []string
	primary []string
	may     map[string]writable // by role
	unique  []tie               // its unique indexes
	foreign []tie               // its foreign keys into an organisation's table

	ours, theirs   string // the conditions that find an organisation's rows
	mine, row      values // a row of ours and one of theirs
	whereTheyStand string // a row that is changed moves
}

// writable are the columns that a role may write.
type writable struct{ Insert, Update []string }

// tie is an index or a foreign key, with its columns but the one that says whose a row is.
type tie struct {
	Name    string
	Columns []string
}

// values are a row's, by column.
type values map[string]json.RawMessage

// text is the row as an argument.
func (v values) text() string {
	text, _ := json.Marshal(v) // it was read as JSON
	return string(text)
}

// with is the row with some values of another.
func (v values) with(other values, columns []string) values {
	out := maps.Clone(v)
	for _, c := range columns {
		out[c] = other[c]
	}
	return out
}

// pinned are the unique indexes that tell of another organisation's row by design: on random ids, on secrets' hashes,
// and on what only an operator may choose. R10 holds their full text.
var pinned = []string{"sessions_id", "templates_id", "credentials_secret", "tickets_secret"}

// readTables reads the tables from the catalogue, so that one that is added later is tried as well, and their rows as
// the role that no policy holds.
func (t *trial) readTables(ctx context.Context) error {
	rows, err := t.tx.Query(ctx, targetsQuery)
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	t.tables, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (target, error) {
		var g target
		err := row.Scan(&g.name, &g.key, &g.columns, &g.primary, &g.may, &g.unique, &g.foreign)
		return g, err
	})
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	if err := t.become(ctx, "streamspace_backup"); err != nil {
		return err
	}
	for i := range t.tables {
		if err := t.readRows(ctx, &t.tables[i]); err != nil {
			return err
		}
	}
	return t.become(ctx, "none")
}

func (t *trial) readRows(ctx context.Context, g *target) error {
	g.ours, g.theirs = t.condition(*g, t.ours), t.condition(*g, t.theirs)
	one := "(select to_jsonb(x) from app." + g.name + " x where %s limit 1)"
	query := "select " + g.whereabouts() + ", " + fmt.Sprintf(one, g.ours) + ", " + fmt.Sprintf(one, g.theirs)
	if err := t.tx.QueryRow(ctx, query).Scan(&g.whereTheyStand, &g.mine, &g.row); err != nil {
		return fmt.Errorf("read what was made in %s: %w", g.name, err)
	}
	if g.row == nil || g.mine == nil {
		t.probes = append(t.probes, Probe{Role: "streamspace_backup", Caller: "itself", Table: g.name,
			Attempt: "find a row to try for", Outcome: "none was made: the audit must learn to make one"})
	}
	return nil
}

// whereabouts is an expression for where their rows stand.
func (g target) whereabouts() string {
	return fmt.Sprintf("(select coalesce(string_agg(ctid::text, ' ' order by ctid), '') from app.%s where %s)",
		g.name, g.theirs)
}

func (t *trial) condition(g target, s side) string {
	switch {
	case g.key != "":
		return fmt.Sprintf("%s = '%s'", g.key, s.org)
	case g.name == "users":
		return "id in (" + s.users() + ")"
	case g.name == "agents":
		return fmt.Sprintf("id = '%s'", s.agent)
	default:
		return "true" // a table that nothing is known of: every row is another's
	}
}

// attempt is a statement that should reach nothing.
type attempt struct {
	what, statement string
	args            []any
	// counts says that the statement returns how many rows it saw; otherwise it writes.
	counts bool
	// refused says that nothing but a refusal will do.
	refused bool
}

// attempts are those on a table. A caller that has entered nothing is refused; one that has reaches none of theirs.
func (t *trial) attempts(c caller, g target) []attempt {
	if g.row == nil || g.mine == nil {
		return nil
	}
	may := g.may[c.role]
	update := may.Update
	if len(update) == 0 {
		update = g.columns[len(g.columns)-1:]
	}
	all := []attempt{
		{what: "change every row of", statement: fmt.Sprintf("update app.%s set %s = %[2]s", g.name, update[0])},
		{what: "delete every row of", statement: "delete from app." + g.name},
		{what: "copy their row in", statement: g.insert(may.Insert), args: []any{g.row.text()}},
	}
	if c.enter != "" {
		return append(append(all, g.reads()...), g.writes(may.Insert, t.theirs)...)
	}
	all = append(all, attempt{what: "read", statement: "select count(*) from app." + g.name, counts: true})
	for i := range all {
		all[i].refused = true
	}
	return all
}

// reads look for their rows in three ways.
func (g target) reads() []attempt {
	count := "select count(*) from app." + g.name + " where "
	primary := strings.Join(g.primary, ", ")
	return []attempt{
		{what: "read their rows in", statement: count + g.theirs, counts: true},
		{what: "read what is not ours in", statement: count + "not (" + g.ours + ")", counts: true},
		{what: "read by its key their row in", counts: true, args: []any{g.row.text()}, statement: fmt.Sprintf(
			"%s (%s) = (select %[2]s from jsonb_populate_record(null::app.%[3]s, $1::text::jsonb))", count, primary, g.name)},
	}
}

// writes give them a row of ours, or tie one to theirs by each unique index and each foreign key.
func (g target) writes(insert []string, theirs side) []attempt {
	if g.key == "" {
		return nil
	}
	mine := g.fresh()
	all := []attempt{
		{what: "give them a row of", refused: true,
			statement: fmt.Sprintf("update app.%s set %s = '%s'", g.name, g.key, theirs.org)},
		{what: "add a row of theirs to", statement: g.insert(append([]string{g.key}, insert...)), refused: true,
			args: []any{mine.with(g.row, []string{g.key}).text()}},
	}
	for _, tie := range g.unique {
		if within(tie.Columns, insert) {
			all = append(all, attempt{what: "take what " + tie.Name + " holds of them in", statement: g.insert(insert),
				args: []any{mine.with(g.row, tie.Columns).text()}})
		}
	}
	for _, tie := range g.foreign {
		if within(tie.Columns, insert) {
			all = append(all, attempt{what: "point by " + tie.Name + " at their row from", refused: true,
				statement: g.insert(insert), args: []any{mine.with(g.row, tie.Columns).text()}})
		}
	}
	return all
}

// fresh is our row with an id and a secret that nobody has.
func (g target) fresh() values {
	nobodys := values{
		"id":          json.RawMessage(`"` + uuid.NewString() + `"`),
		"secret_hash": json.RawMessage(fmt.Sprintf(`"\\x%x"`, secretHash(uuid.New()))),
	}
	return g.mine.with(nobodys, slices.DeleteFunc([]string{"id", "secret_hash"}, func(c string) bool {
		return c == g.key || !slices.Contains(g.columns, c)
	}))
}

// within tells whether some columns are all among others, and there are any.
func within(some, others []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(c string) bool { return !slices.Contains(others, c) })
}

// insert is a statement that inserts a row, given as its argument, with some of its columns. Where a role may write
// none it writes all, and is refused.
func (g target) insert(some []string) string {
	if len(some) == 0 {
		some = g.columns
	}
	names := strings.Join(slices.Compact(slices.Sorted(slices.Values(some))), ", ")
	return fmt.Sprintf("insert into app.%s (%s) select %[2]s from jsonb_populate_record(null::app.%[1]s, $1::text::jsonb)",
		g.name, names)
}

// result is what came of an attempt.
type result struct {
	text, by string
	held     bool
}

// outcome makes the attempt. An error means that the proof itself could not go on.
func (t *trial) outcome(ctx context.Context, g target, a attempt) (result, error) {
	var seen int64
	var err error
	if a.counts {
		err = t.tx.QueryRow(ctx, a.statement, a.args...).Scan(&seen)
	} else {
		_, err = t.tx.Exec(ctx, a.statement, a.args...)
	}
	var refusal *pgconn.PgError
	switch {
	case errors.As(err, &refusal):
		return g.judge(refusal), nil
	case err != nil:
		return result{}, err
	case a.refused:
		return result{text: "was not refused"}, nil
	case a.counts:
		return result{fmt.Sprintf("%d rows", seen), "no rows", seen == 0}, nil
	}
	var rows string
	if err := t.become(ctx, "streamspace_backup"); err != nil {
		return result{}, err
	}
	if err := t.tx.QueryRow(ctx, "select "+g.whereabouts()).Scan(&rows); err != nil {
		return result{}, err
	}
	if rows != g.whereTheyStand {
		return result{text: "their rows are changed"}, nil
	}
	return result{"their rows are as they were", "no rows", true}, nil
}

// layers name what refused, by the function of the server that did: its messages are in whatever language it speaks.
var layers = map[string]string{
	"aclcheck_error": "a privilege", "aclcheck_error_col": "a privilege", "ExecWithCheckOptions": "a policy",
	"exec_stmt_raise": "a function", "ri_ReportViolation": "a foreign key", "_bt_check_unique": "a unique index",
}

// judge tells a refusal from an accident: a statement that fails for another reason would prove nothing.
func (g target) judge(e *pgconn.PgError) result {
	r := result{text: fmt.Sprintf("refused: %s %s", e.Code, e.Message), by: layers[e.Routine]}
	switch {
	case e.Code == "42501" || e.Code == "23503" || strings.HasPrefix(e.Code, "SS"):
		r.held = true
	case e.Code != "23505":
		r.text = "inconclusive: " + e.Code + " " + e.Message
	case slices.Contains(pinned, e.ConstraintName):
		r.held, r.text = true, r.text+", a pinned exception of R10"
	default:
		// Ours are never in the way: what is taken is theirs.
		r.text += ": it tells of a row of theirs"
	}
	return r
}

// entries are attempts to enter, or to act without entering, by what a role may call.
func (t *trial) entries(c caller) []attempt {
	member, owner := t.ours.member("member"), t.theirs.member("owner")
	borrowed := person{user: owner.user, credential: member.credential}
	statements := [][2]string{
		{"set the organisation by set_config", fmt.Sprintf("select set_config('app.org_id', '%s', true)", t.theirs.org)},
		{"set the organisation by rls.scope", fmt.Sprintf("select rls.scope('%s')", t.theirs.org)},
		{"act as an operator there", fmt.Sprintf("select rls.enter_operator('%s', 'audit')", t.theirs.org)},
		{"enter by our credential", t.theirs.enter(member, member.role)},
		{"enter as their owner by our credential", t.theirs.enter(borrowed, "owner")},
		{"enter ours with a higher role", t.ours.enter(member, "owner")},
		{"report on their session", t.ours.enterReport(t.theirs.session)},
		{"sign in to their organisation", t.theirs.signIn(member)},
	}
	if c.role != "streamspace_system" || c.enter != "" { // else it is its work
		statements = append(statements, [2]string{"enter as a service", t.theirs.enterService()})
	}
	if c.enter != "" {
		statements = append(statements, [2]string{"enter twice", c.enter})
	}
	var all []attempt
	for _, s := range statements {
		all = append(all, attempt{what: s[0], statement: s[1], refused: true})
	}
	return all
}
