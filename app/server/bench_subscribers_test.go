package server_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// How many subscribers there are in BenchmarkSubscribers. One user may have as many sockets as there are in each
// organisation.
const (
	crowdOrgs       = 100
	crowdSubscribes = 50 // of each organisation
)

// BenchmarkSubscribers has 5,000 subscribers in 100 organisations on one process. It measures the memory that each one
// takes, how long after the answer to a change its event is on every socket of the organisation, and how many messages
// a second arrive when one change follows the other.
func BenchmarkSubscribers(b *testing.B) {
	running := one(b)
	var orgs []*audience
	for range crowdOrgs {
		orgs = append(orgs, newAudience(b, running))
	}
	before := inUse()
	for i, o := range orgs {
		o.subscribe(b, running, net.IPv4(127, 0, 0, byte(2+i%10)))
	}
	b.ReportMetric(float64(inUse()-before)/(crowdOrgs*crowdSubscribes), "B/subscriber")
	var took []time.Duration
	began := time.Now()
	for i := range max(b.N, crowdOrgs) {
		took = append(took, orgs[i%crowdOrgs].change(b, running)...)
	}
	elapsed := time.Since(began)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(len(took))/elapsed.Seconds(), "messages/s")
}

// one is a control plane of the benchmark's own.
func one(b *testing.B) *servertest.Server {
	b.Helper()
	return replicas(b, 1)[0]
}

// inUse is the memory of this process in bytes: the heap, and the stacks of goroutines. Its clients have almost none.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// audience is the subscribers of one organisation.
type audience struct {
	org     *dbtest.Org
	session uuid.UUID
	bearer  string
	sockets []*bareSocket
	changes int
}

func newAudience(b *testing.B, s *servertest.Server) *audience {
	b.Helper()
	c := &audience{org: s.NewOrg(b, dbtest.Spec{PerOrg: 50, PerUser: 50})}
	c.bearer = s.Bearer(b, c.org.Owner)
	var made struct{ ID uuid.UUID }
	if status := s.Call(b, servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: c.bearer, Body: map[string]string{"template": "desk"},
	}, &made); status != http.StatusCreated {
		b.Fatalf("create a session: %d", status)
	}
	c.session = made.ID
	return c
}

func (c *audience) subscribe(b *testing.B, s *servertest.Server, from net.IP) {
	b.Helper()
	who := []string{c.bearer, s.Bearer(b, c.org.Admin)} // who see the session
	for i := range crowdSubscribes {
		c.sockets = append(c.sockets, dialBare(b, s, from, who[i%len(who)]))
	}
}

// change renames the session, and returns how long after the answer each socket had the event.
func (c *audience) change(b *testing.B, s *servertest.Server) []time.Duration {
	b.Helper()
	c.changes++
	name := fmt.Sprintf("desk %d", c.changes)
	if status := s.Call(b, servertest.Request{
		Method: http.MethodPatch, Path: "/api/v1/sessions/" + c.session.String(), Bearer: c.bearer,
		Body: map[string]string{"name": name},
	}, nil); status != http.StatusOK {
		b.Fatalf("rename the session: %d", status)
	}
	answered := time.Now()
	took := make([]time.Duration, len(c.sockets))
	var all sync.WaitGroup
	for i, socket := range c.sockets {
		all.Go(func() {
			for !strings.Contains(socket.message(b), name) {
			}
			took[i] = max(0, time.Since(answered))
		})
	}
	all.Wait()
	return took
}

// bareSocket is a WebSocket client that has no buffers and no goroutine, so that the memory is the server's.
type bareSocket struct{ conn net.Conn }

func dialBare(b *testing.B, s *servertest.Server, from net.IP, bearer string) *bareSocket {
	b.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}} // one address may have 2,000
	conn, err := dialer.DialContext(b.Context(), "tcp", s.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /api/v1/ws/events HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
		"Authorization: Bearer %s\r\n\r\n", s.Addr(), bearer)
	if err != nil {
		b.Fatal(err)
	}
	var head strings.Builder
	for one := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
		if _, err := io.ReadFull(conn, one); err != nil {
			b.Fatal(err)
		}
		head.Write(one)
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(strings.NewReader(head.String()), 16), nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		b.Fatalf("subscribe: %s (%v)", head.String(), err)
	}
	_ = response.Body.Close()
	return &bareSocket{conn}
}

// message reads one message. The server's have no mask and come in one frame.
func (s *bareSocket) message(b *testing.B) string {
	var head [4]byte
	if _, err := io.ReadFull(s.conn, head[:2]); err != nil {
		b.Error(err)
		return ""
	}
	size := int(head[1])
	if size == 126 {
		if _, err := io.ReadFull(s.conn, head[2:]); err != nil {
			b.Error(err)
			return ""
		}
		size = int(binary.BigEndian.Uint16(head[2:]))
	}
	text := make(json.RawMessage, size)
	if _, err := io.ReadFull(s.conn, text); err != nil {
		b.Error(err)
	}
	return string(text)
}
