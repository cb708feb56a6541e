package reconciler

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// host is a runtime without processes.
type host struct {
	mu        sync.Mutex
	workloads map[uuid.UUID]runtime.Status
	changes   chan struct{}
	slow      map[uuid.UUID]chan struct{} // what the start of a session waits for
	takes     time.Duration               // how long any other start takes
	broken    bool                        // no start succeeds
	stuck     int                         // how many stops fail
	begun     int                         // starts
	cancelled int                         // starts that were cancelled
}

func newHost() *host {
	return &host{
		workloads: make(map[uuid.UUID]runtime.Status), changes: make(chan struct{}, 1),
		slow: make(map[uuid.UUID]chan struct{}), takes: time.Second,
	}
}

func (h *host) put(session uuid.UUID, change func(*runtime.Status)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.workloads[session]
	s.Session = session
	change(&s)
	h.workloads[session] = s
}

// cleanup is how long a cancelled start takes to remove what it began.
const cleanup = 100 * time.Millisecond

// delay makes a session's start wait until its channel in slow is closed.
func (h *host) delay(session uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.slow[session] = make(chan struct{})
}

func (h *host) Start(ctx context.Context, w runtime.Workload) error {
	h.mu.Lock()
	if _, ok := h.workloads[w.Session]; ok {
		h.mu.Unlock()
		return nil
	}
	h.begun++
	h.workloads[w.Session] = runtime.Status{
		Session: w.Session, Namespace: w.Namespace, Phase: runtime.Starting, Started: time.Now(),
	}
	slow, broken, takes := h.slow[w.Session], h.broken, h.takes
	h.mu.Unlock()
	err := ctx.Err()
	if slow != nil {
		takes = time.Hour
	}
	select {
	case <-slow:
	case <-time.After(takes):
	case <-ctx.Done():
		err = ctx.Err()
		time.Sleep(cleanup)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || broken {
		delete(h.workloads, w.Session)
		if err != nil {
			h.cancelled++
			return err
		}
		return errors.New("no display")
	}
	s := h.workloads[w.Session]
	s.Phase = runtime.Running
	h.workloads[w.Session] = s
	return nil
}

func (h *host) Stop(_ context.Context, session uuid.UUID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stuck > 0 {
		h.stuck--
		return errors.New("stuck")
	}
	delete(h.workloads, session)
	return nil
}

func (h *host) List(context.Context) ([]runtime.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []runtime.Status
	for _, s := range h.workloads {
		all = append(all, s)
	}
	return all, nil
}

// crash ends a running workload as if its desktop had died.
func (h *host) crash(session uuid.UUID, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.workloads[session]; s.Phase == runtime.Running {
		s.Phase, s.Reason = runtime.Exited, reason
		h.workloads[session] = s
	}
	select {
	case h.changes <- struct{}{}:
	default:
	}
}

func (h *host) sessions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for session := range h.workloads {
		all = append(all, session.String())
	}
	slices.Sort(all)
	return all
}

func (h *host) Changes() <-chan struct{} { return h.changes }

func (h *host) Dial(context.Context, uuid.UUID) (net.Conn, error) {
	return nil, errors.New("no display")
}

func (h *host) Close() error { return nil }
