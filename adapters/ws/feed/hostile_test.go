package feed

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// bystander is a client that must get every event in order, whatever others do.
type bystander struct {
	socket *websocket.Conn
	last   int64 // the number of the last event
}

func (r *rig) bystander(t *testing.T) *bystander { return &bystander{socket: r.dial(t)} }

// gets reads events until the newest one.
func (b *bystander) gets(t *testing.T, r *rig) {
	t.Helper()
	newest := <-r.log.newest
	r.log.newest <- newest
	for b.last < newest {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, text, err := b.socket.Read(ctx)
		cancel()
		var m struct {
			Type string
			Seq  int64
		}
		if err != nil || json.Unmarshal(text, &m) != nil {
			t.Fatalf("after event %d: %v", b.last, err)
		}
		if !strings.HasPrefix(m.Type, "session.") {
			continue
		}
		if m.Seq != b.last+1 {
			t.Fatalf("after event %d came %d", b.last, m.Seq)
		}
		b.last = m.Seq
	}
}

// A client that sends garbage, or a message of 100 MB, loses its stream, and another one does not notice. Seen to fail
// with a listener that ignores messages of another form, and without a limit on what is read.
func TestHostileClientsLoseOnlyTheirOwnStream(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.bystander(t)
	for name, c := range map[string]struct {
		send []byte
		want websocket.StatusCode
	}{
		"garbage": {[]byte("\x00{"), websocket.StatusPolicyViolation},
		"100 MB":  {make([]byte, 100<<20), websocket.StatusMessageTooBig},
	} {
		socket := r.dial(t)
		go func() { _ = socket.Write(t.Context(), websocket.MessageText, c.send) }() // it may not get to the end
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		var err error
		for err == nil {
			_, _, err = socket.Read(ctx)
		}
		if ctx.Err() != nil {
			t.Errorf("%s: the stream stays open", name)
		}
		cancel()
		// Whoever still sends may find the connection reset, before the close code was read.
		if got := websocket.CloseStatus(err); got != c.want && got != -1 {
			t.Errorf("%s: closed with %v: %v", name, got, err)
		}
		_ = socket.CloseNow()
		until(t, name+" was released", func() bool { return r.feed.Open() == 1 })
		r.append(1)
		other.gets(t, r)
	}
}

// Clients that read nothing, or a byte a second, lose their streams, and another one gets everything meanwhile.
func TestStalledClientsDoNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var reading sync.WaitGroup
	defer reading.Wait()
	for _, path := range []string{"/", "/stream"} {
		stalled, errStalled := r.dialRaw(path)
		slow, err := r.dialRaw(path)
		if err := errors.Join(errStalled, err); err != nil {
			t.Fatal(err)
		}
		defer stalled.Close()
		reading.Go(func() {
			for one := make([]byte, 1); ; <-second.C {
				if _, err := slow.Read(one); err != nil { // the connection has ended
					return
				}
			}
		})
		defer slow.Close()
	}
	until(t, "four are open", func() bool { return r.feed.Open() == 4 })
	quick := r.bystander(t)
	for r.feed.Open() > 1 { // until the four have lost their streams
		r.append(100)
		if quick.gets(t, r); quick.last > 100_000 {
			t.Fatal("a client that does not read keeps its stream")
		}
	}
}

// Ten thousand clients connect and disappear. The test is not parallel: it measures the memory of the process. Seen to
// fail with subscriptions that are not closed.
func TestTenThousandThatDisappearLeaveNothing(t *testing.T) {
	const clients, together, few = 10_000, 50, 20
	r := newRig(t)
	other := r.bystander(t)
	until(t, "the bystander is there", func() bool { return r.feed.Open() == 1 })
	before, goroutines := inUse(), runtime.NumGoroutine()
	var all sync.WaitGroup
	for range together {
		all.Go(func() {
			for n := range clients / together {
				conn, err := r.dialRaw("/")
				if err != nil {
					t.Error(err)
					return
				}
				if n%2 == 0 { // the others disappear before the answer
					if _, err := conn.Read(make([]byte, 1)); err != nil {
						t.Error(err)
					}
				}
				_ = conn.SetLinger(0) // without a farewell
				_ = conn.Close()
			}
		})
	}
	r.append(10)
	other.gets(t, r)
	all.Wait()
	r.append(10)
	other.gets(t, r)
	until(t, "all were released", func() bool {
		return r.feed.Open() == 1 && runtime.NumGoroutine() <= goroutines+few
	})
	// One that stayed would take 15 kB.
	if after := inUse(); after > before+clients<<10 {
		t.Errorf("%d bytes were in use, and %d are", before, after)
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// dialRaw asks for a stream, and reads nothing.
func (r *rig) dialRaw(path string) (*net.TCPConn, error) {
	conn, err := net.DialTCP("tcp", nil, r.Listener.Addr().(*net.TCPAddr))
	if err != nil {
		return nil, err
	}
	_, err = conn.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n" +
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	return conn, err
}
