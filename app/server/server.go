package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// drainTimeout is how long requests in flight may take once the server ends.
	drainTimeout = 10 * time.Second
	// headerTimeout bounds a request's head, so that idle connections cannot pile up.
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10 // bytes
)

// Server is a control plane, ready to run.
type Server struct {
	*parts

	public, ops listener
}

// listener is a socket that is bound and what answers on it.
type listener struct {
	net.Listener
	handler http.Handler
}

// New connects the database, wires everything and binds the addresses, and so finds out what is wrong before anything
// is served. When it fails it leaves nothing open.
func New(ctx context.Context, c Config, log *slog.Logger) (_ *Server, err error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	s := &Server{}
	if s.parts, err = wire(ctx, c, log); err != nil {
		return nil, err
	}
	s.public.handler, s.ops.handler = s.site, s.opsRoutes()
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

// Close gives back what New opened, for a server that is not run.
func (s *Server) Close() {
	for _, l := range []net.Listener{s.public.Listener, s.ops.Listener} {
		if l != nil {
			_ = l.Close()
		}
	}
	s.db.Close()
}

// Run serves until ctx is done, and then ends in order: no new requests, then streams and agents, then background work.
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

// serve answers until ctx is done, and then waits for the requests in flight. Their contexts end with ctx only for
// streams and agents' connections, which would otherwise last for days.
func (l listener) serve(ctx context.Context) error {
	server := &http.Server{
		Handler: l.handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // handshakes that strangers broke off
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(wait)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // a request that did not finish in time is cut off
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Agents is how many agents are connected here now.
func (s *Server) Agents() int { return s.agents() }

// Addr is the address that is served, for a configuration that left the port to the system.
func (s *Server) Addr() net.Addr { return s.public.Addr() }

// OpsAddr is the same for the operations listener.
func (s *Server) OpsAddr() net.Addr { return s.ops.Addr() }
