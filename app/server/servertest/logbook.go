package servertest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// Logbook is where the control plane's log goes. It keeps the lines that a test looks for.
type Logbook struct {
	mu      sync.Mutex
	wanted  []string
	matched []string
}

// LookFor has every later line kept that holds one of the words.
func (l *Logbook) LookFor(words ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = append(l.wanted, words...)
}

// Lines returns those that held the word.
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
