package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/identity"
)

// TestOperatorsActs shows for each command what it changes, what it writes to which log, and what it refuses.
func TestOperatorsActs(t *testing.T) {
	t.Parallel()
	db := dbtest.Own(t)
	for name, act := range map[string]func(desk){
		"create an organisation": createsOrg, "suspend an organisation": suspendsOrg,
		"limit an organisation": limitsOrg, "name an owner": namesOwner,
		"grant access": grantsAccess, "create a user": createsUser, "disable a user": disablesUser,
		"sign a user out": signsOut, "reset a password": resetsPassword, "run an agent": runsAgent,
		"publish a template": publishesTemplate, "approve a template": approvesTemplate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			act(newDesk(t, db, name))
		})
	}
}

// find is the one line that a query returns.
func (d desk) find(sql string, args ...any) string {
	d.Helper()
	rows := d.rows(sql, args...)
	if len(rows) != 1 {
		d.Fatalf("%s %v: %d rows", sql, args, len(rows))
	}
	return rows[0]
}

// shows compares the one line that a query returns.
func (d desk) shows(want, sql string, args ...any) {
	d.Helper()
	if got := d.find(sql, args...); got != want {
		d.Errorf("%s: %q, want %q", sql, got, want)
	}
}

// logged compares what the operator did to an organisation, as its audit log has it, with "<action> <subject>" lines.
func (d desk) logged(o *dbtest.Org, want ...string) {
	d.Helper()
	got := d.rows("select action || ' ' || subject from app.audit_log where org_id = $1 and actor = $2 order by seq",
		o.ID.UUID, "operator:"+d.name)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		d.Errorf("the audit log (-want +got):\n%s", diff)
	}
}

// loggedOutside is logged for the operators' log.
func (d desk) loggedOutside(want ...string) {
	d.Helper()
	got := d.rows("select action || ' ' || subject from app.operator_log where operator = $1 order by seq", d.name)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		d.Errorf("the operators' log (-want +got):\n%s", diff)
	}
}

// signIns counts the sign-ins of a user to all organisations.
func (d desk) signIns(p dbtest.Person) string {
	d.Helper()
	return d.find("select count(*)::text from app.credentials where user_id = $1", p.User.UUID)
}

func (d desk) file(name, text string, mode os.FileMode) string {
	d.Helper()
	path := filepath.Join(d.files, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		d.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		d.Fatal(err)
	}
	return path
}

func createsOrg(d desk) {
	owner := d.db.NewOrg(d.T, dbtest.Spec{}).Owner
	create := "org create --slug umbrella --namespace rain --sessions 7 --sessions-per-user 2 --name"
	noName := "org create --slug umbrella --owner " + owner.Email
	for want, line := range map[string]string{
		"slug must be":                     "org create --slug Umbrella --name U --owner " + owner.Email,
		"name must have 1 to 80":           noName,
		"owner must be a user":             "org create --slug umbrella --name U",
		"There is no such user":            "org create --slug umbrella --name U --owner unknown@example.test",
		"--sessions must be 1 to":          noName + " --name U --sessions 0",
		"--sessions-per-user must be 1 to": noName + " --name U --sessions-per-user 0",
		"namespace must be":                noName + " --name U --namespace Rain",
	} {
		d.refuses(want, line)
	}
	d.does(create, "Umbrella & Sons", "--owner", strings.ToUpper(owner.Email))
	id := d.find("select id::text from app.organizations where slug = 'umbrella' and name = 'Umbrella & Sons' " +
		"and namespace = 'rain' and not suspended")
	d.shows("7 2", "select per_org || ' ' || per_user from app.quota_limits where org_id = $1", id)
	d.shows(owner.User.String()+" owner", "select user_id || ' ' || role from app.memberships where org_id = $1", id)
	d.shows("org.create "+id+" operator:"+d.name,
		"select action || ' ' || subject || ' ' || actor from app.audit_log where org_id = $1", id)
	d.refuses("There is an organisation with this slug", create, "Again", "--owner", owner.Email)
	d.refuses("Another organisation has this namespace",
		"org create --slug second --name Second --namespace rain --owner", owner.Email)
	d.does("org create --slug second --name Second --owner", owner.Email)
	d.shows("second", "select namespace from app.organizations where slug = 'second'")
}

