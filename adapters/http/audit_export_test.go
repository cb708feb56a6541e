package http

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// An export that cannot go on breaks off, so that its reader does not take the part for the whole. The log says why.
func TestAnExportThatFailsBreaksOff(t *testing.T) {
	t.Parallel()
	log, released := &logged{}, 0
	handler := func(w http.ResponseWriter, r *http.Request) {
		e := export{
			record: recordOf(r.Context()), release: func() { released++ },
			first: page.Page[audit.Entry]{Items: []audit.Entry{{Seq: 2}}, Next: page.Cursor{Key: "2"}},
			next: func(page.Cursor) (page.Page[audit.Entry], error) {
				return page.Page[audit.Entry]{}, errors.New("no connection")
			},
		}
		_ = e.VisitExportAuditLogResponse(w)
	}
	address := func(*http.Request) string { return "" }
	srv := httptest.NewServer(chain[http.Handler](http.HandlerFunc(handler),
		logRequests(slog.New(slog.NewJSONHandler(log, nil)), nil, address), recoverPanics))
	defer srv.Close()
	response, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(string(body), `{"action":"",`) {
		t.Errorf("read %q, %v", body, err)
	}
	srv.Close() // waits for the handler
	if line := log.lines()[0]; !strings.Contains(line, `"status":500`) || !strings.Contains(line, "no connection") {
		t.Errorf("logged: %s", line)
	}
	if released != 1 {
		t.Errorf("released %d times", released)
	}
}

func TestAnOrganisationHasFewExportsAtATime(t *testing.T) {
	t.Parallel()
	e := &exports{running: map[org.ID]int{}}
	acme, globex := org.ID{UUID: uuid.New()}, org.ID{UUID: uuid.New()}
	for n, want := range []error{nil, nil, errTooManyExports} {
		if err := e.acquire(acme); !errors.Is(err, want) {
			t.Errorf("export %d: %v", n+1, err)
		}
	}
	if err := e.acquire(globex); err != nil {
		t.Errorf("of another organisation: %v", err)
	}
	e.release(acme)
	if err := e.acquire(acme); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	for _, of := range []org.ID{acme, acme, globex} {
		e.release(of)
	}
	if len(e.running) > 0 {
		t.Errorf("after all have ended: %v", e.running)
	}
}
