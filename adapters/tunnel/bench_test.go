package tunnel

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// viewed opens a stream as production does, every hop a real connection: viewer, control plane, agent, display.
func viewed(b *testing.B) (viewer, display *net.TCPConn) {
	b.Helper()
	r := newRig(b)
	id, key := r.control.enrol()
	near, display := tcp(b)
	h := newHost()
	h.dial = func(context.Context) (net.Conn, error) { return near, nil }
	r.run(b, id, key, h)
	conn, err := r.server.Open(b.Context(), id, uuid.New())
	if err != nil {
		b.Fatal(err)
	}
	viewer, browser := tcp(b)
	spliced(b, browser, conn)
	return viewer, display
}

// BenchmarkStream is what one desktop can push to its viewer through two splices.
func BenchmarkStream(b *testing.B) {
	viewer, display := viewed(b)
	chunk := make([]byte, link.CopyBuffer)
	b.SetBytes(int64(len(chunk)))
	b.ResetTimer()
	go func() {
		for range b.N {
			if _, err := display.Write(chunk); err != nil {
				return
			}
		}
	}()
	if _, err := io.CopyN(io.Discard, viewer, int64(b.N)*int64(len(chunk))); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkEcho is how long a key takes to the display and its pixel back.
func BenchmarkEcho(b *testing.B) {
	viewer, display := viewed(b)
	go func() { _, _ = io.Copy(display, display) }()
	key := make([]byte, 8)
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		if _, err := viewer.Write(key); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(viewer, key); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkOpen is what a viewer waits for before the display's first byte.
func BenchmarkOpen(b *testing.B) {
	r := newRig(b)
	id, key := r.control.enrol()
	h := newHost()
	h.dial = func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		return near, nil
	}
	r.run(b, id, key, h)
	b.ResetTimer()
	for range b.N {
		conn, err := r.server.Open(b.Context(), id, uuid.New())
		if err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}
