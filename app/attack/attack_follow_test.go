package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// kept is how many event streams of an organisation stay open at once.
	kept = 8
	// accessEnded is the close code of a stream whose access has ended.
	accessEnded = 4401
)

// following is an event stream that is kept open while rights change. Its checks were seen to fail with a filter that
// lets everything through, and with a stream that does not look at its access when that changes.
type following struct {
	access *access
	role   org.Role // as which it was opened
	socket *websocket.Conn
	ended  chan struct{} // closed when it has ended
	since  time.Time     // when it lost the right to go on; zero: it has it
	// doubtful says that it had no right to go on at some time.
	doubtful bool

	mu    sync.Mutex
	after int64 // it is told what comes after this number; -1: the first message says so
	got   []toldEvent
	code  websocket.StatusCode // with which it ended
	at    time.Time            // when
}

// toldEvent is an event as a stream told it.
type toldEvent struct {
	Type    string
	Seq     int64
	Subject struct{ ID uuid.UUID }
	text    string
}

// followEvents opens an event stream, perhaps by the name of another organisation.
func (f *arena) followEvents(t *rapid.T) *shot {
	w := f.asker(t)
	own := w.of(f)
	named, after := f.near(t, own), rapid.Bool().Draw(t, "from the beginning")
	path := "/api/v1/ws/events?org=" + named.slug
	if after {
		path += "&after=0"
	}
	header := w.header.Clone()
	if header.Get("Cookie") != "" {
		header.Set("Origin", "http://localhost") // the public URL: what a browser sends
	}
	s := &shot{of: own, what: fmt.Sprintf("%s: follow the events of %s", w.label, named.label)}
	s.fire = func() *difference {
		if w.access == nil && w.refused == "" || len(own.followers) >= kept {
			s.what += " (left out)"
			return nil
		}
		role, want := w.authorize(request{})
		if want == proceed {
			if want = (verdict{status: http.StatusSwitchingProtocols}); named != own {
				want = verdict{403, "other_orgs_stream"}
			}
		}
		socket, got, err := f.dialAt(path, header, nil)
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		if d := s.judge(w.scope(), want, got, nil); d != nil || socket == nil {
			if socket != nil {
				socket.CloseNow()
			}
			return d
		}
		v := &following{access: w.access, role: role, socket: socket, ended: make(chan struct{}), after: -1}
		if after {
			v.after = 0
		}
		go v.read()
		own.followers = append(own.followers, v)
		return nil
	}
	return s
}

// read keeps everything that the stream tells, until it ends.
func (v *following) read() {
	defer close(v.ended)
	for {
		_, text, err := v.socket.Read(context.Background())
		v.mu.Lock()
		if err != nil {
			v.code, v.at = websocket.CloseStatus(err), time.Now()
			v.mu.Unlock()
			return
		}
		e := toldEvent{text: string(text)}
		if err := json.Unmarshal(text, &e); err != nil {
			e.Type = "no message"
		}
		if v.after < 0 {
			v.after = e.Seq
		}
		if e.Type != "heartbeat" && e.Type != "closing" {
			v.got = append(v.got, e)
		}
		v.mu.Unlock()
	}
}

// told is what the stream has told until now, and since which number.
func (v *following) told() ([]toldEvent, int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.got), v.after
}

func (v *following) withdrawn() bool { return !v.access.holds() || v.access.role() != v.role }

// noteFollowers notes who has lost the right to follow, and when.
func (r *realm) noteFollowers() {
	for _, v := range r.followers {
		switch {
		case !v.withdrawn():
			v.since = time.Time{}
		case v.since.IsZero():
			v.since, v.doubtful = time.Now(), true
		}
	}
}

// settled looks at a stream at the end. One whose right was withdrawn has ended in time, and told nothing but the
// beginning of what it may tell. Any other goes on, and tells all of it.
func (v *following) settled() *difference {
	wait := streamTimeout
	if v.withdrawn() {
		wait = max(0, time.Until(v.since.Add(endTimeout)))
	}
	var missing *difference
	for deadline := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		var whole bool
		if whole, missing = v.entitled(); missing != nil {
			return missing
		}
		select {
		case <-v.ended:
			return v.endedRightly()
		default:
		}
		switch late := time.Now().After(deadline); {
		case whole && !v.withdrawn():
			return nil
		case late && v.withdrawn():
			return &difference{"it goes on though its right was withdrawn", ""}
		case late:
			return &difference{"it does not tell what it must", ""}
		}
	}
}

func (v *following) endedRightly() *difference {
	switch {
	case !v.withdrawn() && !v.doubtful:
		return &difference{"it ended although nothing was withdrawn", fmt.Sprint(v.code)}
	case v.code != accessEnded:
		return &difference{"it did not say that the access has ended", fmt.Sprint(v.code)}
	case v.withdrawn() && v.at.After(v.since.Add(endTimeout)):
		return &difference{"it ended too late", ""}
	}
	_, d := v.entitled()
	return d
}

// entitled compares what was told with the rows that the person may see, by the rule and not by a policy. It returns
// whether that is all.
func (v *following) entitled() (whole bool, d *difference) {
	got, after := v.told()
	r := v.access.of
	for _, e := range got {
		subject := r.f.ownerOf("session", e.Subject.ID)
		if word := r.foreignWord([]byte(e.text)); word != "" || subject != nil && subject != r {
			return false, &difference{"it tells of another organisation", e.text}
		}
		for _, other := range r.f.realms {
			if other != r && strings.Contains(e.text, other.id.String()) {
				return false, &difference{"it names another organisation", e.text}
			}
		}
	}
	rows, _ := r.f.attack.super.Query(context.Background(), `select seq from app.events where org_id = $1 and seq > $2
		and (audience = 'everyone' or owner_id = $4 or $3 and audience <> 'private') order by seq`,
		r.id.UUID, after, isAdmin(v.role), v.access.who.id.UUID)
	want, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return false, &difference{"its rows cannot be read", err.Error()}
	}
	for i, e := range got {
		if after < 0 || i >= len(want) || e.Seq != want[i] {
			return false, &difference{"it tells something else than its rows, in order and once", e.text}
		}
	}
	return after >= 0 && len(got) == len(want), nil
}

// settleFollowers looks at all event streams at the end.
func (r *realm) settleFollowers(t *rapid.T) {
	r.noteFollowers()
	for _, v := range r.followers {
		got, _ := v.told()
		if r.f.attack.told.Add(int64(len(got))); v.doubtful {
			r.f.attack.cut.Add(1)
		}
		if d := v.settled(); d != nil {
			r.f.fail(t, fmt.Sprintf("the events that %s follows as %s", v.access.label, v.role), d)
		}
	}
}
