package policy

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/policy/probe"
)

//go:embed targets.sql
var targets embed.FS

// crossing is an attempt to reach from one organisation into another, with the words for it in the report.
type crossing struct {
	probe.Attempt
	caller caller
	table  string // empty when the attempt is on a function
	does   string // "read their rows in"
	kind   kind
}

// kind says with which outcomes of an attempt the organisations stayed separate.
type kind int

const (
	reads   kind = iota // it saw no row, or was refused
	changes             // their rows are unchanged, or it was refused
	crosses             // it was refused
)

// caller is a role, inside an organisation or before entering one.
type caller struct {
	name  string // in the probe files
	label string // in the report
}

// insiders act inside the first organisation. outsiders are roles that have not entered an organisation.
var (
	insiders = []caller{
		{"report", "the agent"}, {"service", "a service"},
		{"owner", "the owner"}, {"admin", "the admin"}, {"member", "the member"}, {"viewer", "the viewer"},
	}
	outsiders = []string{"app", "agent", "system", "login", "operator", "auditor"}
)

// beforeEntering labels a role that has not entered an organisation.
const beforeEntering = "before entering"

// Crossings derives from the catalogue the attempts of each caller, on each table, to reach from one organisation of
// the probe files into the other. So a new table is tried without further work. Both organisations must exist.
func Crossings(ctx context.Context, tx pgx.Tx, s *probe.Script) ([]probe.Attempt, error) {
	all, _, err := crossings(ctx, tx, s)
	out := make([]probe.Attempt, len(all))
	for i, c := range all {
		out[i] = c.Attempt
	}
	return out, err
}

