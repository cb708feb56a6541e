package link

import (
	"context"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

const (
	// MaxLine bounds a line of a session's output, in bytes as its programs wrote it. A longer one is kept in pieces.
	MaxLine = 4 << 10
	// MaxLogPart bounds an encoded LogPart. A byte that is no text becomes three, and one that JSON escapes six.
	MaxLogPart = 6*MaxLine + 256
)

// ErrNoLog refuses the output of a session of which the agent has none.
var ErrNoLog = fault.New(fault.NotFound, "log_not_found",
	"There is no output of this session: it has not started yet, or it ended more than an hour ago.")

// LogQuery says which lines of a session's output are wanted. A line must satisfy all of it.
type LogQuery struct {
	After  *int64    `json:"after,omitempty"` // lines after this number; nil: from the first that is kept
	Tail   *int      `json:"tail,omitempty"`  // the last lines, this many; nil: all
	Since  time.Time `json:"since,omitzero"`  // lines written at this time or later, by the host's clock
	Follow bool      `json:"follow,omitempty"`
}

// LogKind says what a LogPart is.
type LogKind string

// The kinds of parts.
const (
	LogLine  LogKind = "line"
	LogReset LogKind = "reset" // lines up to Seq are missing
	LogAt    LogKind = "at"    // everything up to Seq was sent
	LogSlow  LogKind = "slow"  // the reader was too slow for what is kept; it is the last part
	LogEnd   LogKind = "end"   // nothing more comes; it is the last part
)

// LogPart is one line of the JSON that an agent sends of a session's output.
type LogPart struct {
	Kind LogKind   `json:"kind"`
	Seq  int64     `json:"seq"`
	Time time.Time `json:"time,omitzero"`
	Text string    `json:"text,omitempty"`
}

// Logs reads sessions' output from agents.
type Logs interface {
	// Log returns the output of a session on the agent, as lines of JSON, each a LogPart of at most MaxLogPart bytes. ctx
	// bounds only the wait. The agent goes on until the caller closes it. It returns ErrNoLog, or an Unavailable fault
	// "agent_unreachable".
	Log(ctx context.Context, agent, session uuid.UUID, q LogQuery) (io.ReadCloser, error)
}

// CleanLine makes a line of a program's output safe to show: what is no UTF-8, control characters except the tab, and
// characters that change the direction of text become U+FFFD. So a terminal obeys nothing in it. Cleaning twice
// changes nothing.
func CleanLine(line string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || !unsafeRune(c) {
			return c
		}
		return utf8.RuneError
	}, line)
}

// unsafeRune reports whether a character is an instruction rather than text. U+2028 and U+2029 end lines in scripts.
func unsafeRune(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || unicode.Is(unicode.Bidi_Control, c)
}
