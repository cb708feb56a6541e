package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// template is a template as the API shows it.
type template struct {
	ID                       uuid.UUID
	Name, Title, Description string
	Revision                 int
	Spec                     map[string]any
	IsPublic                 bool `json:"is_public"`
}

// designer asks for templates as one of an organisation.
type designer struct {
	*testing.T

	org *dbtest.Org
}

func (d designer) asks(as dbtest.Person, method, path, ifMatch string, body any) servertest.Answer {
	d.Helper()
	return asks(d, as, method, "/templates"+path, ifMatch, body)
}

// asks sends a request to a path of the API and returns the answer. ifMatch may be empty.
func asks(t testing.TB, as dbtest.Person, method, path, ifMatch string, body any) servertest.Answer {
	t.Helper()
	q := servertest.Request{Method: method, Path: "/api/v1" + path, Bearer: running.Bearer(t, as), Body: body}
	if ifMatch != "" {
		q.Header = http.Header{"If-Match": {ifMatch}}
	}
	return running.Answer(t, q)
}

func (d designer) wants(a servertest.Answer, status int, code string) servertest.Answer {
	d.Helper()
	if a.Status != status || a.Code() != code {
		d.Fatalf("%d %s, want %d %s", a.Status, a.Body, status, code)
	}
	return a
}

func TestTheLifeOfATemplate(t *testing.T) {
	t.Parallel()
	d := designer{t, running.NewOrg(t, dbtest.Spec{})}
	o, foreign := d.org, running.NewOrg(t, dbtest.Spec{})
	spec := map[string]any{"command": []string{"firefox"}, "nested_namespaces": true}
	body := map[string]any{"name": "browser", "title": "Browser", "spec": spec}
	var made, got template
	a := d.wants(d.asks(o.Admin, "POST", "", "", body), 201, "")
	a.Decode(t, &made)
	at := "/" + made.ID.String()
	if a.Header.Get("Location") != "/api/v1/templates"+at || a.Header.Get("ETag") != `"1"` || made.Revision != 1 {
		t.Errorf("made %+v with %v", made, a.Header)
	}
	d.wants(d.asks(o.Owner, "POST", "", "", body), 409, "template_name_taken")
	d.wants(d.asks(foreign.Owner, "POST", "", "", body), 201, "") // each organisation has its own names
	d.wants(d.asks(o.Member, "POST", "", "", body), 403, "forbidden")

	a = d.wants(d.asks(o.Owner, "PATCH", at, `"1"`, map[string]any{"title": "Web"}), 200, "")
	if a.Decode(t, &got); got.Title != "Web" || got.Revision != 2 || a.Header.Get("ETag") != `"2"` ||
		fmt.Sprint(got.Spec) != "map[command:[firefox] nested_namespaces:true]" {
		t.Errorf("changed to %+v with %v", got, a.Header)
	}
	d.wants(d.asks(o.Admin, "PATCH", at, `"1"`, map[string]any{"title": "Net"}), 412, "precondition_failed")
	d.wants(d.asks(o.Admin, "DELETE", at, `"1"`, nil), 412, "precondition_failed")
	d.wants(d.asks(o.Admin, "PATCH", at, "2", map[string]any{"title": "Net"}), 400, "invalid_parameter")
	a = d.wants(d.asks(o.Admin, "PATCH", at, "*", map[string]any{"title": "Web"}), 200, "") // nothing new
	if a.Header.Get("ETag") != `"2"` {
		t.Errorf("the same again is %v", a.Header)
	}
	a = d.wants(d.asks(o.Viewer, "GET", at, "", nil), 200, "")
	if a.Decode(t, &got); got.Title != "Web" || a.Header.Get("ETag") != `"2"` {
		t.Errorf("shown is %+v with %v", got, a.Header)
	}
	for _, method := range []string{"PATCH", "DELETE"} {
		var change any
		if method == "PATCH" {
			change = map[string]any{"title": "Mine"}
		}
		d.wants(d.asks(foreign.Owner, method, at, "", change), 403, "other_org")
		d.wants(d.asks(o.Admin, method, "/"+uuid.NewString(), "", change), 404, "template_not_found")
		d.wants(d.asks(o.Admin, method, "/"+publicTemplate(t), "", change), 403, "template_is_public")
		d.wants(d.asks(o.Member, method, at, "", change), 403, "forbidden")
	}
	d.wants(d.asks(o.Admin, "DELETE", at, `"1", "2"`, nil), 204, "")
	d.wants(d.asks(o.Admin, "DELETE", at, "", nil), 404, "template_not_found")
	const log = `select string_agg(action || ' ' || subject, ', ' order by seq) from app.audit_log
		where org_id = $1 and action like 'template.%' and action <> 'template.write'`
	var said string
	if err := database.Superuser(t).QueryRow(t.Context(), log, o.ID.UUID).Scan(&said); err != nil {
		t.Fatal(err)
	}
	id := made.ID.String()
	if want := "template.create " + id + ", template.update " + id + ", template.delete " + id; said != want {
		t.Errorf("the audit log says %s, want %s", said, want)
	}
}

