package servertest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// Logbook receives the control plane's log and keeps the lines that a test looks for. It does not keep all, because the
// random attack sends up to a million requests.
type Logbook struct {
	mu      sync.Mutex
	wanted  []string
	matched []string
}

// LookFor keeps every later line that contains one of the words.
func (l *Logbook) LookFor(words ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = append(l.wanted, words...)
}

// Lines returns the kept lines that contain the word.
func (l *Logbook) Lines(word string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.matched), func(line string) bool { return !strings.Contains(line, word) })
}

// Write takes one line, as slog's handlers write them.
func (l *Logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.ContainsFunc(l.wanted, func(w string) bool { return bytes.Contains(line, []byte(w)) }) {
		l.matched = append(l.matched, string(line))
	}
	return len(line), nil
}
