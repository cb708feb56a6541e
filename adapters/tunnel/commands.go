package tunnel

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Put tells an agent how one session should be, and waits 2 s at most.
func (s *Server) Put(ctx context.Context, agent uuid.UUID, d link.Desired) error {
	c, ok := s.live(agent)
	if !ok {
		return unreachable(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	err := c.call(ctx, ask{Method: http.MethodPut, Path: "/sessions/" + d.Session.String(), In: d})
	if err != nil {
		return unreachable(err)
	}
	return nil
}

// openStream is what an agent is asked for. Stream is the one-time id that its dial-back must show.
type openStream struct {
	Stream  string    `json:"stream"`
	Session uuid.UUID `json:"session"`
}

// pending is a stream that an agent was asked for: only that process of it may dial back, once, for that session.
type pending struct {
	agent   link.Agent
	session uuid.UUID
	arrived chan *stream
	given   <-chan struct{} // closed when no caller waits any more
}

// Open asks an agent for a session's display and waits for its dial-back, 10 s at most. An agent that answers that
// there is no display gives an Unavailable fault, code "display_unreachable"; what it says of that is logged, not
// shown.
func (s *Server) Open(ctx context.Context, agent, session uuid.UUID) (io.ReadWriteCloser, error) {
	c, ok := s.live(agent)
	if !ok {
		return nil, unreachable(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	id := secret.New()
	p := &pending{agent: c.agent, session: session, arrived: make(chan *stream), given: ctx.Done()}
	s.expect(id.Hash(), p)
	defer s.forget(id.Hash())

	request := openStream{Stream: id.Reveal(), Session: session}
	err := c.call(ctx, ask{Method: http.MethodPost, Path: "/streams", In: request})
	if _, refused := errors.AsType[*fault.Fault](err); refused {
		return nil, errNoDisplay.Because(err)
	}
	if err != nil {
		return nil, unreachable(err)
	}
	select {
	case conn := <-p.arrived:
		return conn, nil
	case <-c.done():
		return nil, unreachable(nil)
	case <-ctx.Done():
		return nil, unreachable(context.Cause(ctx))
	}
}

func (s *Server) expect(id secret.Hash, p *pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[id] = p
}

func (s *Server) forget(id secret.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, id)
}

// take uses up a one-time id. One that another agent, another process of it or another session shows stays as it was:
// a client that shows it does not get to use it up.
func (s *Server) take(id secret.Hash, agent link.Agent, session uuid.UUID) (*pending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pending[id]
	if !ok || p.agent != agent || p.session != session {
		return nil, false
	}
	delete(s.pending, id)
	return p, true
}

func unreachable(cause error) error {
	if cause == nil {
		return errAgentUnreachable
	}
	return errAgentUnreachable.Because(cause)
}
