package policy

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Accepted are findings that an operator has accepted, each by its full text.
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

// ParseAccepted reads one finding per line, as the audit's table or the error of a failed start prints it. It removes
// the mark in front of the line ("! ", "~ ") and the word "(accepted)" at its end. It skips empty lines and
// comments (#).
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

// Except returns the findings that are not accepted.
func Except(found []Violation, accepted Accepted) []Violation {
	return slices.DeleteFunc(slices.Clone(found), func(v Violation) bool { return slices.Contains(accepted, v.String()) })
}
