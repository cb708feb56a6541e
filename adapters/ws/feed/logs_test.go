package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/logs"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// place is a session on an agent. It implements LogSessions and link.Logs.
type place struct {
	store    *logs.Store
	session  uuid.UUID
	withdraw chan error    // ends the access
	hostile  []byte        // what the agent sends instead of the output; it then breaks off
	closed   chan struct{} // a value for each output that was closed on the agent

	mu    sync.Mutex
	looks []string
}

func (p *place) Get(context.Context, org.Scope, sessions.ID) (sessions.Session, error) {
	return sessions.Session{ID: sessions.ID{UUID: p.session}, Agent: uuid.UUID{7}}, nil
}

func (p *place) WatchSight(ctx context.Context, _ org.Scope, _ sessions.ID) error {
	select {
	case err := <-p.withdraw:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (p *place) BeginReading(context.Context, org.Scope, sessions.Session) error {
	return p.looked("begin")
}

func (p *place) EndReading(context.Context, org.Scope, sessions.Session, time.Duration) error {
	return p.looked("end")
}

func (p *place) looked(what string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks = append(p.looks, what)
	return nil
}

func (p *place) Log(ctx context.Context, _, session uuid.UUID, q link.LogQuery) (io.ReadCloser, error) {
	if p.hostile != nil {
		near, far := net.Pipe()
		go func() { defer far.Close(); _, _ = far.Write(p.hostile) }()
		return near, nil
	}
	output, err := p.store.Log(ctx, session, q)
	if err != nil {
		return nil, err
	}
	return onAgent{output, p.closed}, nil
}

type onAgent struct {
	io.ReadCloser
	closed chan<- struct{}
}

func (a onAgent) Close() error {
	select {
	case a.closed <- struct{}{}:
	default:
	}
	return a.ReadCloser.Close()
}

// serveLogs serves the output of a session, to an admin.
func serveLogs(t *testing.T) (*rig, *place) {
	t.Helper()
	r := newRig(t)
	p := &place{store: logs.NewStore(), session: uuid.New(), withdraw: make(chan error), closed: make(chan struct{}, 99)}
	l := &Logs{Feed: r.feed, Sessions: p, Agents: p, Log: slog.New(slog.DiscardHandler)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		who := org.Member(acme, org.UserID{UUID: uuid.New()}, org.RoleAdmin, org.CredentialID{})
		q.SetPathValue("session_id", p.session.String())
		if err := l.Socket(w, q.WithContext(org.With(q.Context(), who)), events.Lease{}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(func() { p.store.Close(); server.Close() })
	r.URL = server.URL
	return r, p
}

// message is what a client gets.
type message struct {
	Type string
	Seq  int64
	Time time.Time
	Data struct{ Text, Code string }
}

// read reads one message, or why there is none.
func read(t *testing.T, socket *websocket.Conn) (m message, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, text, err := socket.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

// lines reads this many lines. Without a line between them, several heartbeats are one.
func lines(t *testing.T, socket *websocket.Conn, n int) (all []message) {
	t.Helper()
	for len(all) < n {
		m, err := read(t, socket)
		if err != nil {
			t.Fatalf("after %+v: %v", all, err)
		}
		if m.Type == LineType {
			all = append(all, m)
		}
	}
	return all
}

// rest reads to the end and returns the other messages' types, without heartbeats, and how it ended.
func rest(t *testing.T, socket *websocket.Conn) (all []string, code websocket.StatusCode) {
	t.Helper()
	for {
		m, err := read(t, socket)
		switch {
		case err != nil:
			return all, websocket.CloseStatus(err)
		case m.Type != events.HeartbeatType:
			all = append(all, strings.TrimSpace(m.Type+" "+m.Data.Text+m.Data.Code))
		}
	}
}

func (r *rig) dialLogs(t *testing.T, query string) *websocket.Conn {
	t.Helper()
	socket, _, err := websocket.Dial(t.Context(), r.URL+query, nil) //nolint:bodyclose // the body is the WebSocket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	return socket
}

// Lines come in order and once, also to a client that comes back; the end comes after the last.
func TestAClientReadsOutput(t *testing.T) {
	t.Parallel()
	r, p := serveLogs(t)
	w := p.store.Writer(p.session)
	_, _ = io.WriteString(w, "1\n2\n")
	socket := r.dialLogs(t, "")
	got := lines(t, socket, 2)
	beat, err := read(t, socket)
	if err != nil || beat.Type != events.HeartbeatType || beat.Seq != got[1].Seq {
		t.Errorf("after the lines there are comes %+v, %v", beat, err)
	}
	_, _ = io.WriteString(w, "3\n\x1b[2J\xff\n")
	got = append(got, lines(t, socket, 1)...)
	_ = socket.CloseNow()
	back := r.dialLogs(t, fmt.Sprintf("?after=%d", got[2].Seq))
	got = append(got, lines(t, back, 1)...)
	for i, want := range []string{"1", "2", "3", "\uFFFD[2J\uFFFD"} {
		if got[i].Data.Text != want || got[i].Seq != got[0].Seq+int64(i) || got[i].Time.IsZero() {
			t.Errorf("line %d is %+v, want %q", i, got[i], want)
		}
	}
	_ = w.Close()
	all, code := rest(t, back)
	if diff := cmp.Diff([]string{"closing log_ended"}, all); diff != "" || code != websocket.StatusNormalClosure {
		t.Errorf("it ended with %d, (-want +got):\n%s", code, diff)
	}
	for query, want := range map[string][]string{
		"?follow=false&tail=1": {"log.line \uFFFD[2J\uFFFD", "closing log_ended"},
		"?after=1&tail=0":      {"reset", "closing log_ended"},
		"?since=" + later():    {"closing log_ended"},
		"?follow=false&after=" + "0": {
			"log.line 1", "log.line 2", "log.line 3", "log.line \uFFFD[2J\uFFFD", "closing log_ended",
		},
	} {
		all, _ := rest(t, r.dialLogs(t, query))
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func later() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }

// What is refused is refused before the upgrade.
func TestALogIsRefusedBeforeTheUpgrade(t *testing.T) {
	t.Parallel()
	r, p := serveLogs(t)
	for query, want := range map[string]string{
		"":                            link.ErrNoLog.Code,
		"?since=2026-13-01T00:00:00Z": "invalid_input",
	} {
		_, response, err := websocket.Dial(t.Context(), r.URL+query, nil) //nolint:bodyclose // a copy of a refusal's
		if err == nil || response == nil {
			t.Fatalf("%q: %v", query, err)
		}
		body, _ := io.ReadAll(response.Body)
		if !strings.Contains(string(body), want) {
			t.Errorf("%q is answered %s", query, body)
		}
	}
	if len(p.looks) != 0 || r.feed.Open() != 0 {
		t.Errorf("looks %v, %d are open", p.looks, r.feed.Open())
	}
}

// An ended access, a stopping server and a lost agent end it, each with its code. Seen to fail without the watch.
func TestALogEndsWithItsRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*rig, *place)
		code websocket.StatusCode
	}{
		"access":  {func(_ *rig, p *place) { p.withdraw <- sessions.ErrNotFound }, closeForbidden},
		"unsure":  {func(_ *rig, p *place) { p.withdraw <- sessions.ErrUnsure }, websocket.StatusTryAgainLater},
		"stop":    {func(r *rig, _ *place) { r.stop() }, websocket.StatusServiceRestart},
		"removed": {func(_ *rig, p *place) { p.store.Close() }, websocket.StatusNormalClosure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p := serveLogs(t)
			w := p.store.Writer(p.session)
			defer w.Close()
			_, _ = io.WriteString(w, "1\n")
			socket := r.dialLogs(t, "")
			lines(t, socket, 1)
			c.end(r, p)
			if all, code := rest(t, socket); code != c.code || len(all) != 1 {
				t.Errorf("it ended with %v, %d, want %d", all, code, c.code)
			}
			until(t, "the agent's end is closed", func() bool { return len(p.closed) > 0 })
			until(t, "both looks", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return cmp.Equal(p.looks, []string{"begin", "end"})
			})
		})
	}
}

// An agent is another program: whatever it sends, a client gets lines that are safe, or is told that it is over.
func TestAHostileAgentIsBounded(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(link.LogPart{Kind: link.LogLine, Seq: 5, Text: "\x1b]0;x\a\u202E"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sends []byte
		want  []string
	}{
		"garbage":     {[]byte("\x00\n"), []string{"closing log_lost"}},
		"no end":      {[]byte(strings.Repeat("x", 1<<20)), []string{"closing log_lost"}},
		"nothing":     {[]byte{}, []string{"closing log_lost"}},
		"escapes":     {append(raw, '\n'), []string{"log.line \uFFFD]0;x\uFFFD\uFFFD", "closing log_lost"}},
		"other kinds": {[]byte(`{"kind":"later"}` + "\n" + `{"kind":"end"}` + "\n"), []string{"closing log_ended"}},
		"slow":        {[]byte(`{"kind":"slow","seq":9}` + "\n"), []string{"closing slow_reader"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p := serveLogs(t)
			p.hostile = c.sends
			all, _ := rest(t, r.dialLogs(t, ""))
			if diff := cmp.Diff(c.want, all); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Clients that disappear, and one that does not read, leave nothing, here and on the agent. goleak looks at the end.
func TestReadersThatDisappearLeaveNothing(t *testing.T) {
	t.Parallel()
	r, p := serveLogs(t)
	w := p.store.Writer(p.session)
	defer w.Close()
	_, _ = io.WriteString(w, "1\n")
	for range 20 {
		_ = r.dialLogs(t, "").CloseNow()
	}
	_ = r.dialLogs(t, "") // never reads
	until(t, "all but one were released", func() bool { return r.feed.Open() == 1 })
	until(t, "the agent's ends were closed", func() bool { return len(p.closed) >= 20 })
	line := strings.Repeat("x", link.MaxLine-1) + "\n"
	until(t, "the one that does not read was released", func() bool {
		for range 100 {
			_, _ = io.WriteString(w, line)
		}
		return r.feed.Open() == 0
	})
	if errors.Is(t.Context().Err(), context.Canceled) {
		t.Error("the test was cut off")
	}
}