func limitsOrg(d desk) {
	o := d.db.NewOrg(d.T, dbtest.Spec{PerOrg: 5, PerUser: 2})
	limits := "select per_org || ' ' || per_user from app.quota_limits where org_id = $1"
	d.refuses("There is no such organisation", "org limits unknown --sessions 7")
	d.refuses("--sessions or another limit must be given", "org limits "+o.Slug)
	d.refuses("--sessions must be", "org limits "+o.Slug+" --sessions -1")
	d.refuses("--sessions-per-user must be", "org limits "+o.Slug+" --sessions-per-user -1")
	d.does("org limits " + o.Slug + " --sessions 7")
	d.shows("7 2", limits, o.ID.UUID)
	d.does("org limits " + o.Slug + " --sessions-per-user 3")
	d.shows("7 3", limits, o.ID.UUID)
	for _, flag := range []string{"memory", "cpu", "processes", "disk"} {
		d.refuses("--"+flag+" must be", "org limits "+o.Slug+" --"+flag+" -1")
		d.refuses("--"+flag+"-per-user must be", "org limits "+o.Slug+" --"+flag+"-per-user -1")
	}
	all := "select string_agg(concat_ws(' ', kind, per_org, per_user), ', ' order by kind) " +
		"from app.quota_limits where org_id = $1"
	d.does("org limits " + o.Slug + " --memory 1 --memory-per-user 2 --cpu 3 --processes-per-user 4 --disk 5")
	d.shows("cpu 3, disk 5, memory 1 2, processes 4, sessions 7 3", all, o.ID.UUID)
	d.does("org limits " + o.Slug + " --memory-per-user 0 --disk 0 --cpu-per-user 6")
	d.shows("cpu 3 6, disk, memory 1, processes 4, sessions 7 3", all, o.ID.UUID)
	did := "org.limits " + o.ID.String()
	d.logged(o, did, did, did, did)
}

func suspendsOrg(d desk) {
	o := d.db.NewOrg(d.T, dbtest.Spec{})
	suspended := "select suspended::text from app.organizations where id = $1"
	d.refuses("There is no such organisation", "org suspend unknown")
	d.refuses("There is no such organisation", "org resume unknown")
	d.does("org resume " + o.Slug)
	d.logged(o) // nothing was changed
	d.does("org suspend " + o.Slug)
	d.does("org suspend " + o.Slug)
	d.shows("true", suspended, o.ID.UUID)
	d.does("org resume " + o.Slug)
	d.shows("false", suspended, o.ID.UUID)
	d.logged(o, "org.suspend "+o.ID.String(), "org.resume "+o.ID.String())
	d.loggedOutside()

	long := d
	long.name = strings.Repeat("x", 81)
	long.refuses("--operator must have 1 to 80 characters, not 81", "org suspend "+o.Slug)
}

func namesOwner(d desk) {
	o, other := d.db.NewOrg(d.T, dbtest.Spec{}), d.db.NewOrg(d.T, dbtest.Spec{})
	role := "select role from app.memberships where org_id = $1 and user_id = $2"
	d.refuses("There is no such organisation", "org owner unknown "+o.Viewer.Email)
	d.refuses("There is no such user", "org owner "+o.Slug+" unknown@example.test")
	d.does("org owner " + o.Slug + " " + o.Viewer.Email)
	d.shows("owner", role, o.ID.UUID, o.Viewer.User.UUID)
	d.does("org owner " + o.Slug + " " + other.Member.Email)
	d.shows("owner", role, o.ID.UUID, other.Member.User.UUID)
	d.does("org owner " + o.Slug + " " + o.Owner.Email) // who is one already
	d.logged(o, "org.owner "+o.Viewer.User.String(), "org.owner "+other.Member.User.String())
}

