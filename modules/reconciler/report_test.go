package reconciler

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

func TestTheLastLinesAreTextWithoutControls(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a line of ten\n", 300) + "the end"
	_, end, _ := strings.Cut(long[len(long)-link.MaxDetail:], "\n")
	for name, c := range map[string]struct{ text, want string }{
		"nothing":            {" \n", ""},
		"lines":              {"one\n\ttwo\n", "one\n\ttwo"},
		"colours":            {"\x1b[31mred\x1b[0m", "[31mred[0m"},
		"a reversed text":    {"a\u202eb", "ab"},
		"zero":               {"a\x00b", "ab"},
		"half a character":   {"a\xc3", "a"},
		"more than fits":     {long, end},
		"one line too long":  {strings.Repeat("x", link.MaxDetail+1), strings.Repeat("x", link.MaxDetail)},
		"cut in a character": {strings.Repeat("é", link.MaxDetail), strings.Repeat("é", link.MaxDetail/2)},
	} {
		if got := lastLines(c.text); got != c.want || len(got) > link.MaxDetail {
			t.Errorf("%s: %d bytes: %q", name, len(got), got)
		}
	}
}

// A failed start says why: the runtime's code, whether another host may start it, and what its programs wrote.
func TestWhyASessionDidNotStart(t *testing.T) {
	t.Parallel()
	template := fault.New(fault.Invalid, "command_not_found", "It is not installed.")
	host := fault.New(fault.Unavailable, "start_timed_out", "It took too long.")
	for name, c := range map[string]struct {
		err  error
		want outcome
	}{
		"an error": {
			errors.New("no space left on /srv"), outcome{state: link.Failed, reason: "start_failed", hostFault: true},
		},
		"the host's": {
			fmt.Errorf("start: %w", &runtime.StartError{Output: "waiting", Err: host}),
			outcome{state: link.Failed, reason: "start_timed_out", detail: "waiting", hostFault: true},
		},
		"the template's": {
			&runtime.StartError{Output: "no such file", Err: template},
			outcome{state: link.Failed, reason: "command_not_found", detail: "no such file"},
		},
	} {
		if got := whyNotStarted(c.err); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
