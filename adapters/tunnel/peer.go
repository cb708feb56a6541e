package tunnel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/hashicorp/yamux"
	"golang.org/x/net/netutil"

	"github.com/streamspace-dev/streamspace/ports/link"
)

const (
	// maxRequests is how many requests one end may have in flight. Further requests wait, within their deadlines.
	maxRequests = 32
	// maxServed is how many connections of the other end are served at once. It limits the memory that a faulty peer
	// can use here. A correct peer never reaches it, because it has at most maxRequests in flight.
	maxServed = 2 * maxRequests
)

// peer is one end of a control connection. Both ends work the same way: each serves HTTP and sends HTTP requests. HTTP
// over yamux needs no message format and no request ids of our own.
type peer struct {
	mux    *yamux.Session
	client *http.Client
	log    *slog.Logger
}

// newPeer takes over a WebSocket, which is closed when ctx is done. number is yamux.Client at the end that dialled
// and yamux.Server at the other, so that the two ends never use the same stream number.
func newPeer(ctx context.Context, ws *websocket.Conn, number numbering, log *slog.Logger) (*peer, error) {
	mux, err := number(newSocket(ctx, ws), muxConfig(log))
	if err != nil {
		return nil, fmt.Errorf("multiplex the control connection: %w", err)
	}
	transport := &http.Transport{
		DialContext:           func(context.Context, string, string) (net.Conn, error) { return mux.Open() },
		MaxConnsPerHost:       maxRequests,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: callTimeout,
		DisableCompression:    true,
	}
	return &peer{mux: mux, client: &http.Client{Transport: transport}, log: log}, nil
}

// numbering is yamux.Client or yamux.Server.
type numbering func(io.ReadWriteCloser, *yamux.Config) (*yamux.Session, error)

// muxConfig detects a dead peer within 10 s: 5 s between pings, and 5 s for the response to a ping. Both ends ping, so
// that a proxy that closes an idle connection after 15 s sees data in both directions. Windows keep their default size,
// because no bulk data is sent here.
func muxConfig(log *slog.Logger) *yamux.Config {
	c := yamux.DefaultConfig()
	c.KeepAliveInterval = beatEvery
	c.ConnectionWriteTimeout = 5 * time.Second
	c.StreamOpenTimeout = 15 * time.Second
	c.StreamCloseTimeout = 30 * time.Second
	c.LogOutput = nil
	c.Logger = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	return c
}

// serve handles the other end's requests until the connection is lost or closed, or newPeer's context is done. When
// it returns, its handlers have returned, unless one ran longer than drainTimeout, which is logged.
func (p *peer) serve(ctx context.Context, h http.Handler) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{
		Handler:           http.MaxBytesHandler(h, link.MaxMessage),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       callTimeout,
		WriteTimeout:      2 * callTimeout, // from the end of the headers: reading, the handler's own deadline, and some
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	_ = srv.Serve(netutil.LimitListener(p.mux, maxServed)) // it always returns an error, because the connection has ended
	p.close()
	cancel()
	drain, done := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer done()
	if err := srv.Shutdown(drain); err != nil {
		p.log.Error("agent connection: a handler still runs after the connection ended", "error", err)
	}
}

// close ends the connection at once, at both ends. It may be called more than once.
func (p *peer) close() {
	_ = p.mux.Close()
	p.client.CloseIdleConnections()
}

// done is closed when the connection has ended, however it ended.
func (p *peer) done() <-chan struct{} { return p.mux.CloseChan() }

// peerRequest is one request to the other end. In and Out are the JSON bodies sent and received; nil means none.
type peerRequest struct {
	Method, Path string
	In, Out      any
}

// body encodes In.
func (q peerRequest) body() (io.Reader, error) {
	if q.In == nil {
		return http.NoBody, nil
	}
	b, err := json.Marshal(q.In)
	return bytes.NewReader(b), err
}

// call sends a request to the other end. A refusal is a *fault.Fault; any other error means that no response came.
func (p *peer) call(ctx context.Context, q peerRequest) error {
	body, err := q.body()
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", q.Method, q.Path, err)
	}
	// net/http requires a host. It is never looked up, because the transport always dials the one peer.
	req, err := http.NewRequestWithContext(ctx, q.Method, "http://peer"+q.Path, body)
	if err != nil {
		return fmt.Errorf("make %s %s: %w", q.Method, q.Path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		err := readProblem(resp)
		if resp.Header.Get(headerHangUp) != "" {
			p.close()
		}
		return err
	}
	response := http.MaxBytesReader(nil, resp.Body, link.MaxAnswer)
	if q.Out != nil {
		if err := json.NewDecoder(response).Decode(q.Out); err != nil {
			return fmt.Errorf("read the response to %s %s: %w", q.Method, q.Path, err)
		}
	}
	_, err = io.Copy(io.Discard, response) // read to the end, so that the connection can be reused
	return err
}

// socket adapts a WebSocket to the connection that yamux needs. It closes without a closing handshake, which would
// wait 5 s for a dead peer.
type socket struct {
	net.Conn
	cancel context.CancelFunc
	ws     *websocket.Conn
}

func newSocket(ctx context.Context, ws *websocket.Conn) *socket {
	ctx, cancel := context.WithCancel(ctx)
	return &socket{Conn: websocket.NetConn(ctx, ws, websocket.MessageBinary), cancel: cancel, ws: ws}
}

func (s *socket) Close() error {
	s.cancel()
	return s.ws.CloseNow()
}
