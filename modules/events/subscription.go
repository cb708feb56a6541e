package events

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// backlog is how many events a subscriber may owe. Queues share the encoded events, so that a full one holds little
	// memory of its own. A client this far behind has stalled; it resumes after its last event.
	backlog = 1024
	// Heartbeat is how often a client hears that its subscription is alive. Scripts cannot see the pings of WebSockets.
	Heartbeat = 4 * time.Second
	// historyPage is how many events of the history are read at once.
	historyPage = 200
)

// The types of messages that are no events.
const (
	// HeartbeatType says that everything up to its number was sent that the subscriber may see.
	HeartbeatType = "heartbeat"
	// ResetType says that events are missing: the client must list again, and then has what is true at its number.
	ResetType = "reset"
	// ClosingType says why the server closes the connection, before it does.
	ClosingType = "closing"
)

// Message is what a subscriber is sent: an event, or one of the types above.
type Message struct {
	Type string
	Seq  int64
	JSON []byte // the whole message
}

// Lease is what a request's access token allows.
type Lease struct {
	// Address is the network that the request came from.
	Address string
	// Until is when the token expires. Zero: the request has another credential, whose end the database knows.
	Until time.Time
	// Renew verifies a new token of the same credential and returns when that one expires.
	Renew func(ctx context.Context, token string) (time.Time, error)
}

// Query is what a subscriber asks for.
type Query struct {
	Who   org.Scope
	Lease Lease
	Types Types
	// After is the number of the last event that the client has. Nil: only what happens from now on.
	After *int64
	// Snapshot reads what there is before what changes. Nil: only the log is sent.
	Snapshot Snapshot
	// State is sent instead of events, first and after changes. Nil: events are sent.
	State *State
	// Org and Namespace name the caller's own organisation, by its slug or id, or are empty. Any other is refused.
	Org, Namespace string
}

// Subscription receives the events of one organisation that one member may see, in order, each once. One goroutine may
// use it; Renew may be called from another one.
type Subscription struct {
	feed   *Feed
	reader *reader
	query  Query
	viewer Viewer
	access Access
	limits map[key]int

	sent     int64 // the number up to which everything was returned
	until    int64 // the history ends here, and the queue begins
	snapshot snapshotting
	state    showing
	history  []Entry
	nextBeat time.Time
	timer    *time.Timer

	ready chan struct{}
	mu    sync.Mutex
	// from is the number up to which offered events are left out: the client has them.
	from    int64
	queue   []*Message
	changed bool // the credential may have ended
	stale   bool // the state may have changed
	err     error
	expires time.Time // of the token
}

// Subscribe begins a subscription. It registers with the reader before it reads the member's access: an access that
// ends after that read has an event, which the reader gives to this subscription. Close must be called.
//
// It returns ErrForeign, errTooMany, ErrStopping, or the fault of a credential that has ended.
func (f *Feed) Subscribe(ctx context.Context, q Query) (*Subscription, error) {
	s := &Subscription{
		feed: f, query: q, viewer: Viewer{q.Who.User(), q.Who.Role()}, limits: keysOf(q), ready: make(chan struct{}, 1),
		expires: q.Lease.Until,
	}
	f.mu.Lock()
	err := f.open.acquire(s.limits)
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if s.reader, err = f.join(q.Who.Org()); err != nil {
		s.release()
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.Close()
		return nil, err
	}
	select {
	case <-f.stopped: // it was added too late to be told
		s.Close()
		return nil, ErrStopping
	default:
		return s, nil
	}
}

// start finds the place in the log and checks the access.
func (s *Subscription) start(ctx context.Context) error {
	bounds, err := s.reader.log().EventBounds(ctx)
	if err != nil {
		return fmt.Errorf("read which events there are: %w", err)
	}
	s.from = bounds.Newest
	switch after := s.query.After; {
	case s.query.State != nil:
		s.stale = true
	case after == nil:
		s.snapshot.due = s.query.Snapshot != nil
	case *after < bounds.Oldest-1 || *after > bounds.Newest:
		s.reset(bounds.Newest)
	default:
		s.from = *after
	}
	s.sent = s.from
	s.until = s.reader.add(s, bounds.Newest)
	if s.query.State != nil { // it is read after everything that the reader has given
		s.sent = max(s.sent, s.until)
		s.until = s.sent
	}
	if err := s.confirm(ctx); err != nil {
		return err
	}
	s.timer = time.NewTimer(0)
	return s.checkNames()
}

