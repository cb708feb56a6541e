package tunnel

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/hashicorp/yamux"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// connect holds one agent's control connection for as long as it lasts.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) error {
	hello, err := presented(r.Header)
	if err != nil {
		return err
	}
	// Before the credential is looked at: a connection that fails afterwards would have raised the agent's epoch in
	// vain.
	if !upgradesTo(r, "websocket") || !offers(r, subprotocol) {
		return fault.ErrUpgradeRequired.Saying("A WebSocket of the protocol %s is needed.", subprotocol)
	}
	agent, err := s.admit(r.Context(), hello)
	if err != nil {
		return err
	}
	hello.Epoch = agent.Epoch
	w.Header().Set(headerEpoch, strconv.FormatInt(agent.Epoch, 10))
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		s.log.Warn("agent not connected", "agent", agent.ID.String(), "error", err)
		return nil // answered already
	}
	p, err := newPeer(r.Context(), ws, yamux.Server, s.log)
	if err != nil {
		return ws.CloseNow()
	}
	s.hold(r.Context(), &connection{peer: p, agent: agent, hello: hello})
	return nil
}

// admit asks whether an agent may connect.
func (s *Server) admit(ctx context.Context, hello link.Hello) (link.Agent, error) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return link.Agent{}, errClosing
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return s.control.Connect(ctx, hello)
}

// hold serves a connection until it ends. One that lost a race against a newer process, or against Close, ends at
// once; as its agent connects again it is told why.
func (s *Server) hold(ctx context.Context, c *connection) {
	log := s.log.With("agent", c.agent.ID.String(), "epoch", c.agent.Epoch)
	if err := s.join(c); err != nil {
		c.close()
		log.Info("agent not connected", "error", err)
		return
	}
	log.Info("agent connected", "unconfined", c.hello.Unconfined)
	c.serve(ctx, s.answers(c))
	s.leave(c)
	log.Info("agent disconnected")
}

// answers are what an agent may ask over its control connection. Whatever the agent says of itself, it acts as the
// agent that the connection was made by.
func (s *Server) answers(c *connection) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /placements", s.inner(c, s.placements))
	mux.HandleFunc("PUT /sessions/{id}/observed", s.inner(c, s.observed))
	return mux
}

type answer func(http.ResponseWriter, *http.Request, *connection) error

func (s *Server) inner(c *connection, next answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		err := s.refused(c)
		if err == nil {
			err = next(w, r.WithContext(ctx), c)
		}
		if err == nil {
			return
		}
		if _, disowns := errors.AsType[disowned](err); disowns || errors.Is(err, link.ErrStaleAgent) {
			s.cutOff(c, err) // first, so that an agent that knows the refusal is refused everywhere
			w.Header().Set(headerHangUp, "true")
		}
		writeProblem(w, r, s.log, err)
	}
}

// disowned is that the control plane no longer takes a connection for one of its agents.
type disowned struct{ error }

func (d disowned) Unwrap() error { return d.error }

// vouch finds out whether the agent's credential still holds, and tells that the agent is alive.
func (s *Server) vouch(ctx context.Context, c *connection) error {
	_, err := s.control.Connect(ctx, c.hello)
	switch fault.Of(err).Kind {
	case fault.Unauthenticated, fault.Forbidden, fault.Conflict:
		return disowned{err}
	default:
		return err
	}
}

// placements answers a page of what is placed on the agent. The first page of each sync vouches for the agent.
func (s *Server) placements(w http.ResponseWriter, r *http.Request, c *connection) error {
	var after uuid.UUID
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = uuid.Parse(text); err != nil {
			return errBadID.Saying("after is not an id.")
		}
	}
	if after == uuid.Nil {
		if err := s.vouch(r.Context(), c); err != nil {
			return err
		}
	}
	page, err := s.control.Placements(r.Context(), c.agent, after)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", placements{page})
	return nil
}

// placements is one page of what is placed on an agent.
type placements struct {
	Placements []link.Desired `json:"placements"`
}

func (s *Server) observed(w http.ResponseWriter, r *http.Request, c *connection) error {
	session, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return errBadID
	}
	var report link.Report
	if err := readJSON(r, &report); err != nil {
		return err
	}
	report.Session = session
	err = s.control.Observe(r.Context(), c.agent, report)
	if errors.Is(err, link.ErrStaleAgent) {
		// It may be no more than that the session is not placed here any more, which must not cost the agent its others.
		if err := s.vouch(r.Context(), c); err != nil {
			return err
		}
		return errNotPlaced // without its cause: a stale agent is cut off, and this one is not
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