func grantsAccess(d desk) {
	o, other := d.db.NewOrg(d.T, dbtest.Spec{}), d.db.NewOrg(d.T, dbtest.Spec{})
	me := other.Member
	grant := "grant " + o.Slug + " " + me.Email
	granted := "select count(*)::text from app.memberships where org_id = $1 and user_id = $2"
	for want, line := range map[string]string{
		"There is no such organisation": "grant unknown " + me.Email + " --reason help",
		"There is no such user":         "grant " + o.Slug + " unknown@example.test --reason help",
		"--role must be":                grant + " --role owner --reason help",
		"--reason must have 1 to 200":   grant,
		"--for must be within the next": grant + " --reason help --for 0s",
		"is a member of this":           "grant " + o.Slug + " " + o.Viewer.Email + " --reason help",
	} {
		d.refuses(want, line)
	}
	d.refuses("There is no such organisation", "grant unknown "+me.Email+" --end")
	d.refuses("There is no such user", "grant "+o.Slug+" unknown@example.test --end")
	d.shows("0", granted, o.ID.UUID, me.User.UUID)

	d.does(grant+" --role member --for 90m --reason", "the desktop does not start")
	d.shows("member the desktop does not start true", `select role || ' ' || reason || ' ' ||
		(ends_at between now() + interval '89 min' and now() + interval '90 min')::text
		from app.memberships where org_id = $1 and user_id = $2`, o.ID.UUID, me.User.UUID)
	d.does(grant + " --end")
	d.shows("0", granted, o.ID.UUID, me.User.UUID)
	// A membership without an end stays.
	d.does("grant " + o.Slug + " " + o.Viewer.Email + " --end")
	d.shows("1", granted, o.ID.UUID, o.Viewer.User.UUID)
	d.logged(o, "access.grant "+me.User.String(), "access.end "+me.User.String())
}

func createsUser(d desk) {
	open, empty := d.file("open", "secret", 0o644), d.file("empty", "\n", 0o600)
	d.refuses("email must be an address", "user create jo --name Jo")
	d.refuses("name must have 1 to 80", "user create jo@example.test")
	d.refuses("other users can read", "user create jo@example.test --name Jo --password-file", open)
	d.refuses("password must have 1 to 1024", "user create jo@example.test --name Jo --password-file", empty)
	d.refuses("no such file", "user create jo@example.test --name Jo --password-file", filepath.Join(d.files, "missing"))
	d.loggedOutside()

	made := strings.TrimSuffix(d.does("user create Jo@Example.test --name", "Jo Doe"), "\n")
	id := d.find("select id::text from app.users where email = 'jo@example.test' and name = 'Jo Doe' and not disabled")
	d.hasPassword(id, made)
	given := d.file("given", " correct horse \n", 0o600)
	if out := d.does("user create an@example.test --name An --password-file", given); out != "" {
		d.Errorf("a password that was given is printed: %q", out)
	}
	second := d.find("select id::text from app.users where email = 'an@example.test'")
	d.hasPassword(second, "correct horse")
	d.refuses("There is a user with this email address", "user create JO@example.test --name Jo")
	d.loggedOutside("user.create "+id, "user.create "+second)
}

// hasPassword verifies a user's password as signing in does.
func (d desk) hasPassword(id, password string) {
	d.Helper()
	hash := d.find("select password_hash from app.users where id = $1", id)
	if ok, err := identity.NewPasswords(1).Verify(d.Context(), password, hash); err != nil || !ok {
		d.Errorf("%q is not the password: %v", password, err)
	}
}

func disablesUser(d desk) {
	o := d.db.NewOrg(d.T, dbtest.Spec{})
	p := o.Member
	disabled := "select disabled::text from app.users where id = $1"
	d.refuses("There is no such user", "user disable unknown@example.test")
	d.refuses("There is no such user", "user enable unknown@example.test")
	d.does("user enable " + p.Email)
	d.loggedOutside() // nothing was changed
	d.does("user disable " + p.Email)
	d.shows("true", disabled, p.User.UUID)
	if n := d.signIns(p); n != "0" {
		d.Errorf("%s sign-ins of a disabled user", n)
	}
	d.does("user enable " + p.Email)
	d.shows("false", disabled, p.User.UUID)
	d.loggedOutside("user.disable "+p.User.String(), "user.enable "+p.User.String())
	d.logged(o, "member.sign_out "+p.User.String())
}

