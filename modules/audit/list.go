package audit

import (
	"context"
	"strconv"
	"time"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// Entry is an entry of an organisation's audit log.
type Entry struct {
	Seq       int64 // counts from 1, without gaps
	At        time.Time
	Actor     string // "user:", "service:", "operator:" or "agent:", with an id or a name
	ActorName string // of a user; empty for every other actor
	Action    string
	Subject   string
	Hash      []byte // SHA-256 over the hash of the entry before it and this entry
}

// Filter selects entries. Empty fields select all.
type Filter struct {
	Actor  string
	Action string
}

// Queries has the reads of the audit log, each in one round trip.
type Queries interface {
	// AuditLog lists entries, the newest first: at most n, after the cursor.
	AuditLog(ctx context.Context, f Filter, after page.Cursor, n int) ([]Entry, error)
	// CheckAudit checks the chain after the entry with a number: at most n entries, up to the first that does not fit.
	CheckAudit(ctx context.Context, after int64, n int) (Check, error)
}

// Service shows an organisation's audit log. It is safe for concurrent use.
type Service struct {
	inOrg org.Scoped[Tx]
	read  org.Reading[Queries]
}

// NewService makes the service.
func NewService(inOrg org.Scoped[Tx], read org.Reading[Queries]) *Service {
	return &Service{inOrg, read}
}

// List returns a page of entries, the newest first: to an admin the organisation's, to everyone else their own.
func (s *Service) List(ctx context.Context, who org.Scope, f Filter, r page.Request) (page.Page[Entry], error) {
	if !who.IsAdmin() && f.Actor == "" { // what the policy shows, said so that an index is used
		f.Actor = "user:" + who.User().String()
	}
	all, err := s.read(who).AuditLog(ctx, f, r.After, r.Size()+1)
	return cut(all, r.Size()), err
}

func cut(all []Entry, size int) page.Page[Entry] {
	return page.Cut(all, size, func(e Entry) page.Cursor { return page.Cursor{Key: strconv.FormatInt(e.Seq, 10)} })
}
