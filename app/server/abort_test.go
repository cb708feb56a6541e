package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// aborted is how many requests are cut off. ABORTED_REQUESTS asks for another number: 10,000 take about a minute.
const aborted = 600

// TestClientsDisconnectAnywhere cuts requests of two organisations off: while they are sent, while they are answered,
// and in between. Nothing is half done, each of them can be sent again by its key, and other clients get their own
// answers.
func TestClientsDisconnectAnywhere(t *testing.T) {
	t.Parallel()
	total := aborted
	if asked := os.Getenv("ABORTED_REQUESTS"); asked != "" {
		var err error
		if total, err = strconv.Atoi(asked); err != nil {
			t.Fatalf("ABORTED_REQUESTS: %v", err)
		}
	}
	began := time.Now()
	var left atomic.Int64
	left.Store(int64(total))
	cutters := []*cutter{newCutter(t), newCutter(t)}
	var cutting, others sync.WaitGroup
	for _, c := range cutters {
		for range 6 {
			cutting.Go(func() {
				for left.Add(-1) >= 0 {
					c.cutOne()
				}
			})
		}
		others.Go(func() { c.wantOwnAnswers(func() bool { return left.Load() < 0 }) })
	}
	cutting.Wait()
	others.Wait()
	for _, c := range cutters {
		c.wantEachKeyOnce()
		wantWhole(t, c.org)
	}
	t.Logf("%d requests cut off in %.1f s", total, time.Since(began).Seconds())
}

// cutter is a client of one organisation that hangs up.
type cutter struct {
	*testing.T

	org    *dbtest.Org
	bearer string
	canary string // in each name that the organisation has

	mu   sync.Mutex
	keys []string // of the sessions that were asked for
	made []string // ids of sessions
}

func newCutter(t *testing.T) *cutter {
	o := running.NewOrg(t, dbtest.Spec{PerOrg: 1 << 40, PerUser: 1 << 40})
	return &cutter{T: t, org: o, bearer: running.Bearer(t, o.Admin), canary: uuid.NewString()[:8]}
}

// cutOne sends a request on a connection of its own, and hangs up somewhere.
func (c *cutter) cutOne() {
	conn, err := net.Dial("tcp", strings.TrimPrefix(running.URL, "http://"))
	if err != nil {
		c.Error(err)
		return
	}
	defer func() { _ = conn.Close() }() // that is the point
	if rand.N(2) == 0 {                 // with a reset instead of an end
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	sent := c.request()
	switch rand.N(4) {
	case 0:
		_, _ = conn.Write(sent[:rand.N(len(sent))])
	case 1:
		_, _ = conn.Write(sent)
	case 2:
		_, _ = conn.Write(sent)
		_ = conn.SetReadDeadline(time.Now().Add(rand.N(8 * time.Millisecond)))
		_, _ = conn.Read(make([]byte, 1))
	default:
		_, _ = conn.Write(sent)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.CopyN(io.Discard, conn, rand.N[int64](400))
	}
}

// request is a request as it goes over the wire.
func (c *cutter) request() []byte {
	method, path, key := http.MethodPost, "/api/v1/sessions", ""
	var body any
	name := c.canary + "-" + uuid.NewString()[:8]
	c.mu.Lock()
	defer c.mu.Unlock()
	some := uuid.NewString()
	if len(c.made) > 0 {
		some = c.made[rand.N(len(c.made))]
	}
	switch rand.N(6) {
	case 0, 1:
		key, body = name, createBody(name)
		c.keys = append(c.keys, key)
	case 2:
		method, path, body = http.MethodPatch, path+"/"+some, map[string]any{"name": name, "tags": []string{c.canary}}
	case 3:
		method, path = http.MethodDelete, path+"/"+some
	case 4:
		path, body = "/api/v1/templates", map[string]any{
			"name": "t-" + uuid.NewString()[:8], "title": name, "spec": map[string]any{"command": []string{"xterm"}},
		}
	default:
		method, path = http.MethodGet, path+"?limit=100"
	}
	return wire(method, path, c.bearer, key, body)
}

func createBody(name string) map[string]any { return map[string]any{"template": "desk", "name": name} }

func wire(method, path, bearer, key string, body any) []byte {
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			panic(err)
		}
	}
	r, err := http.NewRequest(method, running.URL+path, &b)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	if err := r.Write(w); err != nil {
		panic(err)
	}
	_ = w.Flush() // into memory
	return out.Bytes()
}

// wantOwnAnswers is a client that waits for its answers: each is to what it has asked, and of its organisation.
func (c *cutter) wantOwnAnswers(over func() bool) {
	for n := 0; !over(); n++ {
		if n%50 == 0 {
			running.AgentSeen(c, c.org)
		}
		name := fmt.Sprintf("%s own %d", c.canary, n)
		var made struct{ ID, Name string }
		status := running.Call(c, servertest.Request{
			Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: c.bearer, Body: createBody(name),
		}, &made)
		if status == http.StatusServiceUnavailable { // waited too long for its organisation's share
			continue
		}
		if status != http.StatusCreated || made.Name != name {
			c.Errorf("create %q: %d, %+v", name, status, made)
			return
		}
		c.mu.Lock()
		c.made = append(c.made, made.ID)
		c.mu.Unlock()
		c.wantOwnList()
	}
}

func (c *cutter) wantOwnList() {
	var list struct{ Items []struct{ Name string } }
	status := running.Call(c, servertest.Request{
		Method: http.MethodGet, Path: "/api/v1/sessions?limit=20", Bearer: c.bearer,
	}, &list)
	if status != http.StatusOK && status != http.StatusServiceUnavailable {
		c.Errorf("list: %d", status)
	}
	for _, item := range list.Items {
		if !strings.HasPrefix(item.Name, c.canary) {
			c.Errorf("%s sees %q", c.canary, item.Name)
		}
	}
}

// wantEachKeyOnce sends each creation again that was cut off.
func (c *cutter) wantEachKeyOnce() {
	for _, key := range c.keys {
		a := running.Answer(c, servertest.Request{
			Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: c.bearer, Body: createBody(key),
			Header: http.Header{"Idempotency-Key": {key}},
		})
		if a.Status != http.StatusCreated {
			c.Fatalf("the creation %q, sent again: %d %s", key, a.Status, a.Body)
		}
	}
	var sessions, keyed, names int
	err := database.Superuser(c).QueryRow(c.Context(), `
		select count(*), count(*) filter (where name = any ($2)), count(distinct name) filter (where name = any ($2))
		  from app.sessions where org_id = $1`, c.org.ID.UUID, c.keys).Scan(&sessions, &keyed, &names)
	if err != nil {
		c.Fatal(err)
	}
	want := [3]int{len(c.keys) + len(c.made), len(c.keys), len(c.keys)}
	if got := [3]int{sessions, keyed, names}; got != want {
		c.Errorf("sessions, those with a key, and their names: %v, want %v", got, want)
	}
}