func signsOut(d desk) {
	o := d.db.NewOrg(d.T, dbtest.Spec{})
	d.refuses("There is no such user", "user sign-out unknown@example.test")
	d.does("user sign-out " + o.Admin.Email)
	d.does("user sign-out " + o.Admin.Email) // there is none left
	if n, others := d.signIns(o.Admin), d.signIns(o.Member); n != "0" || others != "1" {
		d.Errorf("%s sign-ins are left, and %s of another member", n, others)
	}
	d.logged(o, "member.sign_out "+o.Admin.User.String())
	d.loggedOutside()
}

func resetsPassword(d desk) {
	o := d.db.NewOrg(d.T, dbtest.Spec{})
	p := o.Viewer
	d.refuses("There is no such user", "user reset unknown@example.test")
	d.refuses("password must have 1 to 1024", "user reset "+p.Email+" --password-file", d.file("no", "", 0o600))
	if n := d.signIns(p); n != "1" {
		d.Errorf("%s sign-ins after a refused reset", n)
	}
	d.hasPassword(p.User.String(), strings.TrimSuffix(d.does("user reset "+p.Email), "\n"))
	if n := d.signIns(p); n != "0" {
		d.Errorf("%s sign-ins after a reset", n)
	}
	d.does("user reset "+p.Email+" --password-file", d.file("given", "correct horse", 0o600))
	d.hasPassword(p.User.String(), "correct horse")
	d.loggedOutside("user.reset "+p.User.String(), "user.reset "+p.User.String())
	d.logged(o, "member.sign_out "+p.User.String())
}

func runsAgent(d desk) {
	o := d.db.NewOrg(d.T, dbtest.Spec{})
	// known finds the agent of a credential, as connecting does.
	known := func(credential string) string {
		d.Helper()
		id, key, _ := strings.Cut(strings.TrimSpace(credential), ".")
		return fmt.Sprint(len(d.rows(`select name from app.agents
			where id = $1 and secret_hash = sha256(convert_to($2, 'UTF8')) and revoked_at is null`, id, key)))
	}
	for _, act := range []string{"serve rack " + o.Slug, "rotate rack", "revoke rack"} {
		d.refuses("There is no such agent", "agent "+act)
	}
	d.refuses("name must have 1 to 80", "agent enrol", "")
	file := filepath.Join(d.files, "credential")
	if out := d.does("agent enrol rack --credential", file); out != "" {
		d.Errorf("a credential with a file is printed: %q", out)
	}
	b, err := os.ReadFile(file)
	if err != nil || known(string(b)) != "1" {
		d.Errorf("the file's credential is unknown: %v", err)
	}
	id, _, _ := strings.Cut(string(b), ".")
	d.refuses("There is an agent with this name", "agent enrol rack")

	d.refuses("There is no such organisation", "agent serve rack unknown")
	d.does("agent serve rack " + o.Slug)
	d.does("agent serve rack " + o.Slug) // again
	d.shows("1", "select count(*)::text from app.agent_orgs where org_id = $1 and agent_id = $2", o.ID.UUID, id)
	d.logged(o, "agent.serve "+id)

	next := d.does("agent rotate rack")
	if known(string(b)) != "0" || known(next) != "1" {
		d.Error("the credential before works, or the new one does not")
	}
	d.does("agent revoke rack")
	if known(next) != "0" {
		d.Error("a revoked agent's credential works")
	}
	d.refuses("The agent is revoked", "agent rotate rack --credential", filepath.Join(d.files, "second"))
	d.refuses("The agent is revoked", "agent revoke rack")
	d.refuses("The agent is revoked", "agent serve rack "+o.Slug)
	d.refuses("There is an agent with this name", "agent enrol rack")
	if _, err := os.Stat(filepath.Join(d.files, "second")); err == nil {
		d.Error("a refused command leaves a file")
	}
	d.loggedOutside("agent.enrol "+id, "agent.rotate "+id, "agent.revoke "+id)
}

