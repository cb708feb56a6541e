package policy

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Accepted are findings that a person answers for, each by its full text.
type Accepted []string

// ReadAccepted reads a file of findings. An empty path is an empty list.
func ReadAccepted(path string) (Accepted, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the accepted findings: %w", err)
	}
	return ParseAccepted(string(text)), nil
}

// acceptedMark ends the line of an accepted finding in the audit's table.
const acceptedMark = " (accepted)"

// ParseAccepted reads a finding from each line, as the audit's table or the error of a start prints it: with the mark
// in front, and the word behind one that was accepted before. Empty lines and lines that begin with # are left out.
func ParseAccepted(text string) Accepted {
	var out Accepted
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "~ "); ok {
			line = strings.TrimSuffix(rest, acceptedMark)
		}
		out = append(out, strings.TrimPrefix(line, "! "))
	}
	return out
}

// Except leaves out what is accepted.
func Except(found []Violation, accepted Accepted) []Violation {
	return slices.DeleteFunc(slices.Clone(found), func(v Violation) bool { return slices.Contains(accepted, v.String()) })
}
