package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// answerWithin is how long a client of the API waits for an answer.
const answerWithin = 10 * time.Second

// customer uses the API as a program does that repeats what was not answered.
type customer struct {
	*rig

	client *http.Client
	mu     sync.Mutex
	wrong  []string       // answers that no outage explains
	counts map[string]int // of all answers
}

func (r *rig) customer() *customer {
	client := &http.Client{Timeout: answerWithin, Transport: &http.Transport{}}
	r.Cleanup(client.CloseIdleConnections)
	return &customer{rig: r, client: client, counts: map[string]int{}}
}

// reply is an answer of the API. Its status is 0 when there was none.
type reply struct {
	status int
	Code   string
	ID     uuid.UUID
	State  string
	Reason string
	Ticket string
	Token  string `json:"access_token"`
}

func (a reply) final() bool { return a.State == "terminated" || a.State == "failed" }

// ask sends a request once. An answer must be a success, a 503 that says when to try again, or one of the refusals.
func (c *customer) ask(method, path string, header http.Header, body any, refusals ...int) (a reply) {
	var sent bytes.Buffer
	if body != nil {
		_ = json.NewEncoder(&sent).Encode(body)
	}
	request, err := http.NewRequestWithContext(c.Context(), method, c.url()+path, &sent)
	if err != nil {
		c.note("no request: "+err.Error(), true)
		return a
	}
	request.Header = header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("Content-Type", "application/json")
	if c.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	response, err := c.client.Do(request)
	if err != nil {
		c.note(method+" no answer", false)
		return a
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		c.note(method+" no whole answer", false)
		return a
	}
	wrong := json.Unmarshal(b, &a) != nil
	a.status = response.StatusCode
	switch {
	case a.status < http.StatusMultipleChoices:
	case a.status == http.StatusServiceUnavailable:
		wrong = wrong || a.Code == "" || response.Header.Get("Retry-After") == ""
	default:
		allowed := a.status == http.StatusTooManyRequests
		for _, refusal := range refusals {
			allowed = allowed || refusal == a.status
		}
		wrong = wrong || a.Code == "" || !allowed
	}
	what := fmt.Sprintf("%s %d %s", method, a.status, a.Code)
	if wrong {
		what += " " + path + " " + string(b)
	}
	c.note(what, wrong)
	return a
}

func (c *customer) note(what string, wrong bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wrong {
		c.wrong = append(c.wrong, what)
		return
	}
	c.counts[what]++
}

// signIn signs the owner in.
func (c *customer) signIn() {
	c.Helper()
	c.until("the owner is signed in", func() bool {
		a := c.ask(http.MethodPost, "/api/v1/auth/login", nil,
			map[string]string{"email": "owner@example.test", "password": ownersPassword})
		c.bearer = a.Token
		return a.status == http.StatusOK
	})
}

// launch makes a session, whatever happens on the way: once, by the key with which it is repeated.
func (c *customer) launch(ctx context.Context, name string) (id uuid.UUID, ok bool) {
	header := http.Header{"Idempotency-Key": {uuid.NewString()}}
	body := map[string]string{"template": "terminal", "name": name}
	for ctx.Err() == nil {
		a := c.ask(http.MethodPost, "/api/v1/sessions", header, body, http.StatusConflict)
		if a.status == http.StatusCreated {
			return a.ID, true
		}
		c.pause(ctx)
	}
	return id, false
}

// look asks once for a session.
func (c *customer) look(id uuid.UUID) reply {
	return c.ask(http.MethodGet, "/api/v1/sessions/"+id.String(), nil, nil)
}

// state is that of a session. It asks until there is an answer.
func (c *customer) state(ctx context.Context, id uuid.UUID) reply {
	for {
		a := c.look(id)
		if a.status == http.StatusOK || ctx.Err() != nil {
			return a
		}
		c.pause(ctx)
	}
}

// terminate asks for the end of a session until that is accepted.
func (c *customer) terminate(ctx context.Context, id uuid.UUID) {
	for ctx.Err() == nil {
		a := c.ask(http.MethodDelete, "/api/v1/sessions/"+id.String(), nil, nil)
		if a.status == http.StatusOK || a.status == http.StatusAccepted {
			return
		}
		c.pause(ctx)
	}
}

// pause is the time until a program tries again.
func (c *customer) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}

func (c *customer) until(what string, holds func() bool) {
	c.Helper()
	until(c.T, what, holds)
}

// view opens a session's desktop and asks it for a pixel again and again, until ctx is done or something fails. It
// calls seen for each pixel.
func (c *customer) view(ctx context.Context, id uuid.UUID, seen func()) {
	at := "/api/v1/sessions/" + id.String()
	a := c.ask(http.MethodPost, at+"/tickets", nil, nil, http.StatusConflict)
	if a.status != http.StatusCreated {
		return
	}
	dialling, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	// Without the client's own time limit, which would end the stream.
	socket, err := openDesktop(dialling, &http.Client{Transport: c.client.Transport}, c.url(), at, a.Ticket)
	if err != nil {
		return
	}
	defer socket.CloseNow()
	look(websocket.NetConn(ctx, socket, websocket.MessageBinary), seen)
}

// silence is after how long without an answer a viewer gives a connection up.
const silence = 5 * time.Second

// look asks a display for its first pixel, again and again.
func look(conn net.Conn, seen func()) {
	_ = conn.SetDeadline(time.Now().Add(silence))
	if _, err := runtimetest.Greet(conn); err != nil {
		return
	}
	for {
		_ = conn.SetDeadline(time.Now().Add(silence))
		if _, err := conn.Write([]byte{3, 0, 0, 0, 0, 0, 0, 1, 0, 1}); err != nil { // all of a square of one pixel
			return
		}
		var update [4 + 12 + 4]byte // one rectangle, raw
		if _, err := io.ReadFull(conn, update[:]); err != nil {
			return
		}
		seen()
		time.Sleep(20 * time.Millisecond) // the frames of a slow film
	}
}
