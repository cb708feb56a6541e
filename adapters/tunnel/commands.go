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

// Put sends an agent the desired state of one session, and waits 2 s at most. It is only a hint to be fast: the change
// is in the database already, and is told again. So a caller may ignore the error.
func (s *Server) Put(ctx context.Context, agent uuid.UUID, d link.Desired) error {
	c, ok := s.live(agent)
	if !ok {
		return unreachable(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	err := c.call(ctx, peerRequest{Method: http.MethodPut, Path: "/sessions/" + d.Session.String(), In: d})
	if err != nil {
		return unreachable(err)
	}
	return nil
}

// openStream asks an agent for a stream. Stream is the one-time id that its dial-back must present. Query is for a
// session's output.
type openStream struct {
	Stream  string         `json:"stream"`
	Session uuid.UUID      `json:"session"`
	Query   *link.LogQuery `json:"query,omitempty"`
}

// pending is a stream that an agent was asked for, until it dials back. Only the asked process may dial back for it,
// once, for that session.
type pending struct {
	agent   link.Agent
	session uuid.UUID
	arrived chan *stream
	given   <-chan struct{} // closed when the caller of Open has stopped waiting
}

// Open asks an agent for a session's display and waits for its dial-back, 10 s at most. Both of its errors are
// Unavailable faults. If the agent refuses, for example because the session has no display, the code is
// "display_unreachable". If it is not connected or does not dial back in time, the code is "agent_unreachable". The
// agent's own message is logged but not shown, because it comes from outside the control plane.
func (s *Server) Open(ctx context.Context, agent, session uuid.UUID) (io.ReadWriteCloser, error) {
	conn, err := s.ask(ctx, agent, "/streams", openStream{Session: session})
	if _, refused := errors.AsType[*refusal](err); refused {
		return nil, errNoDisplay.Because(err)
	}
	return conn, err
}

// Log asks an agent for a session's output, as Open asks for its display. If the agent has none, or is too old to keep
// any, it returns link.ErrNoLog.
func (s *Server) Log(ctx context.Context, agent, session uuid.UUID, q link.LogQuery) (io.ReadCloser, error) {
	conn, err := s.ask(ctx, agent, "/logs", openStream{Session: session, Query: &q})
	switch refused, is := errors.AsType[*refusal](err); {
	case is && fault.Of(refused.cause).Kind == fault.NotFound:
		return nil, link.ErrNoLog.Because(err)
	case is:
		return nil, unreachable(err)
	}
	return conn, err
}

// refusal is an agent's answer that it does not open a stream.
type refusal struct{ cause error }

func (r *refusal) Error() string { return "the agent refuses: " + r.cause.Error() }

// ask asks an agent for a stream and waits for its dial-back. Its error is a refusal or an Unavailable fault.
func (s *Server) ask(ctx context.Context, agent uuid.UUID, path string, want openStream) (io.ReadWriteCloser, error) {
	c, ok := s.live(agent)
	if !ok {
		return nil, unreachable(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	id := secret.New()
	p := &pending{agent: c.agent, session: want.Session, arrived: make(chan *stream), given: ctx.Done()}
	s.expect(id.Hash(), p)
	defer s.forget(id.Hash())

	want.Stream = id.Reveal()
	err := c.call(ctx, peerRequest{Method: http.MethodPost, Path: path, In: want})
	if _, refused := errors.AsType[*fault.Fault](err); refused {
		return nil, &refusal{err}
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

// expect must run before the agent is asked: the dial-back may arrive before the response to the request.
func (s *Server) expect(id secret.Hash, p *pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[id] = p
}

// forget makes an id useless once its caller has left. Otherwise each request that times out would leave an entry.
func (s *Server) forget(id secret.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, id)
}

// take uses up a one-time id. It leaves the id in place when another agent, another process of the agent or another
// session presents it. Otherwise an attacker who guessed an id could break a stream of someone else.
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

// unreachable returns what a user sees, with the cause for the log.
func unreachable(cause error) error {
	if cause == nil {
		return errAgentUnreachable
	}
	return errAgentUnreachable.Because(cause)
}
