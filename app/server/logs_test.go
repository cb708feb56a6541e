package server_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/tunnel"
	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/logs"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// writingHost is an agent without desktops: its sessions' output is what a test writes.
type writingHost struct {
	*logs.Store

	up chan struct{}
}

func (writingHost) Put(context.Context, link.Desired) {}

func (writingHost) Dial(context.Context, uuid.UUID) (net.Conn, error) {
	return nil, errors.New("no display")
}

func (h writingHost) Connected(context.Context) {
	select {
	case h.up <- struct{}{}:
	default: // it was connected before
	}
}

// connectAgent connects an organisation's agent. Sessions must be placed on it before.
func connectAgent(t *testing.T, o *dbtest.Org) writingHost {
	t.Helper()
	h, disconnect := connectAs(t, tunnel.ClientConfig{
		URL: running.URL, Agent: o.Agent, Secret: o.AgentSecret, Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(disconnect)
	return h
}

// connectAs connects an agent until the returned function is called.
func connectAs(t *testing.T, c tunnel.ClientConfig) (writingHost, func()) {
	t.Helper()
	client, err := tunnel.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	h := writingHost{logs.NewStore(), make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- client.Run(ctx, h) }()
	select {
	case <-h.up:
	case <-t.Context().Done():
	}
	return h, func() {
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
		h.Close()
	}
}

// readLog asks for a session's output.
func readLog(t *testing.T, who dbtest.Person, session, query string) (*follower, int) {
	t.Helper()
	socket, status := dialAt(t, running, "/api/v1/ws/sessions/"+session+"/logs"+query,
		http.Header{"Authorization": {"Bearer " + running.Bearer(t, who)}})
	return &follower{t: t, who: who, socket: socket}, status
}

// lookedAt lists the audit entries of reading a session's output, with who wrote them.
func lookedAt(t *testing.T, o *dbtest.Org) (all []string) {
	t.Helper()
	rows, err := database.Superuser(t).Query(t.Context(), `select action from app.audit_log
		where org_id = $1 and action like 'session.%_log' order by seq`, o.ID.UUID)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var action string
		if err := rows.Scan(&action); err != nil {
			t.Fatal(err)
		}
		all = append(all, action)
	}
	return all
}

// TestOutputIsReadByThoseWhoMay has a session's owner, its organisation's admin, and those who may not.
func TestOutputIsReadByThoseWhoMay(t *testing.T) {
	t.Parallel()
	o, another := running.NewOrg(t, dbtest.Spec{}), running.NewOrg(t, dbtest.Spec{})
	id := launch(t, o, o.Member, "mine")
	admins := launch(t, o, o.Admin, "theirs")
	foreign := launch(t, another, another.Member, "foreign")
	if _, status := readLog(t, o.Member, id, ""); status != http.StatusServiceUnavailable {
		t.Errorf("while its agent is away: %d", status)
	}
	h := connectAgent(t, o)
	if _, status := readLog(t, o.Member, id, ""); status != http.StatusNotFound {
		t.Errorf("before it wrote anything: %d", status)
	}
	w := h.Writer(uuid.MustParse(id))
	defer w.Close()
	_, _ = io.WriteString(w, "secret of "+o.Slug+"\n")
	for name, c := range map[string]struct {
		who     dbtest.Person
		session string
		query   string
		status  int
	}{
		"another member's":         {o.Member, admins, "", http.StatusNotFound},
		"a viewer":                 {o.Viewer, id, "", http.StatusNotFound},
		"another's admin":          {another.Admin, id, "", http.StatusForbidden},
		"another's session":        {o.Member, foreign, "", http.StatusForbidden},
		"no one's session":         {o.Member, uuid.NewString(), "", http.StatusNotFound},
		"as another":               {o.Member, id, "?org=" + another.Slug, http.StatusForbidden},
		"in a namespace":           {o.Member, id, "?namespace=other", http.StatusForbidden},
		"an unknown parameter":     {o.Member, id, "?lines=1", http.StatusBadRequest},
		"a tail that is no number": {o.Member, id, "?tail=-1", http.StatusBadRequest},
		"a time that is none":      {o.Member, id, "?since=yesterday", http.StatusBadRequest},
		"a day that is none":       {o.Member, id, "?since=2026-13-01T00:00:00Z", http.StatusBadRequest},
	} {
		if _, status := readLog(t, c.who, c.session, c.query); status != c.status {
			t.Errorf("%s: %d, want %d", name, status, c.status)
		}
	}
	if got := lookedAt(t, o); len(got) != 0 {
		t.Errorf("what was refused is a look: %v", got)
	}
	for _, who := range []dbtest.Person{o.Member, o.Admin, o.Owner} {
		f, status := readLog(t, who, id, "?org="+o.Slug)
		if status != http.StatusSwitchingProtocols {
			t.Fatalf("%s: %d", who.Role, status)
		}
		if got := f.first("log.line"); string(got.Data) != `{"text":"secret of `+o.Slug+`"}` {
			t.Errorf("%s reads %s", who.Role, got.text)
		}
		f.first("heartbeat")
		_ = f.socket.CloseNow()
	}
	want := []string{"session.read_log", "session.leave_log"}
	for end := time.Now().Add(patience); len(lookedAt(t, o)) < 4 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	if got := lookedAt(t, o); !cmp.Equal(countOf(got), countOf(append(want, want...))) {
		t.Errorf("looks: %v", got)
	}
}

func countOf(all []string) map[string]int {
	n := map[string]int{}
	for _, s := range all {
		n[s]++
	}
	return n
}

// What ends a live stream ends the reading of output: seen to fail with a socket that looks at neither the subscription
// nor the session.
func TestReadingOutputEndsWithTheAccess(t *testing.T) {
	t.Parallel()
	o := running.NewOrg(t, dbtest.Spec{})
	id := launch(t, o, o.Member, "mine")
	h := connectAgent(t, o)
	w := h.Writer(uuid.MustParse(id))
	defer w.Close()
	_, _ = io.WriteString(w, "a line\n")
	own, _ := readLog(t, o.Member, id, "")
	admin, _ := readLog(t, o.Admin, id, "")
	for _, f := range []*follower{own, admin} {
		f.first("log.line")
	}
	if s := running.Call(t, servertest.Request{
		Method: http.MethodDelete, Path: "/api/v1/members/" + o.Member.User.String(), Bearer: running.Bearer(t, o.Owner),
	}, nil); s != http.StatusNoContent {
		t.Fatalf("remove the member: %d", s)
	}
	if code, reason, _ := own.ends(); code != 4401 && code != 4403 {
		t.Errorf("the member's ended with %d %s", code, reason)
	}
	_, _ = io.WriteString(w, "another line\n")
	if got := admin.first("log.line"); string(got.Data) != `{"text":"another line"}` {
		t.Errorf("the admin reads %s", got.text)
	}
	_ = w.Close()
	if code, reason, _ := admin.ends(); code != websocket.StatusNormalClosure || reason != "log_ended" {
		t.Errorf("the admin's ended with %d %s", code, reason)
	}
}