func publishesTemplate(d desk) {
	publish := func(text string) string { return "template publish " + d.file("desk.json", text, 0o600) }
	for want, text := range map[string]string{
		"name must be":               `{"title": "Desk"}`,
		"title must have 1 to 80":    `{"name": "acts"}`,
		"spec.width must be 200 to":  `{"name": "acts", "title": "Desk", "spec": {"width": -1}}`,
		"spec.memory must be 256 to": `{"name": "acts", "title": "Desk", "spec": {"memory": 1}}`,
		`unknown field "titel"`:      `{"name": "acts", "titel": "Desk"}`,
		`unknown field "comand"`:     `{"name": "acts", "title": "Desk", "spec": {"comand": []}}`,
		"unexpected EOF":             `{"name": "acts", `,
		"description must be text w": `{"name": "acts", "title": "Desk", "description": "\u0000"}`,
	} {
		d.refuses(want, publish(text))
	}
	d.refuses("There is no such template", "template withdraw acts")
	d.loggedOutside()
	one := `{"name": "acts", "title": "Desk", "description": "A desk", "spec": {"command": ["xterm"], "width": 800}}`
	d.does(publish(one))
	d.does(publish(one)) // again
	d.does(publish(strings.Replace(one, "800", "801", 1)))
	got := d.rows(`select concat_ws(' ', revision, title, description, spec->>'command', spec->>'width')
		from app.public_templates where name = 'acts' order by revision`)
	if diff := cmp.Diff([]string{`1 Desk A desk ["xterm"] 800`, `2 Desk A desk ["xterm"] 801`}, got); diff != "" {
		d.Errorf("the revisions (-want +got):\n%s", diff)
	}
	d.does("template withdraw acts")
	d.shows("0", "select count(*)::text from app.public_templates where name = 'acts'")
	d.refuses("There is no such template", "template withdraw acts")
	d.loggedOutside("template.publish acts", "template.publish acts", "template.withdraw acts")
}

func approvesTemplate(d desk) {
	o := d.db.NewOrg(d.T, dbtest.Spec{})
	approve := "template approve " + o.Slug + " desk "
	d.refuses("No one asks for the publication", approve+"1")
	if requests := d.does("template requests"); strings.Contains(requests, o.Slug) {
		d.Errorf("asked for: %s", requests)
	}
	if _, err := d.super.Exec(d.Context(), "update app.templates set requested_at = now() where org_id = $1",
		o.ID.UUID); err != nil {
		d.Fatal(err)
	}
	requests := d.does("template requests --output json")
	if !strings.Contains(requests, o.Slug) || !strings.Contains(requests, `"revision":1`) {
		d.Errorf("asked for: %s", requests)
	}
	d.refuses(`"one" is not the number`, approve+"one")
	d.refuses("revision must be 1 to", approve+"0")
	d.refuses("No one asks for the publication", approve+"2")
	reject := "template reject " + o.Slug + " desk "
	d.refuses("reason must have 1 to 500", reject+"1")
	d.refuses(`"one" is not the number`, reject+"one --reason licence")
	d.refuses("No one asks for the publication", reject+"2 --reason licence")
	d.does(reject + "1 --reason licence")
	d.shows("licence", "select rejection from app.templates where id = $1", o.Template)
	d.refuses("No one asks for the publication", approve+"1")
	if _, err := d.super.Exec(d.Context(), "update app.templates set requested_at = now() where org_id = $1",
		o.ID.UUID); err != nil {
		d.Fatal(err)
	}
	d.does(approve + "1")
	d.shows("1 Desk", "select revision || ' ' || title from app.public_templates where name = 'desk'")
	d.refuses("No one asks for the publication", approve+"1") // again
	d.logged(o, "template.reject "+o.Template.String(), "template.approve "+o.Template.String())
	d.loggedOutside("template.publish desk")
}
