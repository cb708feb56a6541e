package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// Chains checks the chains of all organisations' logs, for operators. It shows numbers and hashes, no entry.
type Chains interface {
	// CheckChain checks the chain of an organisation after the entry with a number: at most n entries, up to the first
	// that does not fit. For an unknown organisation the log is empty.
	CheckChain(ctx context.Context, in org.ID, after int64, n int) (Check, error)
}

// Verifier checks logs against heads that are kept outside of the database. The hash of an entry covers all entries
// before it. Someone who controls the database can write a whole log anew, so that its chain fits, but not with the
// hashes that were kept before.
type Verifier struct{ chains Chains }

// NewVerifier makes the service.
func NewVerifier(chains Chains) *Verifier { return &Verifier{chains} }

// Kept is the head of an organisation's log, as it was at some time.
type Kept struct {
	Head

	At   time.Time
	Org  org.ID
	Slug string // for people
}

// Reasons that only a comparison with kept heads gives.
const (
	Rewritten Reason = "rewritten" // it or an entry before it is not the one that it was
	Shortened Reason = "shortened" // the log ends before it
	Removed   Reason = "removed"   // there is no such organisation any more, and so no log
)

// Verdict is what checking a whole log found.
type Verdict struct {
	Checked Head   // the last entry that fits
	Broken  int64  // the number of the first entry that does not; 0: all do
	Reason  Reason // why it does not
	Kept    Kept   // with which it was compared, for the reasons of a comparison
}

// Intact reports whether all entries fit, and are those that they were.
func (v Verdict) Intact() bool { return v.Broken == 0 }

// String says what was found.
func (v Verdict) String() string {
	kept := fmt.Sprintf("entry %d, which was kept at %s,", v.Broken, v.Kept.At.UTC().Format(time.RFC3339))
	switch v.Reason {
	case Missing:
		return fmt.Sprintf("entry %d is missing", v.Broken)
	case Changed:
		return fmt.Sprintf("entry %d was changed", v.Broken)
	case Unlinked:
		return fmt.Sprintf("entry %d was not written after entry %d", v.Broken, v.Checked.Seq)
	case BadHead:
		return fmt.Sprintf("entry %d is not the one that the database notes as the last", v.Broken)
	case Rewritten:
		return kept + " or one before it was rewritten"
	case Shortened:
		return fmt.Sprintf("the log ends with entry %d: %s was removed", v.Checked.Seq, kept)
	case Removed:
		return kept + " was removed with its organisation"
	default:
		return "intact"
	}
}

// Head returns the head of a log, to be kept.
func (v *Verifier) Head(ctx context.Context, in org.ID) (Head, error) {
	c, err := v.chains.CheckChain(ctx, in, 0, 0)
	return c.Head, err
}

// Verify checks a whole log, up to the first entry that does not fit, and compares it with heads that were kept of it.
// It stops at each kept head, so that the hash there is what the check ended with.
func (v *Verifier) Verify(ctx context.Context, in org.ID, kept []Kept) (Verdict, error) {
	kept = slices.SortedFunc(slices.Values(kept), func(a, b Kept) int { return cmp.Compare(a.Seq, b.Seq) })
	var out Verdict
	for _, k := range kept {
		for more := true; more && out.Checked.Seq < k.Seq; {
			var err error
			if more, err = v.step(ctx, in, &out, k.Seq-out.Checked.Seq); err != nil || !out.Intact() {
				return out, err
			}
		}
		switch {
		case out.Checked.Seq < k.Seq:
			out.Broken, out.Reason, out.Kept = k.Seq, Shortened, k
			return out, nil
		case !bytes.Equal(out.Checked.Hash, k.Hash):
			out.Broken, out.Reason, out.Kept = k.Seq, Rewritten, k
			return out, nil
		}
	}
	for more := true; more; {
		var err error
		if more, err = v.step(ctx, in, &out, checkPage); err != nil || !out.Intact() {
			return out, err
		}
	}
	return out, nil
}

// step checks the next entries, at most n, and reports whether there are more.
func (v *Verifier) step(ctx context.Context, in org.ID, to *Verdict, n int64) (bool, error) {
	c, err := v.chains.CheckChain(ctx, in, to.Checked.Seq, int(min(n, checkPage)))
	if err != nil {
		return false, err
	}
	to.Checked, to.Broken, to.Reason = c.Checked, c.Broken, c.Reason
	return c.More, nil
}

// keptLine is a kept head as a line of JSON.
type keptLine struct {
	At   time.Time `json:"at"`
	Org  uuid.UUID `json:"org"`
	Slug string    `json:"slug"`
	Seq  int64     `json:"seq"`
	Hash string    `json:"hash"`
}

// MarshalJSON implements json.Marshaler.
func (k Kept) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptLine{k.At.UTC(), k.Org.UUID, k.Slug, k.Seq, hex.EncodeToString(k.Hash)})
}

// maxLine bounds a line of kept heads, in bytes. They have about 200.
const maxLine = 4096

// ReadKept reads lines of kept heads, by organisation. A line that it cannot read is an error: a damaged file must not
// pass for one that nothing contradicts. A head that is there many times, of a log in which nothing happened, is kept
// once, as it was first.
func ReadKept(from io.Reader) (map[org.ID][]Kept, error) {
	all := map[org.ID][]Kept{}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		k, err := readKept(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		of := all[k.Org]
		if len(of) == 0 || of[len(of)-1].Seq != k.Seq || !bytes.Equal(of[len(of)-1].Hash, k.Hash) {
			all[k.Org] = append(of, k)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return all, nil
}

var errNoHead = errors.New("not the head of an audit log")

func readKept(line []byte) (Kept, error) {
	var l keptLine
	if err := json.Unmarshal(line, &l); err != nil {
		return Kept{}, fmt.Errorf("%w: %w", errNoHead, err)
	}
	hash, err := hex.DecodeString(l.Hash)
	if err != nil || l.Org == uuid.Nil || l.Seq < 0 || (l.Seq == 0) != (len(hash) == 0) {
		return Kept{}, errNoHead
	}
	return Kept{Head{l.Seq, hash}, l.At, org.ID{UUID: l.Org}, l.Slug}, nil
}
