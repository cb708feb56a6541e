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
	// askers is how many requests of this end may be under way at once; the rest wait within their deadlines.
	askers = 32
	// answerers is how many connections of the other end are served at once. It is above its askers, so that only an
	// end that breaks the rules ever waits, and bounds what such a one can make us hold.
	answerers = 2 * askers
)

// peer is one end of a control connection. Both ends are alike: each serves HTTP to the other and asks by HTTP.
type peer struct {
	mux    *yamux.Session
	client *http.Client
	log    *slog.Logger
}

// newPeer takes over a WebSocket, which lives no longer than ctx. number is yamux.Client at the end that dialled and
// yamux.Server at the other: they number their streams apart.
func newPeer(ctx context.Context, ws *websocket.Conn, number numbering, log *slog.Logger) (*peer, error) {
	mux, err := number(newSocket(ctx, ws), muxConfig(log))
	if err != nil {
		return nil, fmt.Errorf("multiplex the control connection: %w", err)
	}
	transport := &http.Transport{
		DialContext:           func(context.Context, string, string) (net.Conn, error) { return mux.Open() },
		MaxConnsPerHost:       askers,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: callTimeout,
		DisableCompression:    true,
	}
	return &peer{mux: mux, client: &http.Client{Transport: transport}, log: log}, nil
}

type numbering func(io.ReadWriteCloser, *yamux.Config) (*yamux.Session, error)

// muxConfig finds a dead peer within 15 s: the interval of the pings and the time that one may take. Windows are left
// as they are, for nothing large rides here.
func muxConfig(log *slog.Logger) *yamux.Config {
	c := yamux.DefaultConfig()
	c.KeepAliveInterval = 10 * time.Second
	c.ConnectionWriteTimeout = 5 * time.Second
	c.StreamOpenTimeout = 15 * time.Second
	c.StreamCloseTimeout = 30 * time.Second
	c.LogOutput = nil
	c.Logger = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	return c
}

// serve answers the other end until the connection is lost or closed, as it is when newPeer's context is done. When it
// returns, no handler runs.
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
	_ = srv.Serve(netutil.LimitListener(p.mux, answerers)) // always an error: the connection has ended
	p.close()
	cancel()
	drain, done := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer done()
	if err := srv.Shutdown(drain); err != nil {
		p.log.Error("agent connection: a handler goes on after its end", "error", err)
	}
}

func (p *peer) close() {
	_ = p.mux.Close()
	p.client.CloseIdleConnections()
}

func (p *peer) done() <-chan struct{} { return p.mux.CloseChan() }

// ask is one request to the other end. In and Out are its bodies as JSON; nil means none.
type ask struct {
	Method, Path string
	In, Out      any
}

func (q ask) body() (io.Reader, error) {
	if q.In == nil {
		return http.NoBody, nil
	}
	b, err := json.Marshal(q.In)
	return bytes.NewReader(b), err
}

// call asks the other end. A refusal is a *fault.Fault; any other error means that no answer came.
func (p *peer) call(ctx context.Context, q ask) error {
	body, err := q.body()
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", q.Method, q.Path, err)
	}
	// The host is never looked up: there is one other end. It only has to be there.
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
	answer := http.MaxBytesReader(nil, resp.Body, link.MaxAnswer)
	if q.Out != nil {
		if err := json.NewDecoder(answer).Decode(q.Out); err != nil {
			return fmt.Errorf("read the answer to %s %s: %w", q.Method, q.Path, err)
		}
	}
	_, err = io.Copy(io.Discard, answer) // to its end, so that the connection can be used again
	return err
}

// socket is a WebSocket as yamux wants it. It closes at once: the closing handshake would wait 5 s for a peer that is
// gone.
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
