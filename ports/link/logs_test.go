package link

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Seen to fail with a function that returns its argument.
func TestLinesAreMadeSafe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ line, want string }{
		"text":             {"déjà vu\t漢字 🙂", "déjà vu\t漢字 🙂"},
		"no UTF-8":         {"a\xff\xc3(b", "a\uFFFD\uFFFD(b"},
		"a terminal's":     {"\x1b[31mred\x1b]0;title\a", "\uFFFD[31mred\uFFFD]0;title\uFFFD"},
		"eight-bit escape": {"\u009b2J", "\uFFFD2J"},
		"zero and delete":  {"\x00\x7f\b", "\uFFFD\uFFFD\uFFFD"},
		"direction":        {"\u202Eevil\u2066", "\uFFFDevil\uFFFD"},
		"line separators":  {"a\u2028b\u2029", "a\uFFFDb\uFFFD"},
		"a surrogate":      {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
	} {
		got := CleanLine(c.line)
		if got != c.want {
			t.Errorf("%s: %q became %q, want %q", name, c.line, got, c.want)
		}
		if again := CleanLine(got); again != got {
			t.Errorf("%s: cleaned twice it is %q", name, again)
		}
	}
}

// TestTheLargestPartFits encodes the lines that grow most.
func TestTheLargestPartFits(t *testing.T) {
	t.Parallel()
	for _, b := range []string{"\x00", "\xff", "<", `"`, "x"} {
		part := LogPart{
			Kind: LogLine, Seq: 1 << 62, Time: time.Now(), Text: CleanLine(strings.Repeat(b, MaxLine)),
		}
		encoded, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		if len(encoded) > MaxLogPart || bytes.ContainsRune(encoded, '\n') {
			t.Errorf("a line of %q has %d bytes, more than %d", b, len(encoded), MaxLogPart)
		}
	}
}
