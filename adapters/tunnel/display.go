package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// routes serves the control plane's requests on the control connection. life is the context of the streams: they
// outlive the control connection, so that a reconnect interrupts no desktop, but they end with Run.
func (c *Client) routes(life context.Context, h AgentHandler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /sessions/{id}", c.inner(func(r *http.Request) error { return put(r, h) }))
	mux.HandleFunc("POST /streams", c.inner(func(r *http.Request) error { return c.open(life, r, h) }))
	mux.HandleFunc("POST /logs", c.inner(func(r *http.Request) error { return c.openLog(life, r, h) }))
	return mux
}

// inner responds with 202 (Accepted): the work has started, and its result is reported later.
func (c *Client) inner(next func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		if err := next(r.WithContext(ctx)); err != nil {
			writeProblem(w, r, c.cfg.Log, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// put passes a desired state to the agent's reconciler.
func put(r *http.Request, h AgentHandler) error {
	session, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return errBadID
	}
	var d link.Desired
	if err := readJSON(r, &d); err != nil {
		return err
	}
	d.Session = session
	h.Put(r.Context(), d)
	return nil
}

// open dials the session's display before it responds, so that the caller learns at once when there is no display.
// The display is on the same host, so the dial is fast. Then it dials back.
func (c *Client) open(life context.Context, r *http.Request, h AgentHandler) error {
	var want openStream
	if err := readJSON(r, &want); err != nil {
		return err
	}
	display, err := h.Dial(r.Context(), want.Session)
	if err != nil {
		c.cfg.Log.Warn("display not reached", "session", want.Session.String(), "error", err)
		return errNoDisplay
	}
	c.dialBackWith(life, want, display)
	return nil
}

// openLog opens a session's output before it responds, so that the caller learns at once when there is none.
func (c *Client) openLog(life context.Context, r *http.Request, h AgentHandler) error {
	want := openStream{Query: &link.LogQuery{}}
	if err := readJSON(r, &want); err != nil {
		return err
	}
	if want.Query == nil { // null
		return errBadBody
	}
	log, err := h.Log(r.Context(), want.Session, *want.Query)
	if err != nil {
		return err
	}
	c.dialBackWith(life, want, log)
	return nil
}

// dialBackWith streams in the background.
func (c *Client) dialBackWith(life context.Context, want openStream, with io.ReadWriteCloser) {
	c.streams.Go(func() {
		if err := c.stream(life, want, with); err != nil {
			c.cfg.Log.Info("stream ended", "session", want.Session.String(), "error", err)
		}
	})
}

// stream copies between a display, or a session's output, and the control plane until either closes or ctx is done. It
// closes both.
func (c *Client) stream(ctx context.Context, want openStream, with io.ReadWriteCloser) error {
	back, err := c.dialBack(ctx, want)
	if err != nil {
		return errors.Join(err, with.Close())
	}
	defer context.AfterFunc(ctx, func() { _, _ = back.Close(), with.Close() })()
	return Splice(back, with)
}

// dialBack makes the connection for which the control plane waits. The one-time id says which request it belongs to.
func (c *Client) dialBack(ctx context.Context, want openStream) (io.ReadWriteCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	client, err := c.outer.client()
	if err != nil {
		return nil, fmt.Errorf("dial back: %w", err)
	}
	header := http.Header{}
	present(header, link.Hello{Agent: c.cfg.Agent, Secret: c.cfg.Secret, Epoch: c.Epoch()})
	header.Set(headerStream, want.Stream)
	header.Set(headerSession, want.Session.String())
	if c.cfg.RawStreams {
		return c.dialRaw(ctx, client, header)
	}
	//nolint:bodyclose // the answer's body is the WebSocket, or a copy of a refusal's
	ws, resp, err := websocket.Dial(ctx, c.base+streamsPath, &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: header, Subprotocols: []string{streamProtocol},
	})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			err = readProblem(resp)
		}
		return nil, fmt.Errorf("dial back: %w", explained(err))
	}
	return newStreamSocket(ctx, ws), nil
}

// dialRaw makes the connection without WebSocket's frames and without heartbeats.
func (c *Client) dialRaw(ctx context.Context, client *http.Client, header http.Header) (io.ReadWriteCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+streamsPath, nil)
	if err != nil {
		return nil, fmt.Errorf("dial back: %w", err)
	}
	req.Header = header
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", streamUpgrade)
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("dial back: %w", explained(err))
	}
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
		defer resp.Body.Close()
		return nil, fmt.Errorf("dial back: %w", readProblem(resp))
	}
	return conn, nil
}
