package http

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

const (
	// exportsPerOrg is how many exports an organisation may have at the same time on one server. Each holds a page of
	// entries for as long as its reader takes, so the limit keeps one organisation from using up the memory.
	exportsPerOrg = 2
	// exportWriteTimeout is how long a reader may take for a page. It is above what a page takes at 100 kbit/s.
	exportWriteTimeout = 30 * time.Second
)

var errTooManyExports = fault.New(fault.Exhausted, "too_many_exports",
	"Your organisation is exporting its audit log already. Wait until that has ended.").RetryIn(10 * time.Second)

// exports counts the exports that run.
type exports struct {
	mu      sync.Mutex
	running map[org.ID]int
}

func (e *exports) acquire(of org.ID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running[of] >= exportsPerOrg {
		return errTooManyExports
	}
	e.running[of]++
	return nil
}

// release removes the entry of an organisation without exports, so that the map does not grow with every organisation
// that ever had one.
func (e *exports) release(of org.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running[of]--; e.running[of] == 0 {
		delete(e.running, of)
	}
}

// export writes an audit log as lines of JSON. It holds one page at a time, and no connection to the database while the
// reader takes it.
type export struct {
	record  *record
	first   page.Page[audit.Entry]
	next    func(after page.Cursor) (page.Page[audit.Entry], error)
	release func() // called once
}

// VisitExportAuditLogResponse implements api.ExportAuditLogResponseObject. A failure breaks the connection: it must not
// be returned, because a part of the response is written, and a reader must not take the part for the whole.
func (e export) VisitExportAuditLogResponse(w http.ResponseWriter) error {
	defer e.release()
	control := http.NewResponseController(w)
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }() // the connection may serve another request
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", `attachment; filename="audit.ndjson"`)
	for p := e.first; ; {
		if err := writeEntries(w, control, p.Items); err != nil {
			panic(http.ErrAbortHandler) // the reader has gone, or is too slow
		}
		if p.Next.IsZero() {
			return nil
		}
		var err error
		if p, err = e.next(p.Next); err != nil {
			e.record.err, e.record.status = err, fault.Of(err).Status()
			panic(http.ErrAbortHandler)
		}
	}
}

func writeEntries(w http.ResponseWriter, control *http.ResponseController, all []audit.Entry) error {
	_ = control.SetWriteDeadline(time.Now().Add(exportWriteTimeout)) // not every writer has deadlines: those of tests
	line := json.NewEncoder(w)
	for _, entry := range all {
		if err := line.Encode(toAuditEntry(entry)); err != nil {
			return err
		}
	}
	return control.Flush()
}