// checkNames refuses the name of another organisation. Nothing is looked up, so that the answer tells nothing.
func (s *Subscription) checkNames() error {
	q := s.query
	own := q.Org == "" || q.Org == s.access.Slug || strings.EqualFold(q.Org, q.Who.Org().String())
	if !own || q.Namespace != "" && q.Namespace != s.access.Namespace {
		return ErrForeign
	}
	return nil
}

// Close releases everything.
func (s *Subscription) Close() {
	s.reader.remove(s)
	s.feed.leave(s.reader)
	s.release()
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *Subscription) release() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.feed.open.release(s.limits)
}

// Next waits for the next message. Its error says why the subscription ended: a fault above, that of a credential that
// has ended, or ctx's.
func (s *Subscription) Next(ctx context.Context) (*Message, error) {
	for {
		if s.snapshot.due {
			return s.nextPage(ctx)
		}
		if m, err := s.past(ctx); m != nil || err != nil {
			return m, err
		}
		position := s.reader.at() // before the queue is looked at: what it says is in the queue or was sent
		m, changed, err := s.take()
		switch {
		case err != nil:
			return nil, err
		case changed:
			if err := s.confirm(ctx); err != nil {
				return nil, err
			}
			continue
		case m != nil:
			s.sent = m.Seq
			if m.Type == ResetType {
				s.until = m.Seq // what follows is in the queue, even when it has numbers of a history that was restored
				s.snapshot.due = s.query.Snapshot != nil
				s.state.repeat()
			}
			return m, nil
		}
		now := time.Now()
		if !now.Before(s.ends()) {
			return nil, ErrTokenExpired
		}
		if m, err := s.nextState(ctx, now, position); m != nil || err != nil {
			return m, err
		}
		if !now.Before(s.nextBeat) {
			s.nextBeat = now.Add(Heartbeat)
			if !s.isStale() { // a state that is due has not been sent
				s.sent = max(s.sent, position)
			}
			return control(HeartbeatType, s.sent, nil), nil
		}
		s.timer.Reset(min(time.Until(s.nextBeat), time.Until(s.ends()), s.untilState()))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.ready:
		case <-s.timer.C:
		}
	}
}

// past returns the next event of the history. It is read in the member's own scope, so that the database decides what
// belongs to it.
func (s *Subscription) past(ctx context.Context) (*Message, error) {
	for {
		for len(s.history) > 0 {
			e := s.history[0]
			s.history = s.history[1:]
			s.sent = e.Seq
			if !s.query.Types.selects(e.Type) {
				continue
			}
			encoded, err := e.encode()
			return &Message{e.Type, e.Seq, encoded}, err
		}
		if s.sent >= s.until {
			return nil, nil
		}
		if err := s.readPage(ctx); err != nil {
			return nil, err
		}
	}
}

// readPage reads the next events of the history. Retention removes them from its beginning, so that a page is whole if
// the history still reaches back to the page's beginning after it was read.
func (s *Subscription) readPage(ctx context.Context) (err error) {
	from := s.sent
	if s.history, err = s.feed.config.Read(s.query.Who).OwnEvents(ctx, from, s.until, historyPage); err != nil {
		return err
	}
	bounds, err := s.reader.log().EventBounds(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read which events there are: %w", err)
	case from < bounds.Oldest-1:
		s.reset(bounds.Newest)
		s.sent, s.until, s.history = bounds.Newest, bounds.Newest, nil
	case len(s.history) == 0:
		s.sent, s.history = s.until, nil
	}
	return nil
}

