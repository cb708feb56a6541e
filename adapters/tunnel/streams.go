package tunnel

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// dialBack receives the connection that an agent was asked for and passes it to the caller that waits in Open.
func (s *Server) dialBack(w http.ResponseWriter, r *http.Request) error {
	agent, err := s.known(r)
	if err != nil {
		return err
	}
	raw := upgradesTo(r, streamUpgrade)
	framed := upgradesTo(r, "websocket") && offers(r, streamProtocol)
	if !raw && !framed {
		return fault.ErrUpgradeRequired.Saying("A WebSocket of the protocol %s is needed.", streamProtocol)
	}
	// An unreadable id is the zero one, which no session has.
	session, _ := uuid.Parse(r.Header.Get(headerSession))
	p, ok := s.take(secret.Of(r.Header.Get(headerStream)).Hash(), agent, session)
	if !ok {
		return errUnknownStream
	}
	st := &stream{agent: agent, server: s}
	if raw {
		st.conn, st.from, err = upgrade(w)
	} else {
		st.conn, err = accept(w, r)
		st.from = st.conn
	}
	if err != nil {
		s.log.Warn("agent stream: not upgraded", "agent", agent.ID.String(), "error", err)
		return nil // no response can be sent any more; Open ends by its timeout
	}
	if !s.keep(st) {
		_ = st.Close()
		return nil
	}
	select {
	case p.arrived <- st:
	case <-p.given:
		_ = st.Close()
	}
	return nil
}

// known authenticates a dial-back against the control connection of the same process. It does not ask the database,
// because that connection is cut off when the credential is revoked.
func (s *Server) known(r *http.Request) (link.Agent, error) {
	hello, err := presented(r.Header)
	if err != nil {
		return link.Agent{}, err
	}
	c, ok := s.live(hello.Agent)
	if !ok || !c.hello.Secret.Hash().Equal(hello.Secret.Hash()) {
		return link.Agent{}, errBadCredential.Saying("No agent is connected with this credential.")
	}
	if hello.Epoch != c.agent.Epoch {
		return link.Agent{}, errStale()
	}
	return c.agent, nil
}

// stream is one connection that an agent dialled back. The caller of Open closes it.
type stream struct {
	conn   io.ReadWriteCloser
	from   io.Reader // what came with the request, then conn
	agent  link.Agent
	server *Server
}

// keep registers a stream, unless the server has closed or the agent's process was replaced or cut off in the
// meantime.
func (s *Server) keep(st *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.agents[st.agent.ID]
	if s.closed || !ok || c.cut != nil || c.agent != st.agent {
		return false
	}
	s.streams[st] = struct{}{}
	return true
}

// Read reads what the display sends.
func (st *stream) Read(p []byte) (int, error) { return st.from.Read(p) }

// Write sends to the display.
func (st *stream) Write(p []byte) (int, error) { return st.conn.Write(p) }

// Close ends the stream at both of its ends. It may be called more than once.
func (st *stream) Close() error {
	st.server.mu.Lock()
	delete(st.server.streams, st)
	st.server.mu.Unlock()
	return st.conn.Close()
}

// CloseWrite tells the agent that nothing more will be sent to the display.
func (st *stream) CloseWrite() error {
	if half, ok := st.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("close one direction of a stream: %w", http.ErrNotSupported)
}

// accept takes a WebSocket over. It has responded when it fails.
func accept(w http.ResponseWriter, r *http.Request) (io.ReadWriteCloser, error) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{streamProtocol}})
	if err != nil {
		return nil, fmt.Errorf("take over a stream's WebSocket: %w", err)
	}
	return newStreamSocket(r.Context(), ws), nil
}

// upgrade responds with 101 and takes the connection over. The caller reads from the reader, which starts with the
// bytes that the agent has sent already.
func upgrade(w http.ResponseWriter) (net.Conn, io.Reader, error) {
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", streamUpgrade)
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over a stream's connection: %w", err)
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered()) // no more than there is: no error
	if len(early) == 0 {
		return conn, conn, nil
	}
	return conn, io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn), nil
}
