package apt

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// kept is how many of the last lines an error shows. The cause is among them.
const kept = 20

// progress forwards one line per installed package from apt-get's output, and keeps the last lines.
type progress struct {
	out  io.Writer
	rest []byte // an incomplete line
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
