package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// desk runs commands of an operator on a database.
type desk struct {
	*testing.T

	db    *dbtest.Database
	super *pgx.Conn
	files string
	name  string // the operator's
	input string // what the command reads
}

func newDesk(t *testing.T, db *dbtest.Database, name string) desk {
	t.Helper()
	return desk{t, db, db.Superuser(t), t.TempDir(), name, ""}
}

// run runs a command as the operator, and returns what it prints for programs and for people.
func (d desk) run(line string, more ...string) (status int, out, said string) {
	d.Helper()
	var stdout, stderr bytes.Buffer
	environ := []string{"STREAMSPACE_DATABASE_URL=" + d.db.URL(), "STREAMSPACE_OPERATOR=" + d.name}
	args := append(append([]string{"admin"}, strings.Fields(line)...), more...)
	status = run(d.Context(), terminal{args, environ, strings.NewReader(d.input), &stdout, &stderr})
	return status, stdout.String(), stderr.String()
}

// does runs a command that must succeed, and returns what it prints.
func (d desk) does(line string, more ...string) string {
	d.Helper()
	status, out, said := d.run(line, more...)
	if status != 0 {
		d.Fatalf("admin %s: status %d: %s", line, status, said)
	}
	return out
}

// inside matches what the sentence of a fault does not contain: its code, and the database's error.
var inside = regexp.MustCompile(`^streamspace: \w+_\w+: |SQLSTATE`)

// refuses runs a command that must fail with a sentence, print nothing for programs, and show nothing of the database.
func (d desk) refuses(want, line string, more ...string) {
	d.Helper()
	status, out, said := d.run(line, more...)
	if status != 1 || !strings.Contains(said, want) || out != "" {
		d.Errorf("admin %s: status %d, %q, want %q\n%s", line, status, said, want, out)
	}
	if inside.MatchString(said) {
		d.Errorf("admin %s shows what is inside: %q", line, said)
	}
}

// rows reads lines of one column as a superuser.
func (d desk) rows(sql string, args ...any) []string {
	d.Helper()
	rows, err := d.super.Query(d.Context(), sql, args...)
	if err != nil {
		d.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.Fatal(err)
	}
	return out
}

// TestSetupCommand makes the first organisation from what one command prints and another reads.
func TestSetupCommand(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dbtest.Own(t), "me")
	d.input = d.does("setup-code")
	const setUp = "setup --slug acme --name Acme --owner Owner@Acme.test --sessions 7 --owner-name"
	if password := strings.TrimSpace(d.does(setUp, "The owner")); len(password) < 32 {
		t.Errorf("the password is %q", password)
	}
	d.shows("acme acme owner owner@acme.test 7", `
		select o.slug || ' ' || o.namespace || ' ' || m.role || ' ' || u.email || ' ' || l.per_org
		from app.organizations o join app.memberships m on m.org_id = o.id join app.users u on u.id = m.user_id
		join app.quota_limits l on l.org_id = o.id and l.kind = 'sessions'`)
	d.refuses("The setup code is wrong, used or expired", setUp, "The owner")
}