// publicTemplate publishes one, and returns its id.
func publicTemplate(t *testing.T) string {
	t.Helper()
	id := uuid.NewString()
	if _, err := database.Connect(t, "streamspace_operator").Exec(t.Context(),
		"select rls.publish_template('test', $1, $2, 'Public', '', '{}')", id, "p-"+id); err != nil {
		t.Fatal(err)
	}
	return id
}

// A template that is refused names the field and the limit.
func TestWhatNoTemplateHas(t *testing.T) {
	t.Parallel()
	d := designer{t, running.NewOrg(t, dbtest.Spec{})}
	for name, c := range map[string]struct {
		member string
		value  any
		field  string
		says   string
	}{
		"a field of another runtime": {"spec", map[string]any{"image": "x"}, "spec.image", "image"},
		"what a launch chooses":      {"spec", map[string]any{"scale": 2}, "spec.scale", "scale"},
		"another field":              {"icon", "x", "icon", "icon"},
		"no spec":                    {"spec", nil, "spec", ""},
		"a name that is no label":    {"name", "My Desk", "name", "lower case letters"},
		"a title too long":           {"title", strings.Repeat("é", 81), "title", "80"},
		"a title that turns":         {"title", "a\u202eb", "title", "bidirectional"},
		"a description of lines":     {"description", "a\nb", "description", "control characters"},
		"a description too long":     {"description", strings.Repeat("x", 1001), "description", "1000"},
		"a command of one text":      {"spec", map[string]any{"command": "xterm"}, "spec.command", "array"},
		"too many arguments":         {"spec", map[string]any{"command": make([]string, 65)}, "spec.command", "64"},
		"an empty program":           {"spec", map[string]any{"command": []string{""}}, "spec.command.0", "1"},
		"a desktop too small":        {"spec", map[string]any{"width": 199}, "spec.width", "200"},
		"a desktop too large":        {"spec", map[string]any{"height": 8193}, "spec.height", "8192"},
		"too little memory":          {"spec", map[string]any{"memory": 255}, "spec.memory", "256"},
		"too much memory":            {"spec", map[string]any{"memory": 1 << 31}, "spec.memory", "524288"},
		"too little of a processor":  {"spec", map[string]any{"cpu": 99}, "spec.cpu", "100"},
		"too many processors":        {"spec", map[string]any{"cpu": 512001}, "spec.cpu", "512000"},
		"too few processes":          {"spec", map[string]any{"processes": 99}, "spec.processes", "100"},
		"too many processes":         {"spec", map[string]any{"processes": 131073}, "spec.processes", "131072"},
		"too little disk":            {"spec", map[string]any{"disk": 255}, "spec.disk", "256"},
		"too much disk":              {"spec", map[string]any{"disk": 1 << 31}, "spec.disk", "524288"},
		"a spec of more than 16 K":   {"spec", map[string]any{"command": large()}, "spec", "16384 bytes"},
	} {
		body := map[string]any{"name": "x", "title": "X", "spec": map[string]any{}}
		body[c.member] = c.value
		a := d.asks(d.org.Admin, "POST", "", "", body)
		var p struct{ Field, Detail string }
		if a.Decode(t, &p); a.Status != 400 || p.Field != c.field || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

func large() []string {
	return strings.Fields(strings.Repeat(strings.Repeat("x", 4000)+" ", 5))
}

// A session keeps what it was started from, whatever becomes of its template.
func TestASessionOutlivesItsTemplate(t *testing.T) {
	t.Parallel()
	d := designer{t, running.NewOrg(t, dbtest.Spec{})}
	o := d.org
	running.AgentSeen(t, o)
	var s struct{ ID uuid.UUID }
	launch := servertest.Request{Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: running.Bearer(t, o.Member),
		Body: map[string]any{"template": "desk"}}
	if status := running.Call(t, launch, &s); status != 201 {
		t.Fatalf("launch: %d", status)
	}
	at := "/" + o.Template.String()
	d.wants(d.asks(o.Admin, "PATCH", at, "", map[string]any{"title": "Other", "spec": map[string]any{"width": 640}}),
		200, "")
	d.wants(d.asks(o.Admin, "DELETE", at, "", nil), 204, "")
	var kept string
	err := database.Superuser(t).QueryRow(t.Context(),
		"select template_title || ' ' || spec || ' ' || state from app.sessions where id = $1", s.ID).Scan(&kept)
	if err != nil || kept != "Desk {} pending" {
		t.Errorf("the session has %q, %v", kept, err)
	}
	if status, code := running.Try(t, launch, nil); status != 404 || code != "template_not_found" {
		t.Errorf("another session of it: %d %s", status, code)
	}
}

// Of two admins who change what both have read, one is told to read again. Seen to fail with the version compared
// without the lock of the row.
func TestTwoAdminsEditOneTemplate(t *testing.T) {
	t.Parallel()
	d := designer{t, running.NewOrg(t, dbtest.Spec{})}
	bearers := []string{running.Bearer(t, d.org.Owner), running.Bearer(t, d.org.Admin)}
	for n := range 5 {
		var done sync.WaitGroup
		statuses := map[int]int{}
		var mu sync.Mutex
		for i, bearer := range bearers {
			done.Go(func() {
				a := running.Answer(t, servertest.Request{
					Method: http.MethodPatch, Path: "/api/v1/templates/" + d.org.Template.String(), Bearer: bearer,
					Body:   map[string]any{"title": fmt.Sprintf("by %d, %d", i, n)},
					Header: http.Header{"If-Match": {fmt.Sprintf("%q", fmt.Sprint(n+1))}},
				})
				mu.Lock()
				defer mu.Unlock()
				statuses[a.Status]++
			})
		}
		done.Wait()
		if statuses[200] != 1 || statuses[412] != 1 {
			t.Fatalf("edit %d: %v", n, statuses)
		}
	}
}

// An admin asks, an operator approves just what was asked for, every organisation uses it, and the admin withdraws it.
func TestATemplateIsPublishedAndWithdrawn(t *testing.T) {
	t.Parallel()
	d := designer{t, running.NewOrg(t, dbtest.Spec{})}
	o, other := d.org, running.NewOrg(t, dbtest.Spec{})
	name := "p-" + uuid.NewString()
	var made template
	d.wants(d.asks(o.Admin, "POST", "", "", map[string]any{"name": name, "title": "One", "spec": map[string]any{}}),
		201, "").Decode(t, &made)
	at := "/" + made.ID.String()
	publication, public := at+"/publication", uuid.New()
	approve := func(revision int) error {
		_, err := database.Connect(t, "streamspace_operator").Exec(t.Context(),
			"select rls.approve_template('test', $1, $2, $3, $4)", o.ID.UUID, public, name, revision)
		return err
	}
	tag := func(want string) {
		t.Helper()
		a := d.wants(d.asks(o.Viewer, "GET", at, "", nil), 200, "")
		if got := a.Header.Get("ETag"); got != want {
			t.Errorf("the version is %s, want %s: %s", got, want, a.Body)
		}
	}
	if approve(1) == nil {
		t.Error("what no one has asked for is published")
	}
	d.wants(d.asks(o.Member, "PUT", publication, "", nil), 403, "forbidden")
	d.wants(d.asks(o.Admin, "PUT", publication, `"2"`, nil), 412, "precondition_failed")
	d.wants(d.asks(o.Admin, "PUT", publication, `"1"`, nil), 200, "")
	tag(`"1.requested"`)
	d.rejected(made, name)
	d.wants(d.asks(o.Admin, "PUT", publication, `"1.rejected"`, nil), 200, "")
	tag(`"1.requested"`)
	d.wants(d.asks(o.Admin, "PATCH", at, "", map[string]any{"title": "Two"}), 200, "")
	tag(`"2"`)
	if approve(1) == nil || approve(2) == nil {
		t.Error("a revision is published that no one has asked for")
	}
	d.wants(d.asks(o.Admin, "PUT", publication, "", nil), 200, "")
	d.wants(d.asks(o.Owner, "PUT", publication, "", nil), 200, "") // again
	if err := approve(2); err != nil {
		t.Fatal(err)
	}
	tag(`"2.published"`)
	seen := "/" + public.String()
	d.wants(d.asks(o.Admin, "PATCH", at, "", map[string]any{"title": "Three"}), 200, "")
	var got template
	d.wants(d.asks(other.Viewer, "GET", seen, "", nil), 200, "").Decode(t, &got)
	if got.Title != "Two" || !got.IsPublic || got.Name != name {
		t.Errorf("published is %+v", got)
	}
	d.wants(d.asks(other.Owner, "DELETE", publication, "", nil), 403, "other_org")
	d.wants(d.asks(other.Owner, "DELETE", seen+"/publication", "", nil), 403, "template_is_public")
	d.wants(d.asks(o.Admin, "DELETE", publication, "", nil), 204, "")
	d.wants(d.asks(o.Admin, "DELETE", publication, "", nil), 204, "") // again
	d.wants(d.asks(other.Viewer, "GET", seen, "", nil), 404, "template_not_found")
	tag(`"3"`)
}

// rejected has an operator refuse the first revision, and looks at who sees why.
func (d designer) rejected(made template, name string) {
	d.Helper()
	const reason = "the command needs a licence"
	if _, err := database.Connect(d.T, "streamspace_operator").Exec(d.Context(),
		"select rls.reject_template('test', $1, $2, 1, $3)", d.org.ID.UUID, name, reason); err != nil {
		d.Fatal(err)
	}
	for _, as := range []dbtest.Person{d.org.Admin, d.org.Owner, d.org.Member, d.org.Viewer} {
		for _, path := range []string{"/" + made.ID.String(), "?limit=100"} {
			a := d.wants(d.asks(as, "GET", path, "", nil), 200, "")
			if admin := as.Role == "admin" || as.Role == "owner"; strings.Contains(string(a.Body), reason) != admin {
				d.Errorf("the %s is shown by %q: %s", as.Role, path, a.Body)
			}
		}
	}
}

// Of eight who create the last two templates at once, two do, and the others are told the limit.
func TestAnOrganisationHasAThousandTemplates(t *testing.T) {
	t.Parallel()
	d := designer{t, running.NewOrg(t, dbtest.Spec{})}
	super := database.Superuser(t)
	for _, sql := range []string{
		"set session_replication_role = replica", // without the trigger, which needs a scope
		`insert into app.templates (org_id, id, name, title, spec)
			select '` + d.org.ID.String() + `', gen_random_uuid(), 'n' || n, 'x', '{}' from generate_series(1, 997) n`,
	} {
		if _, err := super.Exec(t.Context(), sql); err != nil { // with the template of every test's organisation: 998
			t.Fatal(err)
		}
	}
	var made, refused atomic.Int32
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			body := map[string]any{"name": fmt.Sprint("last-", n), "title": "x", "spec": map[string]any{}}
			a := d.asks(d.org.Admin, "POST", "", "", body)
			var problem struct{ Limit int }
			a.Decode(t, &problem)
			switch {
			case a.Status == http.StatusCreated:
				made.Add(1)
			case a.Status == http.StatusConflict && a.Code() == "too_many_templates" && problem.Limit == 1000:
				refused.Add(1)
			default:
				t.Errorf("create: %d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	if made.Load() != 2 || refused.Load() != 6 {
		t.Errorf("%d made and %d refused, want 2 and 6", made.Load(), refused.Load())
	}
}