// take takes the first message of the queue, or says why there is none.
func (s *Subscription) take() (m *Message, changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, false, s.err
	case s.changed:
		s.changed = false
		return nil, true, nil
	case len(s.queue) == 0:
		return nil, false, nil
	}
	m = s.queue[0]
	s.queue[0] = nil
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil // an idle subscription holds no queue
	}
	return m, false, nil
}

// confirm reads the access again. The transaction fails if the credential has ended or has another role.
func (s *Subscription) confirm(ctx context.Context) error {
	access, err := s.feed.config.Read(s.query.Who).Access(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access = access
	return nil
}

// ends is when the credential or its token expires.
func (s *Subscription) ends() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expires.IsZero() || s.access.EndsAt.Before(s.expires) {
		return s.access.EndsAt
	}
	return s.expires
}

// Renew goes on with a new access token of the same credential.
func (s *Subscription) Renew(ctx context.Context, token string) error {
	expires, err := s.query.Lease.Renew(ctx, token)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expires = expires
	s.poke()
	return nil
}

// Sent is the number up to which the client has everything that it may see.
func (s *Subscription) Sent() int64 { return s.sent }

// offer puts an event into the queue if the member may see it. It never blocks.
func (s *Subscription) offer(e Entry, m *Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.concerns(e) {
		s.changed = true
		s.poke()
	}
	switch {
	case s.query.State != nil:
		s.stale = s.stale || s.query.Types.selects(e.Type)
	case s.err != nil || e.Seq <= s.from || !s.viewer.Sees(e) || !s.query.Types.selects(e.Type):
		return
	case len(s.queue) >= backlog:
		s.err, s.queue = ErrSlow, nil
	default:
		s.queue = append(s.queue, m)
	}
	s.poke()
}

// concerns reports whether an event may be about the subscriber's credential. While that is being read, each of the
// user's may be.
func (s *Subscription) concerns(e Entry) bool {
	if !strings.HasPrefix(e.Type, "sign_in.") && !strings.HasPrefix(e.Type, "key.") {
		return false
	}
	return e.Subject.ID == s.access.Credential || s.access.Credential == uuid.Nil && e.Owner == s.viewer.User
}

// reset leaves out everything that was not sent yet.
func (s *Subscription) reset(newest int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resetTo(newest)
}

// miss resets a subscription that lacks events up to a number. A client that has read further at another replica has
// them.
func (s *Subscription) miss(until int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from < until {
		s.resetTo(until)
	}
}

// resetTo is reset. The caller holds the lock.
func (s *Subscription) resetTo(newest int64) {
	s.from, s.queue = newest, []*Message{control(ResetType, newest, nil)}
	s.stale = s.query.State != nil
	s.poke()
}

// end ends the subscription from the server's side.
func (s *Subscription) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err, s.queue = err, nil
	}
	s.poke()
}

// poke wakes Next. The caller holds the lock.
func (s *Subscription) poke() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// control is a message that is no event.
func control(kind string, seq int64, data any) *Message { return Control(kind, seq, time.Now(), data) }

// Control is a message of a stream with a number, a time and data. Nil: without data.
func Control(kind string, seq int64, at time.Time, data any) *Message {
	encoded, err := json.Marshal(struct {
		Type string    `json:"type"`
		Seq  int64     `json:"seq"`
		Time time.Time `json:"time"`
		Data any       `json:"data,omitempty"`
	}{kind, seq, at.UTC(), data})
	if err != nil {
		panic(err) // only our own types are encoded
	}
	return &Message{Type: kind, Seq: seq, JSON: encoded}
}

// Closing is the message that says why a connection closes, and when to come back.
func (s *Subscription) Closing(why *fault.Fault) *Message {
	return control(ClosingType, s.sent, ClosingData(why))
}

// ClosingData is the data of a message that says why a connection closes.
func ClosingData(why *fault.Fault) any {
	return struct {
		Code       string  `json:"code"`
		Detail     string  `json:"detail"`
		RetryAfter float64 `json:"retry_after,omitempty"`
	}{why.Code, why.Message, why.RetryAfter.Seconds()}
}
