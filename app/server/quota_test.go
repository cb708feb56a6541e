package server_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// TestQuotaUnderRacingCreatorsOfTheAPI has 32 clients of 30 users create and terminate for ten places, as users
// would. What holds in the database is tested there; here that the API says which quota, and loses nothing on the
// way.
func TestQuotaUnderRacingCreatorsOfTheAPI(t *testing.T) {
	t.Parallel()
	const clients, rounds = 32, 20
	o := running.NewOrg(t, dbtest.Spec{PerOrg: 10, PerUser: 2, Members: 30})
	bearers := make([]string, len(o.Members))
	for i, p := range o.Members {
		bearers[i] = running.Bearer(t, p)
	}
	var made, refused atomic.Int64
	holders := sync.Map{}
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			bearer := bearers[i%len(bearers)]
			for range rounds {
				var answer struct {
					ID, Code, Kind, Holder string
					Limit                  int64
				}
				create := servertest.Request{
					Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: bearer, Body: map[string]string{"template": "desk"},
				}
				switch status := running.Call(t, create, &answer); {
				case status == http.StatusCreated:
					made.Add(1)
					end := servertest.Request{Method: http.MethodDelete, Path: create.Path + "/" + answer.ID, Bearer: bearer}
					if ended := running.Call(t, end, nil); ended != http.StatusAccepted {
						t.Errorf("terminate: %d", ended)
					}
					running.Report(t, o, answer.ID, "terminated")
				case status == http.StatusConflict && answer.Code == "quota_exceeded" &&
					answer.Kind == "sessions" && answer.Limit > 0:
					refused.Add(1)
					holders.Store(answer.Holder, answer.Limit)
				case status == http.StatusServiceUnavailable: // waited too long for its organisation's share
				default:
					t.Errorf("create: %d %+v", status, answer)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d made, %d refused", made.Load(), refused.Load())
	if limit, ok := holders.Load("org"); refused.Load() > 0 && ok && limit != int64(10) {
		t.Errorf("the organisation's limit is told as %v", limit)
	}
	super := database.Superuser(t)
	var used, rows, events, last int64
	var chained bool
	err := super.QueryRow(t.Context(), `
		select (select used from app.quota_usage where org_id = $1 and holder_id = $1),
		       (select count(*) from app.sessions where org_id = $1 and state not in ('terminated', 'failed')),
		       (select count(*) from app.events where org_id = $1),
		       (select max(seq) from app.events where org_id = $1),
		       (select bool_and((x.l).previous = x.before and (x.l).hash = rls.audit_hash(x.before, x.l))
		          from (select l, lag(l.hash, 1, '') over (order by l.seq) as before
		                  from app.audit_log l where l.org_id = $1) x)`,
		o.ID.UUID).Scan(&used, &rows, &events, &last, &chained)
	if err != nil {
		t.Fatal(err)
	}
	if used != rows || events != last || !chained {
		t.Errorf("used %d of %d rows, %d events up to %d, chained %v", used, rows, events, last, chained)
	}
}
