package apt

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// kept is how many of the last lines an error shows; what went wrong is among them.
const kept = 20

// progress passes on what a person wants to see of apt-get's output, and keeps its end.
type progress struct {
	out  io.Writer
	rest []byte // of a line that has not ended
	last []string
}

// Write never fails: an installation goes on when its progress cannot be shown.
func (p *progress) Write(b []byte) (int, error) {
	p.rest = append(p.rest, b...)
	for {
		line, rest, ended := bytes.Cut(p.rest, []byte("\n"))
		if !ended {
			return len(b), nil
		}
		p.rest = rest
		p.line(string(line))
	}
}

func (p *progress) line(line string) {
	if strings.HasPrefix(line, "Setting up ") {
		fmt.Fprintln(p.out, "  "+strings.TrimSuffix(line, " ..."))
	}
	p.last = append(p.last, line)
	if len(p.last) > kept {
		p.last = p.last[1:]
	}
}

func (p *progress) tail() string {
	return strings.TrimSpace(strings.Join(append(p.last, string(p.rest)), "\n"))
}
