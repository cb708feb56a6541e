package process

import (
	"io"
	"os"
	"time"
)

// output is where a workload's output goes, as the agent has it.
type output struct {
	to   io.WriteCloser // nil: nowhere
	used bool           // it is closed at the end of the workload
}

// unused closes the output of a start that started nothing.
func (o *output) unused() {
	if o.to != nil && !o.used {
		_ = o.to.Close()
	}
}

// follow passes on what a supervisor sends, until it ends or the agent leaves the session alone.
func (o *output) follow(from *os.File) {
	o.used = true
	go func() {
		if o.to != nil {
			_, _ = io.Copy(o.to, from)
			_ = o.to.Close()
		}
		_ = from.Close()
	}()
}

// lossy writes to an agent that may be frozen, or gone. What it does not take soon is lost: the desktop must not wait.
type lossy struct {
	to      *os.File
	stalled bool
}

// takes is how long an agent that reads may take for a part of the output.
const takes = 200 * time.Millisecond

// Write never fails.
func (l *lossy) Write(b []byte) (int, error) {
	deadline := time.Now()
	if !l.stalled {
		deadline = deadline.Add(takes)
	}
	_ = l.to.SetWriteDeadline(deadline) // a file without deadlines takes everything at once
	_, err := l.to.Write(b)
	l.stalled = err != nil
	return len(b), nil
}
