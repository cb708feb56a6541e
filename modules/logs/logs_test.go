package logs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStore(t testing.TB) *Store {
	s := NewStore()
	t.Cleanup(s.Close) // with its timers
	return s
}

// wrote is a store with the output of one session that has ended.
func wrote(t testing.TB, text string) (*Store, uuid.UUID) {
	s, id := newStore(t), uuid.New()
	w := s.Writer(id)
	write(t, w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return s, id
}

func write(t testing.TB, w io.Writer, text string) {
	t.Helper()
	if n, err := io.WriteString(w, text); n != len(text) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(text), err)
	}
}

// parts reads a log to its end.
func parts(t testing.TB, s *Store, id uuid.UUID, q link.LogQuery) (all []link.LogPart) {
	t.Helper()
	r, err := s.Log(t.Context(), id, q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	in := bufio.NewScanner(r)
	in.Buffer(nil, link.MaxLogPart)
	for in.Scan() {
		var p link.LogPart
		if err := json.Unmarshal(in.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	return all
}

// told shortens parts: the texts of lines, and the kinds of all others.
func told(all []link.LogPart) (out []string) {
	for _, p := range all {
		if p.Kind == link.LogLine {
			out = append(out, p.Text)
		} else {
			out = append(out, "<"+string(p.Kind)+">")
		}
	}
	return out
}

func ptr[T any](v T) *T { return &v }

func TestOutputIsReadAsLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", link.MaxLine)
	for name, c := range map[string]struct {
		written string
		want    []string
	}{
		"nothing":              {"", nil},
		"lines":                {"a\nb\n\nc\n", []string{"a", "b", "", "c"}},
		"an end without LF":    {"a\nb", []string{"a", "b"}},
		"CR LF":                {"a\r\nb\r\n", []string{"a", "b"}},
		"a progress bar":       {"1%\r2%\r\n", []string{"1%", "2%"}},
		"no UTF-8":             {"\xff\xfe\n", []string{"\uFFFD\uFFFD"}},
		"a terminal's escapes": {"\x1b[2J\x1b]0;x\a\n", []string{"\uFFFD[2J\uFFFD]0;x\uFFFD"}},
		"a long line":          {long + long + "y\n", []string{long, long, "y"}},
		"a long line, exactly": {long + "\n", []string{long, ""}},
		"a character at a cut": {long[1:] + "é\n", []string{long[1:], "é"}},
	} {
		s, id := wrote(t, c.written)
		want := slices.Concat(c.want, []string{"<at>", "<end>"})
		if diff := cmp.Diff(want, told(parts(t, s, id, link.LogQuery{Follow: true}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Bytes in any pieces make the same lines, each within its bounds and without a character that is not text.
func TestLinesDoNotDependOnPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "\r", "\n", "\x1b[", "\xc3", "\xa9", "🙂", "\xff", strings.Repeat("x", link.MaxLine-3),
		}), 0, 30).Draw(r, "text"), ""))
		s := NewStore()
		defer s.Close()
		one, pieces := uuid.New(), uuid.New()
		w := s.Writer(one)
		_, _ = w.Write(text)
		_ = w.Close()
		w = s.Writer(pieces)
		for rest := text; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(r, "piece")
			_, _ = w.Write(rest[:n])
			rest = rest[n:]
		}
		_ = w.Close()
		want, got := told(parts(t, s, one, link.LogQuery{})), told(parts(t, s, pieces, link.LogQuery{}))
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("(-one +pieces):\n%s", diff)
		}
		for _, line := range got {
			if !utf8.ValidString(line) || len(line) > 3*link.MaxLine || line != link.CleanLine(line) {
				r.Fatalf("a line is %q", line)
			}
		}
	})
}

func TestAReaderChoosesLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, id := NewStore(), uuid.New()
		defer s.Close()
		w := s.Writer(id)
		write(t, w, "1\n2\n")
		time.Sleep(time.Minute)
		since := time.Now()
		write(t, w, "3\n4\n")
		_ = w.Close()
		first := parts(t, s, id, link.LogQuery{})[0].Seq
		for name, c := range map[string]struct {
			q    link.LogQuery
			want string
		}{
			"all":                  {link.LogQuery{}, "1 2 3 4 <at> <end>"},
			"the last two":         {link.LogQuery{Tail: ptr(2)}, "3 4 <at> <end>"},
			"none":                 {link.LogQuery{Tail: ptr(0)}, "<at> <end>"},
			"more than there are":  {link.LogQuery{Tail: ptr(9)}, "1 2 3 4 <at> <end>"},
			"since":                {link.LogQuery{Since: since}, "3 4 <at> <end>"},
			"since, and the last":  {link.LogQuery{Since: since, Tail: ptr(1)}, "4 <at> <end>"},
			"since the future":     {link.LogQuery{Since: since.Add(time.Hour)}, "<at> <end>"},
			"after one":            {link.LogQuery{After: ptr(first)}, "2 3 4 <at> <end>"},
			"after the last":       {link.LogQuery{After: ptr(first + 3)}, "<at> <end>"},
			"after none":           {link.LogQuery{After: ptr(int64(0))}, "1 2 3 4 <at> <end>"},
			"after another host's": {link.LogQuery{After: ptr(first - 9)}, "<reset> 1 2 3 4 <at> <end>"},
			"after what is not":    {link.LogQuery{After: ptr(first + 4)}, "<reset> 1 2 3 4 <at> <end>"},
		} {
			if got := strings.Join(told(parts(t, s, id, c.q)), " "); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
	})
}

