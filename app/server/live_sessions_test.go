package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// followSessions opens the WebSocket of sessions.
func followSessions(t *testing.T, p dbtest.Person, query string) *follower {
	t.Helper()
	socket, status := dialAt(t, running, "/api/v1/ws/sessions"+query, http.Header{
		"Authorization": {"Bearer " + running.Bearer(t, p)},
	})
	if socket == nil {
		t.Fatalf("open a stream: %d", status)
	}
	return &follower{t: t, who: p, socket: socket}
}

// snapshot reads all pages and returns the names of the sessions, in their order by name, and the number.
func (f *follower) snapshot() (names []string, seq int64) {
	f.t.Helper()
	for {
		m, err := f.next()
		if err != nil || m.Type != "snapshot" {
			f.t.Fatalf("no snapshot: %s, %v", m.text, err)
		}
		var page struct {
			Items []struct{ Name string }
			More  bool
		}
		if err := json.Unmarshal(m.Data, &page); err != nil {
			f.t.Fatal(err)
		}
		for _, s := range page.Items {
			names = append(names, s.Name)
		}
		if !page.More {
			slices.Sort(names)
			return names, m.Seq
		}
	}
}

// TestSessionsAreShownAndThenTheirChanges has two organisations: each member gets what the list shows them, and then
// the events. Seen to fail without the snapshot.
func TestSessionsAreShownAndThenTheirChanges(t *testing.T) {
	t.Parallel()
	spec := dbtest.Spec{PerOrg: 50, PerUser: 50}
	o, another := running.NewOrg(t, spec), running.NewOrg(t, spec)
	launch(t, o, o.Member, "a")
	launch(t, o, o.Admin, "b")
	launch(t, another, another.Member, "foreign")
	_, newest := entitled(t, o, o.Admin, 0)
	for name, c := range map[string]struct {
		who  dbtest.Person
		want []string
	}{
		"member": {o.Member, []string{"a"}}, "admin": {o.Admin, []string{"a", "b"}}, "viewer": {o.Viewer, nil},
	} {
		t.Run(name, func(t *testing.T) {
			names, seq := followSessions(t, c.who, "").snapshot()
			if diff := cmp.Diff(c.want, names); diff != "" || seq != newest {
				t.Errorf("sessions of number %d, want %d (-want +got):\n%s", seq, newest, diff)
			}
		})
	}
	f := followSessions(t, o.Member, "")
	f.snapshot()
	launch(t, o, o.Member, "c")
	launch(t, o, o.Admin, "d")
	_, end := entitled(t, o, o.Admin, 0)
	all := f.until(end)
	if len(all) == 0 {
		t.Error("no change was sent")
	}
	for _, m := range all {
		if m.Subject.Name != "c" || m.Seq <= newest {
			t.Errorf("a change: %s", m.text)
		}
	}
	resumed := followSessions(t, o.Member, "?after=0")
	if m, err := resumed.next(); err != nil || m.Type != "session.created" {
		t.Errorf("after a number there is no snapshot: %s, %v", m.text, err)
	}
	if m, err := followSessions(t, o.Member, "?after=999999").next(); err != nil || m.Type != "reset" {
		t.Errorf("after a number that is unknown: %s, %v", m.text, err)
	}
}
