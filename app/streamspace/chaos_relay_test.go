package main

import (
	"net"
	"sync"
	"testing"
	"time"
)

// relay passes connections on, and can be a network that fails.
type relay struct {
	listener net.Listener
	target   func() (net.Conn, error)
	all      sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	pairs   map[*pair]struct{}
	away    bool          // no connection is accepted
	silent  bool          // nothing is passed on, and nothing is ended
	delay   time.Duration // of everything that is passed on
	closed  bool
}

// pair is a connection that is passed on.
type pair struct{ in, out net.Conn }

func (p *pair) end() {
	_ = p.in.Close()
	_ = p.out.Close()
}

// newRelay passes on what arrives at network and address.
func newRelay(t *testing.T, network, address string, target func() (net.Conn, error)) *relay {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, target: target, pairs: map[*pair]struct{}{}}
	r.changed = sync.NewCond(&r.mu)
	r.all.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

func (r *relay) accept() {
	for {
		in, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.all.Go(func() { r.pass(in) })
	}
}

func (r *relay) pass(in net.Conn) {
	p := &pair{in: in}
	r.mu.Lock()
	refused := r.away || r.closed
	r.mu.Unlock()
	if refused {
		_ = in.Close()
		return
	}
	var err error
	if p.out, err = r.target(); err != nil {
		_ = in.Close()
		return
	}
	r.mu.Lock()
	if r.closed || r.away { // meanwhile
		r.mu.Unlock()
		p.end()
		return
	}
	r.pairs[p] = struct{}{}
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { r.pump(p, p.in, p.out) })
	both.Go(func() { r.pump(p, p.out, p.in) })
	both.Wait()
	r.mu.Lock()
	delete(r.pairs, p)
	r.mu.Unlock()
}

// pump passes on one direction, and ends both when it ends.
func (r *relay) pump(p *pair, from, to net.Conn) {
	defer p.end()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		time.Sleep(r.held())
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// held waits until something may be passed on, and returns after which delay.
func (r *relay) held() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.silent && !r.closed {
		r.changed.Wait()
	}
	return r.delay
}

// cut ends every connection. New ones are possible.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range r.pairs {
		p.end()
	}
}

// goAway ends every connection and accepts none.
func (r *relay) goAway() {
	r.mu.Lock()
	r.away = true
	r.mu.Unlock()
	r.cut()
}

// stall passes nothing on and ends nothing: neither side learns of it.
func (r *relay) stall() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = true
}

// slow delays everything.
func (r *relay) slow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = 200 * time.Millisecond
}

// heal passes everything on from now on. What was stalled is passed on as well.
func (r *relay) heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away, r.silent, r.delay = false, false, 0
	r.changed.Broadcast()
}

func (r *relay) close() {
	_ = r.listener.Close()
	r.mu.Lock()
	r.closed = true
	r.changed.Broadcast()
	r.mu.Unlock()
	r.cut()
	r.all.Wait()
}
