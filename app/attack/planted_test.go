package attack

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/docs"
)

// A resource that the repository does not have stands in front of the control plane here, to show what a new one has to
// bring: its rows in the matrix, and nothing in the random attack. Both must notice each of its leaks.

// plantedPaths are those of the new resource in the API's description.
const plantedPaths = `
  /api/v1/notes:
    get: { operationId: listNotes, x-permission: session.read, responses: { default: { description: Any. } } }
    post:
      operationId: createNote
      x-permission: session.create
      requestBody: &note
        content:
          application/json:
            schema: { type: object, required: [text], properties: { text: { type: string, maxLength: 80 } } }
      responses: { default: { description: Any. } }
  /api/v1/notes/{note_id}:
    get: { operationId: getNote, x-permission: session.read, responses: { default: { description: Any. } } }
    patch:
      operationId: updateNote
      x-permission: session.create
      requestBody: *note
      responses: { default: { description: Any. } }
    delete: { operationId: deleteNote, x-permission: session.create, responses: { default: { description: Any. } } }
`

// plantedNotes is what the matrix needs for them: its rows. Before some callers lose their access they are known to the
// resource, for the leak that goes on to believe them.
func plantedNotes(w *world) resource {
	return resource{
		prepare: func(t *testing.T) { w.makeOne(t, "note_id", "out") },
		rows: `
operation   id       none expired no-org viewer member other admin owner stranger suspended removed out
listNotes   -         401     401    401    200    200   200   200   200      200       401     401 401
createNote  -         401     401    401    403    201   201   201   201      201       401     401 401
getNote     own       401     401    401    200    200   200   200   200      403       401     401 401
getNote     foreign   401     401    401    403    403   403   403   403      200       401     401 401
getNote     unknown   401     401    401    404    404   404   404   404      404       401     401 401
updateNote  own       401     401    401    403    200   200   200   200      403       401     401 401
updateNote  foreign   401     401    401    403    403   403   403   403      200       401     401 401
updateNote  unknown   401     401    401    403    404   404   404   404      404       401     401 401
deleteNote  own       401     401    401    403    204   204   204   204      403       401     401 401
deleteNote  foreign   401     401    401    403    403   403   403   403      204       401     401 401
deleteNote  unknown   401     401    401    403    404   404   404   404      404       401     401 401
`,
	}
}

