package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// chain is a log whose entries have a text as their hash. Its check is as the database makes it.
type chain struct {
	hashes []string
	broken int64
}

func (c chain) CheckChain(_ context.Context, _ org.ID, after int64, n int) (Check, error) {
	upTo := min(after+int64(n), int64(len(c.hashes)))
	out := Check{Checked: c.head(upTo), More: upTo < int64(len(c.hashes)), Head: c.head(int64(len(c.hashes)))}
	if c.broken > after && c.broken <= upTo {
		out.Checked, out.Broken, out.Reason, out.More = c.head(c.broken-1), c.broken, Changed, false
	}
	return out, nil
}

func (c chain) head(seq int64) Head {
	if seq == 0 {
		return Head{}
	}
	return Head{seq, []byte(c.hashes[seq-1])}
}

func entries(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("hash %d", i+1))
	}
	return all
}

func keptOf(seq int64, hash string) Kept { return Kept{Head: Head{seq, []byte(hash)}} }

func TestALogIsComparedWithKeptHeads(t *testing.T) {
	t.Parallel()
	rewritten := append(entries(4), "x", "y", "z")
	for name, c := range map[string]struct {
		log    chain
		kept   []Kept
		broken int64
		reason Reason
	}{
		"none kept":            {chain{entries(3), 0}, nil, 0, ""},
		"an empty log":         {chain{}, []Kept{keptOf(0, "")}, 0, ""},
		"as it was":            {chain{entries(7), 0}, []Kept{keptOf(7, "hash 7")}, 0, ""},
		"longer than it was":   {chain{entries(7), 0}, []Kept{keptOf(5, "hash 5"), keptOf(2, "hash 2")}, 0, ""},
		"longer than a page":   {chain{entries(25_000), 0}, []Kept{keptOf(20_001, "hash 20001")}, 0, ""},
		"changed at the end":   {chain{entries(25_000), 24_000}, []Kept{keptOf(3, "hash 3")}, 24_000, Changed},
		"changed before it":    {chain{entries(7), 3}, []Kept{keptOf(5, "hash 5")}, 3, Changed},
		"rewritten":            {chain{rewritten, 0}, []Kept{keptOf(3, "hash 3"), keptOf(6, "hash 6")}, 6, Rewritten},
		"rewritten after it":   {chain{rewritten, 0}, []Kept{keptOf(3, "hash 3"), keptOf(4, "hash 4")}, 0, ""},
		"kept when rewritten":  {chain{rewritten, 0}, []Kept{keptOf(7, "z"), keptOf(5, "hash 5")}, 5, Rewritten},
		"two of one entry":     {chain{rewritten, 0}, []Kept{keptOf(5, "x"), keptOf(5, "hash 5")}, 5, Rewritten},
		"shortened":            {chain{entries(3), 0}, []Kept{keptOf(2, "hash 2"), keptOf(5, "hash 5")}, 5, Shortened},
		"removed as a whole":   {chain{}, []Kept{keptOf(5, "hash 5")}, 5, Shortened},
		"shortened, then kept": {chain{entries(3), 0}, []Kept{keptOf(5, "hash 5"), keptOf(3, "hash 3")}, 5, Shortened},
	} {
		got, err := NewVerifier(c.log).Verify(t.Context(), org.ID{}, c.kept)
		if err != nil || got.Broken != c.broken || got.Reason != c.reason || got.Intact() != (c.broken == 0) {
			t.Errorf("%s: %+v (%v), want %d %s", name, got, err, c.broken, c.reason)
		}
		if got.Intact() && got.Checked.Seq != int64(len(c.log.hashes)) {
			t.Errorf("%s: only %d entries were checked", name, got.Checked.Seq)
		}
	}
}

func TestKeptHeadsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	acme, globex := org.ID{UUID: uuid.New()}, org.ID{UUID: uuid.New()}
	at := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	first := Kept{Head{3, []byte("three")}, at, acme, "acme"}
	empty := Kept{Head{0, []byte{}}, at, globex, "globex"}
	later := Kept{Head{5, []byte("five")}, at.Add(time.Hour), acme, "acme"}
	again := first
	again.At = at.Add(time.Minute)
	var text strings.Builder
	for _, k := range []Kept{first, empty, again, later} {
		if err := json.NewEncoder(&text).Encode(k); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadKept(strings.NewReader(text.String()))
	want := map[org.ID][]Kept{acme: {first, later}, globex: {empty}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	line := strings.SplitAfter(text.String(), "\n")[0]
	for name, damaged := range map[string]string{
		"half a line":  line[:len(line)/2],
		"an empty one": line + "\n" + line,
		"two in one":   strings.TrimSpace(line) + line,
		"no hash":      strings.ReplaceAll(line, `"hash":"`, `"other":"`),
		"another hash": strings.ReplaceAll(line, `"hash":"`, `"hash":"x`),
		"no number":    strings.ReplaceAll(line, `"seq":3`, `"seq":0`),
		"no org":       strings.ReplaceAll(line, acme.String(), uuid.Nil.String()),
		"a long line":  strings.Repeat(" ", 5000) + line,
	} {
		if got, err := ReadKept(strings.NewReader(damaged)); err == nil || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