func TestOperatorsCommands(t *testing.T) {
	t.Parallel()
	db := dbtest.Own(t)
	d := newDesk(t, db, "me")

	// The first code is for an empty installation.
	code := strings.TrimSpace(d.does("setup-code"))
	const isTheCode = "select 1::text from app.installation where secret_hash = sha256(convert_to($1, 'UTF8'))"
	if len(code) < 32 || len(d.rows(isTheCode, code)) != 1 {
		t.Errorf("the code is %q", code)
	}
	d.input = "guessed\n"
	const setUp = "setup --slug acme --name Acme --owner first@acme.test --owner-name"
	d.refuses("The setup code is wrong, used or expired", setUp, "The first")
	d.refuses("--owner-name must have 1 to", setUp, "")
	d.refuses("--slug must be", strings.Replace(setUp, "acme", "Acme", 1), "The first")
	d.input = ""
	d.refuses("the setup code is missing", setUp, "The first")
	password := strings.TrimSpace(d.does("user create Owner@Acme.test --name", "The owner"))
	if len(password) < 32 {
		t.Errorf("the password is %q", password)
	}
	d.does("org create --slug acme --name Acme --owner owner@acme.test")
	d.refuses("is set up already", "setup-code")

	// People.
	file := filepath.Join(d.files, "password")
	if err := os.WriteFile(file, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := d.does("user create me@ops.test --name Me --password-file", file); out != "" {
		t.Errorf("a password that was given is printed: %q", out)
	}
	d.refuses("There is a user with this email address", "user create me@ops.test --name Me --password-file", file)
	// A refused command prints no password: a script would keep it.
	d.refuses("There is a user with this email address", "user create me@ops.test --name Me")
	d.refuses("There is no such user", "user reset nobody@acme.test")
	d.refuses("There is no such user", "user disable nobody@acme.test")
	d.does("user disable me@ops.test")
	d.does("user enable me@ops.test")
	d.does("user sign-out owner@acme.test")
	if again := strings.TrimSpace(d.does("user reset owner@acme.test")); again == password || again == "" {
		t.Errorf("the new password is %q", again)
	}

	// Organisations and access.
	d.refuses("There is an organisation with this slug", "org create --slug acme --name Acme --owner owner@acme.test")
	d.refuses("There is no such organisation", "org suspend globex")
	d.does("org suspend acme")
	d.does("org resume acme")
	d.refuses("--reason", "grant acme me@ops.test --role viewer --for 1h")
	d.refuses("--role", "grant acme me@ops.test --role owner --for 1h --reason help")
	d.refuses("--for", "grant acme me@ops.test --for 721h --reason help")
	d.does("grant acme me@ops.test --role viewer --for 1h --reason help")
	d.refuses("is a member of this organisation already", "grant acme me@ops.test --for 1h --reason help")
	d.does("grant acme me@ops.test --end")
	d.does("org owner acme me@ops.test")

	// Agents.
	credential := filepath.Join(d.files, "credential")
	d.does("agent enrol host-1 --credential", credential)
	if info, err := os.Stat(credential); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the credential's file: %v, %v", info, err)
	}
	d.refuses("exists: choose a new file", "agent enrol host-2 --credential", credential)
	d.refuses("There is an agent with this name", "agent enrol host-1")
	// A credential that cannot be written is not made: its name would be taken, and its secret lost.
	d.refuses("no such file", "agent enrol host-2 --credential", filepath.Join(d.files, "missing", "credential"))
	d.refuses("There is no such agent", "agent revoke host-2")
	d.refuses("There is no such agent", "agent rotate host-2 --credential", filepath.Join(d.files, "second"))
	d.refuses("There is an agent with this name", "agent enrol host-1 --credential", filepath.Join(d.files, "second"))
	if _, err := os.Stat(filepath.Join(d.files, "second")); err == nil {
		t.Error("a refused command leaves a file")
	}
	d.refuses("There is no such agent", "agent serve host-2 acme")
	d.does("agent serve host-1 acme")
	if id, key, found := strings.Cut(d.does("agent rotate host-1"), "."); !found || len(id) != 36 || len(key) < 32 {
		t.Errorf("the credential is %q", id)
	}
	d.does("agent revoke host-1")
	d.refuses("The agent is revoked", "agent rotate host-1")
	d.refuses("The agent is revoked", "agent revoke host-1")
	d.refuses("The agent is revoked", "agent serve host-1 acme")

	// Templates.
	template := filepath.Join(d.files, "terminal.json")
	write := func(text string) {
		if err := os.WriteFile(template, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"name": "terminal", "title": "Terminal", "spec": {"command": ["xterm"]}}`)
	d.does("template publish", template)
	write(`{"name": "terminal", "titel": "Terminal"}`)
	d.refuses("titel", "template publish", template)
	write(`{"name": "terminal", "title": "Terminal"} {"name": "second", "title": "Second"}`)
	d.refuses("something follows", "template publish", template)
	write(`{"name": "terminal", "title": "Terminal"}` + strings.Repeat(" ", maxTemplate))
	d.refuses("more than 1048576 bytes", "template publish", template)
	write(`{"name": "terminal", "title": ""}`)
	d.refuses("title must have 1 to 80 characters", "template publish", template)
	d.refuses("no such file", "template publish", filepath.Join(d.files, "missing.json"))
	d.does("template withdraw terminal")
	d.refuses("template", "template withdraw terminal")

	wantOrg := []string{"org.create", "member.sign_out", "org.suspend", "org.resume", "access.grant", "access.end",
		"org.owner", "agent.serve"}
	// The owner had no sign-in to end.
	wantOrg = append(wantOrg[:1], wantOrg[2:]...)
	const inOrg = "select action from app.audit_log where actor = 'operator:me' order by seq"
	if diff := cmp.Diff(wantOrg, d.rows(inOrg)); diff != "" {
		t.Errorf("the organisation's audit log (-want +got):\n%s", diff)
	}
	if log := d.does("log"); !strings.HasPrefix(log, "SEQ") || strings.Count(log, "user.create") != 2 {
		t.Errorf("the log prints\n%s", log)
	}
	wantLog := []string{"setup.code", "user.create", "user.create", "user.disable", "user.enable", "user.reset",
		"agent.enrol", "agent.rotate", "agent.revoke", "template.publish", "template.withdraw"}
	const outside = "select action from app.operator_log where operator = 'me' order by seq"
	if diff := cmp.Diff(wantLog, d.rows(outside)); diff != "" {
		t.Errorf("the operators' log (-want +got):\n%s", diff)
	}
}

func TestOperatorsLists(t *testing.T) {
	t.Parallel()
	db := dbtest.Own(t)
	d := newDesk(t, db, "me")
	o := db.NewOrg(t, dbtest.Spec{})
	if _, err := d.super.Exec(t.Context(), `insert into app.users (id, email, name, password_hash)
		select gen_random_uuid(), 'user' || lpad(n::text, 4, '0') || '@example.test', 'User', 'none'
		from generate_series(1, 250) n`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, header, row string }{
		{"org list", "SLUG", o.Slug},
		{"user list", "EMAIL", "user0250@example.test"}, // on the third page
		{"agent list", "NAME", o.Agent.String()},
	} {
		table := d.does(c.line)
		if !strings.HasPrefix(table, c.header) || !strings.Contains(table, c.row) {
			t.Errorf("%s prints\n%s", c.line, table)
		}
		lines := strings.Split(strings.TrimSpace(d.does(c.line+" --output json")), "\n")
		for _, line := range lines {
			var object map[string]any
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				t.Errorf("%s: %v: %s", c.line, err, line)
			}
		}
		if want := strings.Count(table, "\n") - 1; len(lines) != want {
			t.Errorf("%s: %d objects, %d rows", c.line, len(lines), want)
		}
		d.refuses("must be table or json", c.line+" --output xml")
	}
	table := strings.Split(strings.TrimSpace(d.does("user list")), "\n")
	if len(table) != 1+254 {
		t.Errorf("%d lines", len(table))
	}
	// Later pages are in the columns of the first.
	column := strings.Index(table[0], "DISABLED")
	for _, line := range table[1:] {
		if len(line) < column || !strings.HasPrefix(line[column:], "false") {
			t.Fatalf("out of line:\n%s\n%s", table[0], line)
		}
	}
	d.does("agent enrol new")
	if agents := d.does("agent list --output json"); !strings.Contains(agents, `"last_seen":null`) {
		t.Errorf("an agent that was never seen: %s", agents)
	}
	for limits, shown := range map[string]struct{ cell, json string }{
		"null":                      {"unknown", "null"},
		"array[]::text[]":           {"none", "[]"},
		"array['cpu', 'processes']": {"cpu,processes", `["cpu","processes"]`},
	} {
		if _, err := d.super.Exec(t.Context(), "update app.agents set unenforced_limits = "+limits); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(d.does("agent list")), "\n")[1:] {
			if !strings.HasSuffix(strings.TrimSpace(line), shown.cell) {
				t.Errorf("limits %s: %s", limits, line)
			}
		}
		if agents := d.does("agent list --output json"); !strings.Contains(agents, `"unenforced_limits":`+shown.json) {
			t.Errorf("limits %s: %s", limits, agents)
		}
	}
	if _, err := d.super.Exec(t.Context(), `update app.users set email = E'user\x1b[1m@example.test'
		where email = 'user0001@example.test'`); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(d.does("user list"), "\x1b") {
		t.Error("an address acts on the terminal")
	}
	// A list needs no name; a change does.
	environ := []string{"STREAMSPACE_DATABASE_URL=" + d.db.URL()}
	var stdout, stderr bytes.Buffer
	if run(t.Context(), terminal{[]string{"admin", "org", "list"}, environ, nil, &stdout, &stderr}) != 0 {
		t.Errorf("without a name: %s", &stderr)
	}
	args := []string{"admin", "org", "suspend", o.Slug}
	status := run(t.Context(), terminal{args, environ, nil, &stdout, &stderr})
	if status != 1 || !strings.Contains(stderr.String(), "operator") {
		t.Errorf("without a name: %s", &stderr)
	}
}