// crossings also returns the tables that are missing a row of one of the organisations.
func crossings(ctx context.Context, tx pgx.Tx, s *probe.Script) (all []crossing, empty []string, err error) {
	d := deriver{s: s}
	if d.backup, err = s.As("backup"); err != nil {
		return nil, nil, err
	}
	if err := tx.QueryRow(ctx, "select rls.administrator_v1() is not null").Scan(&d.managed); err != nil {
		return nil, nil, fmt.Errorf("read who administers the database: %w", err)
	}
	tables, err := d.readTables(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	callers := slices.Clone(insiders)
	for _, role := range outsiders {
		callers = append(callers, caller{role, beforeEntering})
	}
	for _, c := range callers {
		if err := d.as(c); err != nil {
			return nil, nil, err
		}
		for _, t := range tables {
			if t.row != nil && t.mine != nil {
				d.onTable(t)
			}
		}
		d.onFunctions()
	}
	for _, t := range tables {
		if t.row == nil || t.mine == nil {
			empty = append(empty, t.name)
		}
	}
	return d.made, empty, nil
}

// deriver builds the attempts, one caller after the other.
type deriver struct {
	s       *probe.Script
	managed bool     // no superuser revoked set_config, which the audit's notes say
	backup  []string // the steps to act as the role that sees every row and checks the outcome

	caller caller
	enters []string // the caller's steps
	inside bool
	made   []crossing
}

func (d *deriver) as(c caller) (err error) {
	d.caller = c
	d.inside = slices.Contains(insiders, c)
	d.enters, err = d.s.As(c.name)
	return err
}

// role is the full name of the caller's role.
func (d *deriver) role() string { return d.s.Role(d.caller.name) }

func (d *deriver) add(t target, does string, k kind, statement string) {
	c := crossing{caller: d.caller, table: t.name, does: does, kind: k}
	c.Want = probe.Refused
	c.Steps = append(slices.Clone(d.enters), d.s.Replace(statement))
	if k != crosses {
		c.Want += " or ok 0"
	}
	if k != reads {
		for _, index := range pinned {
			c.Want += " or 23505 " + index
		}
	}
	if k == changes {
		check := fmt.Sprintf("select from (select %s) as x (place) where place <> '%s'", t.places(), t.place)
		c.Steps = append(c.Steps, strings.Join(append([]string{d.s.Leave()}, d.backup...), "; "), check)
		c.Checks = 2
	}
	d.made = append(d.made, c)
}

// pinned are the unique indexes that reveal another organisation's row by design: they are on random ids and on hashes
// of secrets. The pins of rule R10 have their full text.
var pinned = []string{
	"sessions_id", "templates_id", "invitations_id", "credentials_secret", "credentials_public", "tickets_secret",
	"invitations_secret",
}

// onTable adds the attempts on a table. A caller must be refused before entering. Inside the first organisation it must
// reach no row of the other.
func (d *deriver) onTable(t target) {
	may := t.may[d.role()]
	update := may.Update
	if len(update) == 0 {
		update = t.columns[len(t.columns)-1:]
	}
	change := changes
	if !d.inside {
		change = crosses
		d.add(t, "read", crosses, "select count(*) from app."+t.name)
	}
	d.add(t, "change every row of", change, fmt.Sprintf("update app.%s set %s = %[2]s", t.name, update[0]))
	d.add(t, "delete every row of", change, "delete from app."+t.name)
	d.add(t, "copy their row in", change, t.insert(may.Insert, t.row))
	if d.inside {
		d.readsOf(t)
		d.tiesOf(t, may.Insert)
	}
}

// readsOf adds three ways to read their rows.
func (d *deriver) readsOf(t target) {
	from := "select from app." + t.name + " where "
	primary := strings.Join(t.primary, ", ")
	d.add(t, "read their rows in", reads, from+t.theirs)
	d.add(t, "read what is not ours in", reads, from+"not ("+t.ours+")")
	d.add(t, "read by key their row in", reads, fmt.Sprintf("%s (%s) = (select %[2]s from %[3]s)", from, primary,
		t.record(t.row)))
}

// tiesOf adds attempts to give them a row of ours, and to collide with or point at a row of theirs, by each unique
// index and each foreign key.
func (d *deriver) tiesOf(t target, insert []string) {
	if t.key == "" {
		return
	}
	mine := t.fresh()
	d.add(t, "give them one of our rows in", crosses, fmt.Sprintf("update app.%s set %s = {globex}", t.name, t.key))
	d.add(t, "add a row for them to", crosses, t.insert(append([]string{t.key}, insert...),
		mine.with(t.row, []string{t.key})))
	for _, tie := range t.unique {
		if within(tie.Columns, insert) {
			d.add(t, "reuse their values of "+tie.Name+" in", changes, t.insert(insert, mine.with(t.row, tie.Columns)))
		}
	}
	for _, tie := range t.foreign {
		if within(tie.Columns, insert) {
			d.add(t, "point at their row with "+tie.Name+" from", crosses, t.insert(insert, mine.with(t.row, tie.Columns)))
		}
	}
}

// entries are attempts to enter, or to act without entering.
var entries = [][2]string{
	{"set the organisation by rls.scope", "select rls.scope({globex})"},
	{"act as an operator there", "select rls.enter_operator({globex}, 'audit')"},
	{"enter by our credential", "select rls.enter({globex}, {member}, 'member', {members_credential}, false)"},
	{"enter as their owner by our credential",
		"select rls.enter({globex}, {stranger}, 'owner', {members_credential}, false)"},
	{"enter our organisation with a higher role",
		"select rls.enter({acme}, {member}, 'owner', {members_credential}, false)"},
	{"report on their session", "select rls.enter_report({agent}, 2, {foreign_session})"},
	{"sign in to their organisation",
		`select rls.sign_in({member}, {globex}, {nothing}, '\x00', now() + interval '1 h')`},
}

func (d *deriver) onFunctions() {
	for _, e := range entries {
		d.add(target{}, e[0], crosses, e[1])
	}
	if !d.managed {
		d.add(target{}, "set the organisation by set_config", crosses, "select set_config('app.org_id', {globex}, true)")
	}
	if d.inside || d.caller.name != "system" { // the system role is allowed to: it is the background service
		d.add(target{}, "enter as a service", crosses, "select rls.enter_service({globex}, 'audit')")
	}
	if d.inside {
		d.add(target{}, "enter twice", crosses, d.enters[len(d.enters)-1])
	}
}

// target is a table that attempts are made on.
type target struct {
	name    string // without its schema
	key     string // the column of the organisation's id; empty for the platform's tables
	columns []string
	primary []string
	may     map[string]writable // by role
	unique  []tie               // its unique indexes
	foreign []tie               // its foreign keys into an organisation's table

	ours, theirs string // the conditions that find an organisation's rows
	mine, row    values // a row of ours and one of theirs
	place        string // the physical places (ctid) of their rows: an update moves a row
}

// writable are the columns that a role may write.
type writable struct{ Insert, Update []string }

// tie is a unique index or a foreign key, with its columns except the organisation's id.
type tie struct {
	Name    string
	Columns []string
}

// values are a row's, by column.
type values map[string]json.RawMessage

// with returns a copy of the row with some values of another row.
func (v values) with(other values, columns []string) values {
	out := maps.Clone(v)
	for _, c := range columns {
		out[c] = other[c]
	}
	return out
}

// readTables reads the tables from the catalogue, and their rows as the backup role, whose policies show it every row.
func (d *deriver) readTables(ctx context.Context, tx pgx.Tx) ([]target, error) {
	query := db.QueryFile{Files: targets, Path: "targets.sql"}
	tables, err := db.Rows(ctx, tx, query, func(row pgx.CollectableRow) (target, error) {
		var t target
		err := row.Scan(&t.name, &t.key, &t.columns, &t.primary, &t.may, &t.unique, &t.foreign)
		return t, err
	})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, strings.Join(d.backup, "; ")); err != nil {
		return nil, fmt.Errorf("become the backup's role: %w", err)
	}
	for i := range tables {
		if err := d.readRows(ctx, tx, &tables[i]); err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec(ctx, d.s.Leave())
	return tables, err
}

func (d *deriver) readRows(ctx context.Context, tx pgx.Tx, t *target) error {
	t.ours, t.theirs = d.condition(*t, "owner, admin, member, other, viewer, both, leaver", "acme", "agent"),
		d.condition(*t, "stranger, foreign_member, foreign_leaver", "globex", "foreign_agent")
	// Prefer the member's own row: every caller can write such a row, so only the organisation can be the reason for
	// a refusal.
	one := "(select to_jsonb(x) from app." + t.name + " x where %s order by position(" + d.s.Replace("{member}") +
		" in x::text) = 0, ctid limit 1)"
	query := "select " + t.places() + ", " + fmt.Sprintf(one, t.ours) + ", " + fmt.Sprintf(one, t.theirs)
	if err := tx.QueryRow(ctx, query).Scan(&t.place, &t.mine, &t.row); err != nil {
		return fmt.Errorf("read what was made in %s: %w", t.name, err)
	}
	return nil
}

// places is an SQL expression for the physical places of their rows.
func (t target) places() string {
	return fmt.Sprintf("(select coalesce(string_agg(ctid::text, ' ' order by ctid), '') from app.%s where %s)",
		t.name, t.theirs)
}

func (d *deriver) condition(t target, users, org, agent string) string {
	switch {
	case t.key != "":
		return t.key + " = " + d.s.Replace("{"+org+"}")
	case t.name == "users":
		return "id in (" + d.s.Replace("{"+strings.ReplaceAll(users, ", ", "}, {")+"}") + ")"
	case t.name == "agents":
		return "id = " + d.s.Replace("{"+agent+"}")
	default:
		return "true" // an unknown table without org_id: treat every row as another organisation's
	}
}

// fresh returns our row with a new id, a new name, a new key, a new secret and a new address.
func (t target) fresh() values {
	unused := values{
		"id":          json.RawMessage(`"` + uuid.NewString() + `"`),
		"name":        json.RawMessage(`"` + uuid.NewString() + `"`),
		"secret_hash": json.RawMessage(fmt.Sprintf(`"\\x%x"`, uuid.New())),
		"key":         json.RawMessage(`"` + uuid.NewString() + `"`),
		"email":       json.RawMessage(`"` + uuid.NewString() + `@example.test"`),
	}
	return t.mine.with(unused, slices.DeleteFunc(slices.Collect(maps.Keys(unused)), func(c string) bool {
		return c == t.key || !slices.Contains(t.columns, c)
	}))
}

// within reports whether some is not empty and others contains all of it.
func within(some, others []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(c string) bool { return !slices.Contains(others, c) })
}

// record is an SQL expression that a statement can select the row from.
func (t target) record(row values) string {
	text, _ := json.Marshal(row) // it was read as JSON
	return fmt.Sprintf("jsonb_populate_record(null::app.%s, '%s')", t.name, strings.ReplaceAll(string(text), "'", "''"))
}

// insert is a statement that inserts some columns of a row. For a role that may write no column it names all of
// them, and must be refused.
func (t target) insert(some []string, row values) string {
	if len(some) == 0 {
		some = t.columns
	}
	names := strings.Join(slices.Compact(slices.Sorted(slices.Values(some))), ", ")
	return fmt.Sprintf("insert into app.%s (%s) select %[2]s from %s", t.name, names, t.record(row))
}
