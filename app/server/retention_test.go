package server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// TestTheServerRemovesOldEvents starts a replica where there are events of more than 30 days ago, and follows on
// another one. A program whose last event is gone is told to list again, and then gets what follows. Any other goes on
// as before. Seen to fail with a server that does not run the sweeper.
func TestTheServerRemovesOldEvents(t *testing.T) {
	t.Parallel()
	s := replicas(t, 1)[0]
	o, ctx, super := s.NewOrg(t, dbtest.Spec{}), t.Context(), s.Database.Superuser(t)
	bearer := s.Bearer(t, o.Member)
	id := launchAt(t, s, o, bearer, "desk")
	rename(t, s, bearer, id, "renamed")
	var newest, oldest int64
	row := super.QueryRow(ctx, "select event_seq from app.org_heads where org_id = $1", o.ID.UUID)
	if err := row.Scan(&newest); err != nil || newest < 3 {
		t.Fatalf("%d events, %v", newest, err)
	}
	open := followAt(t, s, o.Member, fmt.Sprintf("?after=%d", newest))
	open.first("heartbeat")
	if _, err := super.Exec(ctx, `update app.events
		set at = now() - case when seq < $2 then interval '31 d' else '29 d' end
		where org_id = $1`, o.ID.UUID, newest); err != nil {
		t.Fatal(err)
	}
	replica(t, s.Database, t.TempDir())
	await(t, "a log that begins with its newest event", func() bool {
		row := super.QueryRow(ctx, "select min(seq) from app.events where org_id = $1", o.ID.UUID)
		return row.Scan(&oldest) == nil && oldest == newest
	})

	late, near := followAt(t, s, o.Member, "?after=1"), followAt(t, s, o.Member, fmt.Sprintf("?after=%d", newest-1))
	if m, err := late.next(); err != nil || m.Type != "reset" || m.Seq != newest {
		t.Errorf("after an event that was removed: %s, %v", m.text, err)
	}
	rename(t, s, bearer, id, "renamed again")
	for name, c := range map[string]struct {
		f    *follower
		want []int64
	}{
		"it was there":                  {open, []int64{newest + 1}},
		"it listed again":               {late, []int64{newest + 1}},
		"its next event is still there": {near, []int64{newest, newest + 1}},
	} {
		var got []int64
		for _, m := range c.f.until(newest + 1) {
			got = append(got, m.Seq)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}

	var history struct{ Items []struct{ Type string } }
	if status := s.Call(t, servertest.Request{
		Method: http.MethodGet, Path: "/api/v1/sessions/" + id + "/events", Bearer: bearer,
	}, &history); status != http.StatusOK || len(history.Items) != 2 {
		t.Errorf("the session's history: %d, %v", status, history.Items)
	}
}
