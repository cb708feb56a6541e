package audit

import (
	"context"

	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// checkPage is how many entries one request checks. It takes less than half a second.
const checkPage = 10_000

// Head is the last entry of an audit log: its number and its hash. Zero for an empty log.
type Head struct {
	Seq  int64
	Hash []byte
}

// Check is what checking a part of an audit log's chain found.
type Check struct {
	Checked Head   // the last entry that was checked and fits
	More    bool   // there are entries after it that were not checked
	Broken  int64  // the number of the first entry that does not fit; 0: all that were checked fit
	Reason  Reason // why it does not
	Head    Head   // what the database notes of the last entry, apart from the log
}

// Reason says why an entry does not fit the chain.
type Reason string

// The reasons. Rls.check_audit has their conditions.
const (
	Missing  Reason = "missing"  // there is no entry with this number
	Changed  Reason = "changed"  // its hash is not that of what it says
	Unlinked Reason = "unlinked" // it was not written after the entry that is before it now
	BadHead  Reason = "head"     // it is not the one that the database notes as the last
)

// Intact reports whether all entries that were checked fit.
func (c Check) Intact() bool { return c.Broken == 0 }

// Verify checks the chain of the organisation's log after the entry with a number, for admins: 10,000 entries, or up to
// the first that does not fit.
func (s *Service) Verify(ctx context.Context, who org.Scope, after int64) (Check, error) {
	c, err := s.read(who).CheckAudit(ctx, after, checkPage)
	if err == nil && after > c.Head.Seq {
		err = input.Invalid("after", "must be at most %d, the number of the last entry", c.Head.Seq)
	}
	return c, err
}
