package attack

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/docs"
)

// The route matrix is the status of every operation for every kind of caller. Each resource has a file of its own with
// its rows. A row names whose id is asked for: one of the callers' own organisation ("own", a member's), one of another
// organisation ("foreign"), one that exists nowhere ("unknown"). A dash is an operation that takes no id. Another word
// says where else an organisation is named: "header", "filter" (a query parameter), "cursor" and "body". The columns:
//
//	none      no credential                        other      another member
//	expired   a token whose time is over           admin      of the organisation
//	no-org    a token from before organisations    owner      of the organisation
//	viewer    of the organisation                  stranger   an owner of the other organisation
//	member    whose things are asked for           suspended  a member of an organisation that was suspended
//	                                               removed    a member who was removed
//	                                               out        a member who signed out
//
// The form of a request is looked at before the database is asked, so that one of the last three may learn that it is
// wrong.

// resource is what the matrix knows of one resource. Most need rows alone: bodies, and what an id in a path stands for,
// are made as the API's description says.
type resource struct {
	rows string
	// param is its id in paths: "session_id". It is required if make is set.
	param string
	// make makes one as a caller. nil: by a POST to its collection, with a body that the description allows.
	make func(t *testing.T, caller string) uuid.UUID
	// bodies are for operations whose bodies name something: by the operation, for the row's id.
	bodies map[string]func(t *testing.T, id string) map[string]any
	// credentials are for operations that take no bearer token: what the caller presents, as headers.
	credentials map[string]func(t *testing.T, caller string) map[string]string
	// prepare runs before some callers lose their access.
	prepare func(t *testing.T)
	// last are operations after which their callers can ask nothing more.
	last []string
}

// resources make what the matrix knows of each resource, for one world.
var resources []func(*world) resource

// add is called by each resource's file for itself, so that a new resource touches no other file.
func add(r func(*world) resource) bool {
	resources = append(resources, r)
	return true
}

// TestRouteMatrix asks for everything as everyone. An operation of the contract without rows fails it, and so does
// anything of the other organisation in an answer, the log, the metrics or the audit log.
func TestRouteMatrix(t *testing.T) {
	t.Parallel()
	api, err := readContract(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, running.URL, api, resources)
	rows, faults := w.rows()
	r := w.ask(t, rows)
	for _, fault := range slices.Concat(faults, r.faults, w.leaks(t)) {
		t.Error(fault)
	}
	t.Logf("matrix: %d operations, %d rows, %d callers, %d answers", len(api), len(rows), len(w.callers), r.answers)
	t.Logf("median of a 403: %v, of a 404: %v", median(r.took[403]), median(r.took[404]))
}

// row is one row of the table.
type row struct {
	operation, id string
	status        map[string]string // by caller
}

// rows reads every resource's table, and says where they and the contract differ.
func (w *world) rows() (all []row, faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	last := map[string]bool{}
	known := slices.Sorted(maps.Keys(w.callers))
	for _, r := range w.resources {
		var callers []string
		for line := range strings.Lines(strings.TrimSpace(r.rows)) {
			fields := strings.Fields(line)
			switch {
			case callers == nil:
				if callers = fields[2:]; !slices.Equal(slices.Sorted(slices.Values(callers)), known) {
					say("a table with the columns %v", callers)
				}
			case len(fields) != len(callers)+2:
				say("a row with %d columns: %s", len(fields), line)
			default:
				one := row{operation: fields[0], id: fields[1], status: map[string]string{}}
				for i, c := range callers {
					one.status[c] = fields[i+2]
				}
				all = append(all, one)
			}
		}
		for _, operation := range r.last {
			last[operation] = true
		}
	}
	slices.SortStableFunc(all, func(a, b row) int {
		switch {
		case last[a.operation] == last[b.operation]:
			return 0
		case last[a.operation]:
			return 1
		default:
			return -1
		}
	})
	return all, append(faults, w.api.uncovered(all)...)
}

// uncovered lists the operations that the tables lack, those that take an id and lack one of the three kinds, and the
// rows of no operation.
func (c contract) uncovered(rows []row) (faults []string) {
	asked := map[string][]string{}
	for _, r := range rows {
		asked[r.operation] = append(asked[r.operation], r.id)
	}
	for _, id := range c.ids() {
		wanted := []string{"own", "foreign", "unknown"}
		if len(c[id].params()) == 0 && !slices.Contains(asked[id], "own") {
			wanted = []string{"-"}
		}
		for _, w := range wanted {
			if !slices.Contains(asked[id], w) {
				faults = append(faults, fmt.Sprintf("operation %s has no row %s: say what each caller is answered", id, w))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(asked)) {
		if _, ok := c[id]; !ok {
			faults = append(faults, fmt.Sprintf("%s is in a table and not in the contract", id))
		}
	}
	return faults
}

// result is what asking came to.
type result struct {
	faults  []string
	answers int
	took    map[int][]time.Duration // by the status
}

// ask asks for each row as each caller.
func (w *world) ask(t *testing.T, rows []row) result {
	t.Helper()
	r := result{took: map[int][]time.Duration{}}
	for _, row := range rows {
		op, ok := w.api[row.operation]
		if !ok {
			continue // said by uncovered
		}
		for _, caller := range slices.Sorted(maps.Keys(row.status)) {
			request := w.request(t, op, row.id, caller)
			a := w.send(t, request, caller)
			r.answers++
			r.took[a.status] = append(r.took[a.status], a.took)
			if fmt.Sprint(a.status) != row.status[caller] {
				r.faults = append(r.faults, fmt.Sprintf("%s of the %s id as %s: %d, want %s",
					op.id, row.id, caller, a.status, row.status[caller]))
			}
			// Not where a ticket is presented instead.
			if refused := `"code":"token_org_missing"`; caller == "no-org" && a.status == http.StatusUnauthorized &&
				request.Header.Get("Authorization") != "" && !strings.Contains(string(a.body), refused) {
				r.faults = append(r.faults, fmt.Sprintf("%s of the %s id with a token of no organisation: %s, want %s",
					op.id, row.id, a.body, refused))
			}
			if a.leaked != "" {
				r.faults = append(r.faults, fmt.Sprintf("%s of the %s id shows %s the other organisation: %s",
					op.id, row.id, caller, a.leaked))
			}
		}
	}
	return r
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}
