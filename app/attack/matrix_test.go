package attack

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/streamspace-dev/streamspace/docs"
)

// expected is the status of every operation for every kind of caller. The rows name whose id is asked for: a member's
// of the callers' own organisation, one of another organisation, one that exists nowhere. A dash is an operation that
// takes no id; a word beside the id says where else an organisation could be named.
//
//	none      no credential                        other      another member
//	expired   a token whose time is over           admin      of the organisation
//	no-org    a token from before organisations    owner      of the organisation
//	viewer    of the organisation                  stranger   an owner of the other organisation
//	member    whose sessions are asked for         suspended  a member of an organisation that was suspended
//	                                               removed    a member who was removed
//	                                               out        a member who signed out
//
// The form of a request is looked at before the database is asked, so that one of the last three may learn that it is
// wrong. 503 is a stream that was let through to its session: no agent is connected here.
const expected = `
operation      id               none expired no-org viewer member other admin owner stranger suspended removed out
logIn          -                 400     400    400    400    400   400   400   400      400       400     400 400
refresh        -                 400     400    400    400    400   400   400   400      400       400     400 400
getKeys        -                 200     200    200    200    200   200   200   200      200       200     200 200
getSpec        -                 200     200    200    200    200   200   200   200      200       200     200 200
getMe          -                 401     401    401    200    200   200   200   200      200       401     401 401
getMe          header            401     401    401    200    200   200   200   200      200       401     401 401
listTemplates  -                 401     401    401    200    200   200   200   200      200       401     401 401
listTemplates  filter            401     401    401    400    400   400   400   400      400       400     400 400
getTemplate    own               401     401    401    200    200   200   200   200      403       401     401 401
getTemplate    foreign           401     401    401    403    403   403   403   403      200       401     401 401
getTemplate    unknown           401     401    401    404    404   404   404   404      404       401     401 401
listSessions   -                 401     401    401    200    200   200   200   200      200       401     401 401
listSessions   header            401     401    401    200    200   200   200   200      200       401     401 401
listSessions   filter            401     401    401    400    400   400   400   400      400       400     400 400
listSessions   cursor            401     401    401    200    200   200   200   200      200       401     401 401
createSession  own               401     401    401    403    201   201   201   201      403       401     401 401
createSession  foreign           401     401    401    403    403   403   403   403      201       401     401 401
createSession  unknown           401     401    401    403    404   404   404   404      404       401     401 401
createSession  body              401     401    401    403    400   400   400   400      400       400     400 400
getSession     own               401     401    401    404    200   404   200   200      403       401     401 401
getSession     foreign           401     401    401    403    403   403   403   403      200       401     401 401
getSession     unknown           401     401    401    404    404   404   404   404      404       401     401 401
createTicket   own               401     401    401    403    201   404   201   201      403       401     401 401
createTicket   foreign           401     401    401    403    403   403   403   403      201       401     401 401
createTicket   unknown           401     401    401    403    404   404   404   404      404       401     401 401
streamSession  own               401     401    401    401    503   404   503   503      403       401     401 401
streamSession  foreign           401     401    401    401    403   403   403   403      503       401     401 401
streamSession  unknown           401     401    401    401    404   404   404   404      404       401     401 401
deleteSession  own               401     401    401    403    202   404   202   202      403       401     401 401
deleteSession  foreign           401     401    401    403    403   403   403   403      202       401     401 401
deleteSession  unknown           401     401    401    403    404   404   404   404      404       401     401 401
logOut         -                 401     401    401    204    204   204   204   204      204       401     401 401
`

