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

// connect serves one agent's control connection until it ends.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) error {
	hello, err := presented(r.Header)
	if err != nil {
		return err
	}
	// This is checked before the credential. The credential's check raises the agent's epoch, which ends the older
	// process; a request that cannot connect must not do that.
	if !upgradesTo(r, "websocket") || !offers(r, subprotocol) {
		return fault.ErrUpgradeRequired.Saying("A WebSocket of the protocol %s is needed.", subprotocol)
	}
	agent, err := s.authenticate(r.Context(), hello)
	if err != nil {
		return err
	}
	hello.Epoch, hello.Contact = agent.Epoch, 0 // further checks are no contacts of their own, except a sync
	w.Header().Set(headerEpoch, strconv.FormatInt(agent.Epoch, 10))
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		s.log.Warn("agent not connected", "agent", agent.ID.String(), "error", err)
		return nil // Accept has responded already
	}
	p, err := newPeer(r.Context(), ws, yamux.Server, s.log)
	if err != nil {
		return ws.CloseNow()
	}
	s.hold(r.Context(), &connection{peer: p, agent: agent, hello: hello})
	return nil
}

// authenticate checks the agent's credential and returns the agent with its new epoch.
func (s *Server) authenticate(ctx context.Context, hello link.Hello) (link.Agent, error) {
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

// hold serves a connection until it ends. A connection that lost a race against a newer process or against Close ends
// at once. The agent learns the reason when it connects again.
func (s *Server) hold(ctx context.Context, c *connection) {
	log := s.log.With("agent", c.agent.ID.String(), "epoch", c.agent.Epoch)
	if err := s.join(c); err != nil {
		c.close()
		log.Info("agent not connected", "error", err)
		return
	}
	log.Info("agent connected", "unconfined", c.hello.Unconfined, "slots", c.hello.Slots,
		"unenforced_limits", c.hello.UnenforcedLimits)
	c.serve(ctx, s.routes(c))
	s.leave(c)
	log.Info("agent disconnected")
}

// routes serves the agent's requests on its control connection. The agent's identity comes from the connection, never
// from a request, so an agent cannot act as another one.
func (s *Server) routes(c *connection) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /placements", s.inner(c, s.placements))
	mux.HandleFunc("PUT /sessions/{id}/observed", s.inner(c, s.observed))
	mux.HandleFunc("PUT /unknown", s.inner(c, s.unknown))
	return mux
}

// agentHandler handles one request of an agent that has been authenticated at its connection.
type agentHandler func(http.ResponseWriter, *http.Request, *connection) error

// inner bounds a request by callTimeout, and refuses it if the agent was cut off. Requests that were already on their
// way when the agent was cut off end here.
func (s *Server) inner(c *connection, next agentHandler) http.HandlerFunc {
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

// disowned wraps an error of recheck after which the agent must be cut off: its credential is revoked, a newer process
// has connected, or it is unconfined and there is now more than one organisation.
type disowned struct{ error }

func (d disowned) Unwrap() error { return d.error }

// recheck checks that the agent's credential is still valid, and records that the agent is alive. An error that says
// nothing about the credential, such as a lost database connection, does not cut the agent off: its desktops continue.
func (s *Server) recheck(ctx context.Context, c *connection, number int64) error {
	hello := c.hello
	hello.Contact = number
	_, err := s.control.Connect(ctx, hello)
	switch fault.Of(err).Kind {
	case fault.Unauthenticated, fault.Forbidden, fault.Conflict:
		return disowned{err}
	default:
		return err
	}
}

// placements responds with a page of the sessions placed on the agent. The first page of each sync rechecks the
// credential, so a revoked agent is cut off within one sync.
func (s *Server) placements(w http.ResponseWriter, r *http.Request, c *connection) error {
	var after uuid.UUID
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = uuid.Parse(text); err != nil {
			return errBadID.Saying("The parameter after is not a UUID.")
		}
	}
	if after == uuid.Nil {
		number, err := contact(r.URL.Query().Get("contact"))
		if err != nil {
			return err
		}
		if err := s.recheck(r.Context(), c, number); err != nil {
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

// unknown is told which workloads no placement names, and responds with those that must end.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request, c *connection) error {
	var said unknowns
	if err := readJSON(r, &said); err != nil {
		return err
	}
	if len(said.Sessions) > link.UnknownPage {
		return errBadBody
	}
	end, err := s.control.Unknown(r.Context(), c.agent, said.Sessions)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", mustEnd{end})
	return nil
}

// unknowns are the workloads of an agent that no placement names.
type unknowns struct {
	Sessions []link.Unknown `json:"sessions"`
}

// mustEnd has those that it must end.
type mustEnd struct {
	End []uuid.UUID `json:"end"`
}

// placements is one page of the sessions placed on an agent.
type placements struct {
	Placements []link.Desired `json:"placements"`
}

// observed stores an agent's report about one session. The id comes from the path and not from the body.
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
		// The session may simply be placed elsewhere by now. Then only this report is refused: cutting the agent off
		// would end the streams of all its other sessions.
		if err := s.recheck(r.Context(), c, 0); err != nil {
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
