package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// drainTimeout is how long requests in flight may take after the server starts to stop.
	drainTimeout = 10 * time.Second
	// headerTimeout bounds reading a request's headers, so that idle connections cannot accumulate.
	headerTimeout = 10 * time.Second
	// idleTimeout is longer than the pauses of the console, so that it can reuse its connection.
	idleTimeout = 2 * time.Minute
	// maxHeader bounds a request's headers, in bytes. Cookies of other programs on the same host count as well.
	maxHeader = 32 << 10
)

// Server is a control plane, ready to run.
type Server struct {
	*parts

	public, ops listener
}

// listener is a bound socket with its handler.
type listener struct {
	net.Listener
	handler http.Handler
	tls     *tls.Config // nil: HTTP
}

// New connects to the database, wires the control plane and binds the addresses. All problems show before the first
// request is served. On failure nothing stays open.
func New(ctx context.Context, c Config, log *slog.Logger) (_ *Server, err error) {
	s := &Server{}
	if s.parts, err = wire(ctx, c, log); err != nil {
		return nil, err
	}
	s.public.handler, s.public.tls, s.ops.handler = s.site, s.tls, s.opsRoutes()
	if s.public.Listener, err = bind(ctx, "STREAMSPACE_LISTEN", c.Listen); err == nil {
		s.ops.Listener, err = bind(ctx, "STREAMSPACE_OPS_LISTEN", c.OpsListen)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func bind(ctx context.Context, setting, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s (%s): %w", address, setting, err)
	}
	return l, nil
}

// Close releases what New opened. Call it only for a server that does not run: Run closes everything itself.
func (s *Server) Close() {
	for _, l := range []net.Listener{s.public.Listener, s.ops.Listener} {
		if l != nil {
			_ = l.Close()
		}
	}
	s.db.Close()
}

// Run serves until ctx is done. Then it stops in this order: new requests, streams and agents, background work.
func (s *Server) Run(ctx context.Context) error {
	defer s.db.Close()
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range s.background {
		g.Go(func() error { return run(ctx) })
	}
	for _, l := range []listener{s.public, s.ops} {
		g.Go(func() error { return l.serve(ctx) })
	}
	return g.Wait()
}

// serve handles requests until ctx is done, and then waits for the requests in flight. Only streams and agents'
// connections end with ctx, because they could last for days.
func (l listener) serve(ctx context.Context) error {
	server := &http.Server{
		Handler: l.handler, TLSConfig: l.tls,
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // only broken handshakes of unknown clients
	}
	ended := make(chan error, 1)
	go func() {
		if l.tls == nil {
			ended <- server.Serve(l)
			return
		}
		// HTTP/1.1, and HTTP/2 for those who ask for it. Browsers open WebSockets, and agents their tunnels, by HTTP/1.1.
		ended <- server.ServeTLS(l, "", "")
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(wait)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // the remaining requests are cut off
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Agents is how many agents are connected here now.
func (s *Server) Agents() int { return s.agents() }

// Addr is the address that is served. It differs from the configuration when that asks for port 0.
func (s *Server) Addr() net.Addr { return s.public.Addr() }

// OpsAddr is the same for the operations listener.
func (s *Server) OpsAddr() net.Addr { return s.ops.Addr() }
