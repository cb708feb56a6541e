package process

import (
	"io"
	"strings"
	"sync"
)

// kept is how many bytes of a desktop's output are kept: enough for the error messages of a failed start. The log gets
// all of them, and the session's owner the last lines.
const kept = 16 << 10

// tail keeps the end of the text that is written to it. Its zero value is ready to use.
type tail struct {
	mu   sync.Mutex
	last []byte
}

// drain reads until no process can write any more, passes everything on, and closes drained. A desktop would block if
// its output was not read.
func (t *tail) drain(from io.ReadCloser, to io.Writer, drained chan<- struct{}) {
	defer close(drained)
	_, _ = io.Copy(io.MultiWriter(t, to), from)
	_ = from.Close()
}

// Write never fails. It keeps only the last bytes.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b[max(0, len(b)-kept):]...)
	if extra := len(t.last) - kept; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return len(b), nil
}

// String returns the end of the output, as text that is safe in a log.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.last), "�"))
}
