package sessions

import (
	"context"
	"fmt"
	"time"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// looksService is the name under which the end of a look is written. Why not as the admin? The look may have ended
// because the admin can no longer enter the organisation.
const looksService = "streams"

// BeginLook records in the audit log that the caller opens a session's desktop, if it is another member's. The stream
// must not be opened if it fails: no one looks at another member's desktop without an entry.
func (s *Service) BeginLook(ctx context.Context, who org.Scope, it Session) error {
	return s.begin(ctx, who, it, "session.connect")
}

// EndLook records how long the caller had another member's desktop open. it is the session as BeginLook got it.
func (s *Service) EndLook(ctx context.Context, who org.Scope, it Session, lasted time.Duration) error {
	return s.end(ctx, who, it, look{"session.disconnect", lasted})
}

// BeginReading is BeginLook for a session's output, which can show as much as its desktop.
func (s *Service) BeginReading(ctx context.Context, who org.Scope, it Session) error {
	return s.begin(ctx, who, it, "session.read_log")
}

// EndReading is EndLook for a session's output.
func (s *Service) EndReading(ctx context.Context, who org.Scope, it Session, lasted time.Duration) error {
	return s.end(ctx, who, it, look{"session.leave_log", lasted})
}

func (s *Service) begin(ctx context.Context, who org.Scope, it Session, action string) error {
	if it.Owner == who.User() {
		return nil
	}
	return s.inOrg(ctx, who, func(tx Tx) error { return audit.Record(ctx, tx, action, it.ID) })
}

// look is a look that has ended.
type look struct {
	action string
	lasted time.Duration
}

func (s *Service) end(ctx context.Context, who org.Scope, it Session, l look) error {
	if it.Owner == who.User() {
		return nil
	}
	subject := fmt.Sprintf("%s, by %s for %d seconds", it.ID, who.User(), int(l.lasted.Seconds()))
	return s.asService(ctx, who.Org(), looksService, func(tx ServiceTx) error {
		return tx.RecordAudit(ctx, l.action, subject)
	})
}