// What has no line's end, and what has nothing else, takes no more than it may.
func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string][]byte{
		"one line": bytes.Repeat([]byte("x"), 1<<20), "empty lines": bytes.Repeat([]byte("\n"), 1<<20),
	} {
		s, id := newStore(t), uuid.New()
		w := s.Writer(id)
		for range 8 {
			_, _ = w.Write(piece)
		}
		l := s.logs[id]
		held := cap(l.lines.bytes) + markSize*cap(l.lines.marks) + cap(l.partial)
		if l.lines.size() > perSession || held > 4*perSession || s.total != logSize+l.lines.size() {
			t.Errorf("%s: %d bytes count, of %d in total, and %d are held", name, l.lines.size(), s.total, held)
		}
		_ = w.Close()
		got := parts(t, s, id, link.LogQuery{After: ptr(int64(0))})
		if got[0].Kind != link.LogReset || got[1].Seq != got[0].Seq+1 {
			t.Errorf("%s: it begins with %+v, %+v", name, got[0], got[1])
		}
		for i := 2; i < len(got)-2; i++ {
			if got[i].Seq != got[i-1].Seq+1 {
				t.Fatalf("%s: line %d follows %d", name, got[i].Seq, got[i-1].Seq)
			}
		}
	}
}

// All logs together are bounded: what is over goes first, and then the most of whoever has most.
func TestTheTotalIsBounded(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.inTotal = 3 * perSession
	quiet, over := uuid.New(), uuid.New()
	w := s.Writer(over)
	write(t, w, "over\n")
	_ = w.Close()
	w = s.Writer(quiet)
	write(t, w, "quiet\n")
	for range 4 {
		hog := s.Writer(uuid.New())
		write(t, hog, strings.Repeat("hog\n", 1<<18))
	}
	if s.total > s.inTotal {
		t.Errorf("%d bytes are kept, at most %d may be", s.total, s.inTotal)
	}
	if _, err := s.Log(t.Context(), over, link.LogQuery{}); !errors.Is(err, link.ErrNoLog) {
		t.Errorf("a session that is over: %v", err)
	}
	got := told(parts(t, s, quiet, link.LogQuery{}))
	if diff := cmp.Diff([]string{"quiet", "<at>", "<end>"}, got); diff != "" {
		t.Errorf("a session that writes little (-want +got):\n%s", diff)
	}
}

func TestOutputIsKeptForAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, id := NewStore(), uuid.New()
		defer s.Close()
		if _, err := s.Log(t.Context(), id, link.LogQuery{}); !errors.Is(err, link.ErrNoLog) {
			t.Errorf("before the start: %v", err)
		}
		w := s.Writer(id)
		write(t, w, "a\n")
		time.Sleep(2 * keptFor)
		_, _ = w.Close(), w.Close()
		time.Sleep(keptFor - time.Second)
		again := s.Writer(id) // it starts again
		time.Sleep(2 * keptFor)
		write(t, again, "b\n")
		_ = again.Close()
		time.Sleep(keptFor - time.Second)
		if got := told(parts(t, s, id, link.LogQuery{})); fmt.Sprint(got) != "[a b <at> <end>]" {
			t.Errorf("before the hour is over: %v", got)
		}
		time.Sleep(2 * time.Second)
		if _, err := s.Log(t.Context(), id, link.LogQuery{}); !errors.Is(err, link.ErrNoLog) || s.total != 0 {
			t.Errorf("after the hour: %v, and %d bytes are counted", err, s.total)
		}
	})
}

func TestAReaderFollows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, id := NewStore(), uuid.New()
		defer s.Close()
		w := s.Writer(id)
		write(t, w, "1\n")
		ended := make(chan []link.LogPart)
		go func() { ended <- parts(t, s, id, link.LogQuery{Follow: true}) }()
		for _, more := range []string{"2", "\n3\n", "4"} {
			synctest.Wait()
			write(t, w, more)
		}
		synctest.Wait()
		_ = w.Close()
		if got := fmt.Sprint(told(<-ended)); got != "[1 <at> 2 3 4 <end>]" {
			t.Errorf("it reads %s", got)
		}
	})
}

func TestASlowReaderIsTold(t *testing.T) {
	t.Parallel()
	s, id := newStore(t), uuid.New()
	s.perSession = 1 << 10
	w := s.Writer(id)
	write(t, w, "1\n")
	r, err := s.Log(t.Context(), id, link.LogQuery{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(r)
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	write(t, w, strings.Repeat("x\n", 1<<10))
	rest, err := io.ReadAll(in)
	if err != nil || !strings.Contains(string(rest), `"slow"`) {
		t.Errorf("it reads %q, %v", rest, err)
	}
}

func TestAReaderThatIsClosedEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, id := NewStore(), uuid.New()
		defer s.Close()
		w := s.Writer(id)
		defer w.Close()
		r, err := s.Log(t.Context(), id, link.LogQuery{Follow: true})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { _, err := io.Copy(io.Discard, r); ended <- err }()
		synctest.Wait()
		_, _ = r.Close(), r.Close()
		if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("it ended with %v", err)
		}
	})
}
