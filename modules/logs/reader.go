package logs

import (
	"context"
	"encoding/json"
	"io"
	"sync"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// batch is how many bytes are encoded at once, so that the store is not locked for each line.
const batch = 32 << 10

// reader is a reader of one log. What it reads are lines of JSON, each a link.LogPart.
type reader struct {
	store  *Store
	log    *log
	follow bool

	closing sync.Once
	closed  chan struct{}

	sent  int64 // the number up to which everything was read, or is in ready
	ready []byte
	at    bool // it was said that everything was read
	over  bool // the last part is in ready
}

// Log opens a session's output. Reading returns what is there, and with q.Follow what comes, until the session's
// programs have ended. Close ends a read that waits. What is written to it is discarded: it is one end of a stream. It
// returns link.ErrNoLog.
func (s *Store) Log(_ context.Context, session uuid.UUID, q link.LogQuery) (io.ReadWriteCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, there := s.logs[session]
	if !there {
		return nil, link.ErrNoLog
	}
	r := &reader{store: s, log: l, follow: q.Follow, closed: make(chan struct{})}
	r.sent = l.lines.first - 1
	if q.After != nil {
		r.goOn(*q.After)
	}
	if q.Tail != nil {
		r.sent = max(r.sent, l.lines.last()-int64(*q.Tail))
	}
	if !q.Since.IsZero() {
		r.sent = max(r.sent, l.lines.before(q.Since))
	}
	return r, nil
}

// goOn begins after a number that a client has. Zero is the beginning. A number that does not fit says that lines are
// missing: they are no longer kept, or the session has started again elsewhere.
func (r *reader) goOn(after int64) {
	l := &r.log.lines
	switch {
	case after == 0 && l.first == l.began, after >= l.first-1 && after <= l.last():
		r.sent = max(after, r.sent)
	default:
		r.put(link.LogPart{Kind: link.LogReset, Seq: r.sent})
	}
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.over {
			return 0, io.EOF
		}
		wait := r.fill()
		if wait == nil {
			continue
		}
		select {
		case <-wait:
		case <-r.closed:
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// fill encodes the next parts, or returns what to wait for.
func (r *reader) fill() <-chan struct{} {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	l := r.log
	switch {
	case l.gone:
		r.end(link.LogEnd)
	case r.sent < l.lines.first-1:
		r.end(link.LogSlow)
	case r.sent < l.lines.last():
		for r.sent < l.lines.last() && len(r.ready) < batch {
			r.sent++
			text, at := l.lines.at(r.sent)
			r.put(link.LogPart{Kind: link.LogLine, Seq: r.sent, Time: at, Text: link.CleanLine(string(text))})
		}
	case !r.at:
		r.at = true
		r.put(link.LogPart{Kind: link.LogAt, Seq: r.sent})
	case l.writers == 0 || !r.follow:
		r.end(link.LogEnd)
	default:
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		return l.changed
	}
	return nil
}

func (r *reader) end(kind link.LogKind) {
	r.over = true
	r.put(link.LogPart{Kind: kind, Seq: r.sent})
}

func (r *reader) put(p link.LogPart) {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // only our own type is encoded
	}
	r.ready = append(append(r.ready, b...), '\n')
}

// Write implements io.Writer.
func (r *reader) Write(p []byte) (int, error) { return len(p), nil }

// Close ends the reader. It may be called more than once.
func (r *reader) Close() error {
	r.closing.Do(func() { close(r.closed) })
	return nil
}