// TestRouteMatrix asks for everything as everyone. An operation of the contract that is not in the table fails, and so
// does anything of the other organisation in an answer, the log, the metrics or the audit log.
func TestRouteMatrix(t *testing.T) {
	t.Parallel()
	rows := matrix(t)
	covered(t, rows)
	w := newWorld(t)
	took := map[int][]time.Duration{}
	cells := 0
	for _, row := range rows {
		for caller, status := range row.status {
			cells++
			got, after := w.ask(t, row.operation, row.id, caller)
			took[got] = append(took[got], after)
			if fmt.Sprint(got) != status {
				t.Errorf("%s of the %s id as %s: %d, want %s", row.operation, row.id, caller, got, status)
			}
		}
	}
	w.leaks(t)
	t.Logf("matrix: %d operations, %d rows, %d callers, %d answers", len(operations(t)), len(rows), len(w.callers), cells)
	t.Logf("median of a 403: %v, of a 404: %v", median(took[403]), median(took[404]))
}

// line is one row of the table.
type line struct {
	operation, id string
	status        map[string]string // by caller
}

func matrix(t *testing.T) []line {
	t.Helper()
	var callers []string
	var rows []line
	for s := bufio.NewScanner(strings.NewReader(strings.TrimSpace(expected))); s.Scan(); {
		fields := strings.Fields(s.Text())
		if callers == nil {
			callers = fields[2:]
			continue
		}
		if len(fields) != len(callers)+2 {
			t.Fatalf("a row with %d columns: %s", len(fields), s.Text())
		}
		row := line{operation: fields[0], id: fields[1], status: map[string]string{}}
		for i, c := range callers {
			row.status[c] = fields[i+2]
		}
		rows = append(rows, row)
	}
	return rows
}

// operations are those of the contract, with their method and path.
func operations(t *testing.T) map[string][2]string {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][2]string{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			all[op.OperationID] = [2]string{method, path}
		}
	}
	return all
}

// covered fails for an operation that the table lacks, or that takes an id and lacks one of the three kinds.
func covered(t *testing.T, rows []line) {
	t.Helper()
	asked := map[string][]string{}
	for _, r := range rows {
		asked[r.operation] = append(asked[r.operation], r.id)
	}
	all := operations(t)
	for id, op := range all {
		wanted := []string{"-"}
		if strings.Contains(op[1], "{") {
			wanted = []string{"own", "foreign", "unknown"}
		}
		for _, w := range wanted {
			if !slices.Contains(asked[id], w) && !slices.Contains(asked[id], "own") {
				t.Errorf("operation %s has no row %s: say what each caller is answered", id, w)
			}
		}
	}
	for id := range asked {
		if _, ok := all[id]; !ok {
			t.Errorf("%s is in the table and not in the contract", id)
		}
	}
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// request is what an operation is asked by, for one kind of id.
func (w *world) request(t *testing.T, operation, id, caller string) *http.Request {
	t.Helper()
	op, ok := operations(t)[operation]
	if !ok {
		t.Fatalf("no operation %s", operation)
	}
	path := op[1]
	path = strings.ReplaceAll(path, "{session_id}", w.session(t, operation, id))
	path = strings.ReplaceAll(path, "{template_id}", w.template(id))
	body := ""
	switch {
	case operation == "createSession" && id == "body":
		body = fmt.Sprintf(`{"template":"desk","org_id":"%s"}`, w.globex.ID)
	case operation == "createSession":
		body = fmt.Sprintf(`{"template":"%s"}`, w.template(id))
	case operation == "logIn" || operation == "refresh":
		body = `{}`
	}
	switch id {
	case "filter":
		path += "?org_id=" + w.globex.ID.String()
	case "cursor":
		path += "?cursor=" + w.cursor
	}
	r, err := http.NewRequestWithContext(t.Context(), op[0], running.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if id == "header" {
		for _, name := range []string{"X-Org-Id", "X-Organization", "X-Tenant-Id", "X-Scope-OrgID", "StreamSpace-Org"} {
			r.Header.Set(name, w.globex.ID.String())
		}
	}
	if operation == "streamSession" {
		w.upgrade(t, r, caller)
	} else if b := w.bearer(caller); b != "" {
		r.Header.Set("Authorization", "Bearer "+b)
	}
	return r
}
