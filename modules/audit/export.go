package audit

import (
	"context"
	"net/url"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// exportPage is how many entries an export reads at once. They take about 300 KB of memory.
const exportPage = 1000

// BeginExport records in the log that the caller exports it. Its subject is the organisation, or the filter when only a
// part is exported. The entries are then read with ExportPage.
func (s *Service) BeginExport(ctx context.Context, who org.Scope, f Filter) error {
	subject := who.Org().String()
	if f != (Filter{}) {
		subject = f.String()
	}
	return s.inOrg(ctx, who, func(tx Tx) error { return tx.RecordAudit(ctx, "audit.export", subject) })
}

// ExportPage returns the next entries of an export, the newest first. Each page is a transaction of its own: an export
// lasts as long as its reader takes, and a transaction that long would keep PostgreSQL from removing dead rows. No page
// shows what is written meanwhile, because each is about older entries than the one before.
func (s *Service) ExportPage(
	ctx context.Context, who org.Scope, f Filter, after page.Cursor,
) (page.Page[Entry], error) {
	all, err := s.read(who).AuditLog(ctx, f, after, exportPage+1)
	return cut(all, exportPage), err
}

// String is the filter as a query of a URL, which has no control characters.
func (f Filter) String() string {
	q := url.Values{}
	for name, value := range map[string]string{"actor": f.Actor, "action": f.Action} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}
