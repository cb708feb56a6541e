package tunnel

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// ServerConfig is what a Server needs. Both fields are required.
type ServerConfig struct {
	Control link.Control
	Log     *slog.Logger
}

// Server is the control plane's end: the HTTP handler that agents connect to, and the implementation of link.Commands
// for the agents connected here. Mount it at Prefix on an HTTP/1.1 server, without a timeout around it, because it
// takes connections over.
type Server struct {
	control link.Control
	log     *slog.Logger
	mux     *http.ServeMux

	// mu is never held during input or output, so one slow agent delays no other.
	mu      sync.Mutex
	closed  bool
	agents  map[uuid.UUID]*connection // the newest connection of each
	pending map[secret.Hash]*pending  // streams that an agent was asked for, by the hash of their one-time ids
	streams map[*stream]struct{}      // dialled back, not closed yet
	running sync.WaitGroup            // control connections
}

var _ link.Commands = (*Server)(nil)

// connection is one agent's control connection.
type connection struct {
	*peer
	agent link.Agent
	hello link.Hello // with agent's epoch; sent to link.Control again to check that the credential is still valid
	cut   error      // why the agent was cut off; nil while it is served. Guarded by Server.mu
}

// NewServer returns a server without agents.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{
		control: cfg.Control, log: cfg.Log, mux: http.NewServeMux(),
		agents:  make(map[uuid.UUID]*connection),
		pending: make(map[secret.Hash]*pending),
		streams: make(map[*stream]struct{}),
	}
	handlers := map[string]func(http.ResponseWriter, *http.Request) error{
		connectPath: s.connect,
		streamsPath: s.dialBack,
	}
	for _, route := range Routes {
		s.mux.HandleFunc(route.Method+" "+route.Path, s.outer(handlers[route.Path]))
	}
	s.mux.HandleFunc("/", s.outer(func(http.ResponseWriter, *http.Request) error {
		return errNoPath
	}))
	return s
}

// ServeHTTP answers at Routes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// outer serves a request from the network, which opens a connection: no browser may send it, and its error becomes a
// problem document. The requests on a control connection are called inner.
func (s *Server) outer(next func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := noBrowser(r)
		if err == nil {
			err = next(w, r)
		}
		if err != nil {
			writeProblem(w, r, s.log, err)
		}
	}
}

// Stats counts what is connected now.
type Stats struct {
	Agents  int // control connections
	Streams int // dialled back, not closed yet
	Pending int // asked for, not dialled back yet
}

// Stats counts what is connected here now.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Agents: len(s.agents), Streams: len(s.streams), Pending: len(s.pending)}
}

// Run ends every connection when ctx is done. It waits 4 s at most.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*drainTimeout)
	defer cancel()
	return s.Close(ctx)
}

// Close ends every control connection and stream and refuses new ones. It waits for their handlers until ctx is done.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	ends := make([]io.Closer, 0, len(s.streams))
	for st := range s.streams {
		ends = append(ends, st)
	}
	peers := make([]*peer, 0, len(s.agents))
	for _, c := range s.agents {
		peers = append(peers, c.peer)
	}
	s.mu.Unlock()

	closeAll(ends)
	for _, p := range peers {
		p.close()
	}
	idle := make(chan struct{})
	go func() { s.running.Wait(); close(idle) }()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close the agents' connections: %w", ctx.Err())
	}
}

// join makes c the current connection of its agent and ends the previous one. It refuses c when a newer process of
// the agent is connected.
func (s *Server) join(c *connection) error {
	s.mu.Lock()
	old := s.agents[c.agent.ID]
	switch {
	case s.closed:
		s.mu.Unlock()
		return errClosing
	case old != nil && old.agent.Epoch > c.agent.Epoch:
		s.mu.Unlock()
		return errStale()
	}
	s.agents[c.agent.ID] = c
	s.running.Add(1)
	s.mu.Unlock()

	if old != nil {
		old.close()
	}
	// The streams of an older process lead to desktops that died with it. This process's own live on: they do not
	// need the control connection that asked for them.
	s.endStreams(c.agent.ID, c.agent.Epoch-1)
	return nil
}

// leave ends a connection. A newer one of the same agent may have taken its place, and stays.
func (s *Server) leave(c *connection) {
	c.close()
	s.mu.Lock()
	if s.agents[c.agent.ID] == c {
		delete(s.agents, c.agent.ID)
	}
	s.mu.Unlock()
	s.running.Done()
}

// cutOff ends an agent that the control plane no longer accepts. From here on the agent is refused, and its streams
// are closed. Its connection is closed after hangUpTimeout, unless the agent hangs up before.
func (s *Server) cutOff(c *connection, why error) {
	s.mu.Lock()
	again := c.cut != nil
	if !again {
		c.cut = why
	}
	s.mu.Unlock()
	if again {
		return
	}
	s.log.Warn("agent cut off", "agent", c.agent.ID.String(), "epoch", c.agent.Epoch, "error", why)
	time.AfterFunc(hangUpTimeout, c.close)
	s.endStreams(c.agent.ID, c.agent.Epoch)
}

// refused returns why the agent was cut off, or nil while it is served.
func (s *Server) refused(c *connection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.cut
}

// endStreams closes the streams of an agent's processes up to and including an epoch.
func (s *Server) endStreams(agent uuid.UUID, epoch int64) {
	var ends []io.Closer
	s.mu.Lock()
	for st := range s.streams {
		if st.agent.ID == agent && st.agent.Epoch <= epoch {
			ends = append(ends, st)
		}
	}
	s.mu.Unlock()
	closeAll(ends)
}

// closeAll must be called without the server's lock, because stream.Close takes it.
func closeAll(ends []io.Closer) {
	for _, c := range ends {
		_ = c.Close()
	}
}

// Connected lists the agents that are connected here.
func (s *Server) Connected() []uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.agents))
}

// live returns the agent's connection. It returns false when the agent is not connected or was cut off.
func (s *Server) live(agent uuid.UUID) (*connection, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.agents[agent]
	return c, ok && c.cut == nil
}

// errStale returns the fault for an agent's process that a newer process has replaced.
func errStale() error {
	return link.ErrStaleAgent.Saying("A newer process of this agent has connected.")
}
