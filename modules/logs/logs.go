// Package logs keeps, on an agent, the last output of its sessions' programs, and lets readers follow it.
//
// The bytes are those of any program: they are kept as they came, within bounds, and made safe when they are read. What
// is kept is in memory alone, because output can hold secrets and is of no use for long.
package logs

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

const (
	// perSession is how many bytes are kept of a session's output.
	perSession = 1 << 20
	// inTotal is how many bytes are kept of all. With more than 64 sessions that write a lot, each has less.
	inTotal = 64 << 20
	// keptFor is how long the output is kept after the last program has ended.
	keptFor = time.Hour
	// markSize is what a line takes beside its bytes, and logSize what a session does, so that neither many empty lines
	// nor many short sessions use more memory than is counted.
	markSize = 16
	logSize  = 1 << 10
	// perSecond is the distance between the first numbers of two logs that begin a second apart. A session that starts
	// again on another host so has larger numbers there, and a reader that goes on notices that lines are missing.
	perSecond = 1_000_000
)

// Store keeps the output of an agent's sessions. It is safe for concurrent use.
type Store struct {
	perSession, inTotal int // the constants; tests have smaller ones

	mu    sync.Mutex
	logs  map[uuid.UUID]*log
	total int // the sizes of all logs
}

// NewStore makes an empty store.
func NewStore() *Store {
	return &Store{perSession: perSession, inTotal: inTotal, logs: map[uuid.UUID]*log{}}
}

// log is the output of one session. Store.mu guards it.
type log struct {
	session uuid.UUID
	lines   lines
	partial []byte // of the line that has no end yet
	lf      bool   // the last byte was a carriage return: a line feed belongs to it
	writers int
	ended   time.Time // when the last writer closed
	expiry  *time.Timer
	gone    bool          // removed
	changed chan struct{} // closed at the next change; nil: no one waits for one
}

// Writer returns a writer of a session's output, which goes behind what there is. It must be closed.
func (s *Store) Writer(session uuid.UUID) io.WriteCloser {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, there := s.logs[session]
	if there {
		l.writers++
	} else {
		l = &log{session: session, writers: 1, lines: lines{first: time.Now().Unix()*perSecond + 1}}
		l.lines.began = l.lines.first
		s.logs[session] = l
		s.total += logSize
		s.shrink()
	}
	if l.expiry != nil {
		l.expiry.Stop()
		l.expiry = nil
	}
	return &writer{store: s, log: l}
}

type writer struct {
	store  *Store
	log    *log
	closed bool
}

// Write keeps the last lines. It never fails and waits for no reader: a program must not stand still because of one.
func (w *writer) Write(b []byte) (int, error) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	if !w.closed {
		w.store.write(w.log, b)
	}
	return len(b), nil
}

// Close ends the output, unless another writer goes on with it. It may be called more than once.
func (w *writer) Close() error {
	s, l := w.store, w.log
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	if l.writers--; l.writers > 0 || l.gone {
		return nil
	}
	if len(l.partial) > 0 {
		s.add(l, len(l.partial))
	}
	l.partial, l.lf = nil, false
	l.ended = time.Now()
	l.expiry = time.AfterFunc(keptFor, func() { s.expire(l) })
	l.tell()
	return nil
}

func (s *Store) expire(l *log) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.writers == 0 && !l.gone && time.Since(l.ended) >= keptFor {
		s.remove(l)
	}
}

// Close removes everything and ends every reader.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.logs {
		s.remove(l)
	}
}

// write splits bytes into lines. A line ends with LF, CR or CR LF: what draws over its own line, as a progress bar
// does, is shown line by line.
func (s *Store) write(l *log, b []byte) {
	for len(b) > 0 {
		if l.lf && b[0] == '\n' {
			b, l.lf = b[1:], false
			continue
		}
		l.lf = false
		n := min(len(b), link.MaxLine-len(l.partial))
		at := bytes.IndexAny(b[:n], "\r\n")
		if at < 0 {
			l.partial, b = append(l.partial, b[:n]...), b[n:]
			if len(l.partial) == link.MaxLine {
				s.add(l, whole(l.partial))
			}
			continue
		}
		l.partial = append(l.partial, b[:at]...)
		s.add(l, len(l.partial))
		b, l.lf = b[at+1:], b[at] == '\r'
	}
	l.tell()
}

// whole is where a long line can be cut without cutting a character.
func whole(b []byte) int {
	for n := 1; n < utf8.UTFMax; n++ {
		if last := b[len(b)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return len(b) - n
			}
			break
		}
	}
	return len(b)
}

// add makes the first n bytes of the partial line a line.
func (s *Store) add(l *log, n int) {
	before := l.lines.size()
	l.lines.add(l.partial[:n], time.Now())
	for l.lines.size() > s.perSession {
		l.lines.drop()
	}
	s.total += l.lines.size() - before
	l.partial = l.partial[:copy(l.partial, l.partial[n:])]
	s.shrink()
}

// shrink keeps within the total: first by the session that has been over for the longest, then by the oldest lines of
// the session with the most. So one that writes a lot takes nothing from one that does not.
func (s *Store) shrink() {
	for s.total > s.inTotal {
		var over, most *log
		for _, l := range s.logs {
			if l.writers == 0 && (over == nil || l.ended.Before(over.ended)) {
				over = l
			}
			if most == nil || l.lines.size() > most.lines.size() {
				most = l
			}
		}
		switch {
		case over != nil:
			s.remove(over)
		case most == nil || most.lines.size() == 0:
			return
		default:
			for before := most.lines.size(); s.total > s.inTotal && before > 0; before = most.lines.size() {
				most.lines.drop()
				s.total += most.lines.size() - before
			}
		}
	}
}

func (s *Store) remove(l *log) {
	delete(s.logs, l.session)
	s.total -= logSize + l.lines.size()
	l.gone, l.lines, l.partial = true, lines{}, nil
	if l.expiry != nil {
		l.expiry.Stop()
	}
	l.tell()
}

// tell wakes the readers that wait for a change.
func (l *log) tell() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Recorder is a runtime that puts the output of its workloads into a store.
type Recorder struct {
	runtime.Runtime
	Store *Store
}

// Start implements runtime.Runtime.
func (r Recorder) Start(ctx context.Context, w runtime.Workload) error {
	w.Output = r.Store.Writer(w.Session)
	return r.Runtime.Start(ctx, w)
}