func plantedContract(t *testing.T) contract {
	t.Helper()
	before, after, _ := strings.Cut(string(docs.OpenAPI), "\ncomponents:\n")
	api, err := readContract([]byte(before + plantedPaths + "components:\n" + after))
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// leaks are ways in which the notes do not keep organisations apart, by the operation, and what is said of each. The
// empty one is none.
var leaks = map[string]string{
	"":           "",
	"listNotes":  "word of another organisation|shows",
	"getNote":    "word of another organisation|shows",
	"updateNote": "want one of|updateNote of the foreign id",
	"deleteNote": "want one of|deleteNote of the foreign id",
	"detail":     "word of another organisation|shows", // the text of what is refused is in the refusal
	"signedOut":  "want one of|as out: 200",            // a token is believed after its sign-in has ended
}

// notes is the planted resource: a handler in front of the control plane, which it asks who is calling.
type notes struct {
	t     *testing.T
	leak  string
	front *httputil.ReverseProxy

	mu    sync.Mutex
	all   map[string]note
	known map[string]caller // who a token was, for the leak that believes it for ever
}

type note struct{ org, text string }

type caller struct {
	Org  struct{ ID string }
	Role string
}

// plantNotes serves them in front of a control plane until the test ends.
func plantNotes(t *testing.T, behind, leak string) string {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	n := &notes{t: t, leak: leak, front: httputil.NewSingleHostReverseProxy(to), all: map[string]note{}}
	n.known = map[string]caller{}
	s := httptest.NewServer(n)
	t.Cleanup(s.Close)
	return s.URL
}

// ServeHTTP answers for notes, and hands on all else.
func (n *notes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, is := strings.CutPrefix(r.URL.Path, "/api/v1/notes")
	if !is {
		n.front.ServeHTTP(w, r)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	who, ok := n.whoAsks(w, r)
	if !ok {
		return
	}
	if r.Method != http.MethodGet && who.Role == "viewer" {
		http.Error(w, `{"code":"forbidden"}`, http.StatusForbidden)
		return
	}
	if id = strings.TrimPrefix(id, "/"); id == "" {
		n.collection(w, r, who)
		return
	}
	n.one(w, r, who, id)
}

// whoAsks learns it from the control plane, whose refusal it hands on.
func (n *notes) whoAsks(w http.ResponseWriter, r *http.Request) (caller, bool) {
	bearer := r.Header.Get("Authorization")
	if c, ok := n.known[bearer]; ok && n.leak == "signedOut" {
		return c, true
	}
	me := httptest.NewRecorder()
	ask := httptest.NewRequestWithContext(r.Context(), http.MethodGet, "/api/v1/me", nil)
	ask.Header.Set("Authorization", bearer)
	n.front.ServeHTTP(me, ask)
	var c caller
	if me.Code != http.StatusOK {
		w.WriteHeader(me.Code)
		_, _ = w.Write(me.Body.Bytes())
		return c, false
	}
	if err := json.Unmarshal(me.Body.Bytes(), &c); err != nil {
		n.t.Error(err)
	}
	n.known[bearer] = c
	return c, true
}

func (n *notes) collection(w http.ResponseWriter, r *http.Request, who caller) {
	if r.Method == http.MethodPost {
		made := note{org: who.Org.ID}
		id := uuid.NewString()
		made.text = textOf(r)
		n.all[id] = made
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": id, "text": made.text})
		return
	}
	texts := []string{}
	for _, one := range n.all {
		if one.org == who.Org.ID || n.leak == "listNotes" {
			texts = append(texts, one.text)
		}
	}
	_ = json.NewEncoder(w).Encode(texts)
}

func (n *notes) one(w http.ResponseWriter, r *http.Request, who caller, id string) {
	one, ok := n.all[id]
	operation := map[string]string{"GET": "getNote", "PATCH": "updateNote", "DELETE": "deleteNote"}[r.Method]
	switch {
	case !ok:
		http.Error(w, `{"code":"note_not_found"}`, http.StatusNotFound)
		return
	case one.org != who.Org.ID && n.leak == "detail":
		http.Error(w, `{"code":"other_org","detail":"`+one.text+`"}`, http.StatusForbidden)
		return
	case one.org != who.Org.ID && n.leak != operation:
		http.Error(w, `{"code":"other_org"}`, http.StatusForbidden)
		return
	}
	switch r.Method {
	case http.MethodPatch:
		one.text = textOf(r)
		n.all[id] = one
	case http.MethodDelete:
		delete(n.all, id)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"id": id, "text": one.text})
}

func textOf(r *http.Request) string {
	var in struct{ Text string }
	_ = json.NewDecoder(r.Body).Decode(&in) // what is no such body has no text
	return in.Text
}

// said tells whether one of several sentences holds one of the wanted words, which | separates.
func said(wanted string, sentences []string) bool {
	return slices.ContainsFunc(sentences, func(s string) bool {
		return slices.ContainsFunc(strings.Split(wanted, "|"), func(w string) bool { return strings.Contains(s, w) })
	})
}

func TestTheMatrixNoticesTheLeaksOfANewResource(t *testing.T) {
	t.Parallel()
	api := plantedContract(t)
	for leak, wanted := range leaks {
		t.Run("leak in "+leak, func(t *testing.T) {
			t.Parallel()
			all := append(slices.Clone(resources), plantedNotes)
			w := newWorld(t, plantNotes(t, running.URL, leak), api, all)
			rows, faults := w.rows()
			ofNotes := slices.DeleteFunc(rows, func(r row) bool { return !strings.Contains(r.operation, "Note") })
			faults = append(faults, w.ask(t, ofNotes).faults...)
			if wanted == "" && len(faults) > 0 || wanted != "" && !said(wanted, faults) {
				t.Errorf("want %q, got %d faults: %.3q", wanted, len(faults), faults)
			}
		})
	}
}

func TestTheMatrixWantsRowsForANewResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plantNotes(t, running.URL, ""), plantedContract(t), resources)
	_, faults := w.rows()
	for _, wanted := range []string{"operation createNote has no row -", "operation getNote has no row foreign"} {
		if !said(wanted, faults) {
			t.Errorf("%q is not said: %q", wanted, faults)
		}
	}
	_, faults = (&world{api: contract{}, callers: w.callers, resources: []resource{plantedNotes(w)}}).rows()
	if !said("createNote is in a table and not in the contract", faults) {
		t.Errorf("rows of no operation: %q", faults)
	}
}

// Not parallel: it looks for histories in the same way as TestAttack, with a control plane of its own.
func TestTheAttackNoticesTheLeaksOfANewResource(t *testing.T) {
	a := newAttack(t)
	api, known := plantedContract(t), a.api.ids()
	behind := a.URL
	for leak, wanted := range leaks {
		a.unmodelled, a.URL = nil, behind
		front := plantNotes(t, behind, leak)
		var found []string
		rapid.Custom(func(rt *rapid.T) int {
			f := newArena(rt, &worker{attack: a})
			defer f.close()
			a.api, a.unmodelled, a.URL = api, api.without(known), front // the new ones alone: each is asked for often
			f.furnishUnmodelled()
			for n := range 200 {
				if n == 50 { // sign-ins end meanwhile
					_, err := a.super.Exec(t.Context(), "delete from app.credentials where id = $1", f.realms[0].accesses[0].id.UUID)
					f.must(err)
					f.realms[0].accesses[0].gone = true
				}
				s := f.unmodelled(rt)
				if d := s.fire(); d != nil {
					found = append(found, s.what+": "+d.text+" "+d.detail)
				}
			}
			return 0
		}).Example(1)
		if wanted == "" && len(found) > 0 || wanted != "" && !said(wanted, found) {
			t.Errorf("leak in %s: want %q, got %d differences: %.3q", leak, wanted, len(found), found)
		}
	}
}
