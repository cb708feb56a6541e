package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db/cluster"
)

// chaosFor is how long faults happen. make chaos asks for more.
var chaosFor = flag.Duration("chaos", 20*time.Second, "how long faults happen in TestChaos")

// TestChaos lets faults happen at random while clients launch, use and end desktops. Afterwards everything is true: no
// session is stuck, no process is left, nothing is counted wrongly or written twice, and no answer but a success, a
// documented refusal or "try again" was given.
func TestChaos(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.customer()
	c.signIn()
	ctx, cancel := context.WithTimeout(t.Context(), *chaosFor)
	defer cancel()
	var users sync.WaitGroup
	var pixels atomic.Int64
	made := make([][]uuid.UUID, 4)
	for i := range made {
		users.Go(func() { made[i] = c.work(ctx, i, func() { pixels.Add(1) }) })
	}
	happened := map[string]int{}
	for ctx.Err() == nil {
		f := faults[rand.IntN(len(faults))]
		happened[f.name]++
		f.begin(r, [][]int{{0}, {1}, {0, 1}}[rand.IntN(3)]...)
		c.wait(ctx, time.Duration(100+rand.IntN(2500))*time.Millisecond)
		r.heal()
		c.wait(ctx, time.Duration(rand.IntN(1500))*time.Millisecond)
	}
	users.Wait()
	r.heal()
	all := slices.Concat(made...)
	t.Logf("faults: %v", happened)
	t.Logf("%d sessions, %d pixels, the answers: %v", len(all), pixels.Load(), c.counts)
	if len(all) == 0 || pixels.Load() == 0 {
		t.Error("nothing happened meanwhile")
	}
	c.settles(all)
}

// wait lets time pass.
func (c *customer) wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// work launches, uses and ends one desktop after the other, and returns those that it made. When the time is over it
// goes on with what it began, until that was answered.
func (c *customer) work(ctx context.Context, user int, seen func()) (made []uuid.UUID) {
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), *chaosFor+patience)
	defer cancel()
	for n := 0; ctx.Err() == nil; n++ {
		id, ok := c.launch(patient, fmt.Sprintf("desktop %d of %d", n, user))
		if !ok {
			return made
		}
		made = append(made, id)
		using, end := context.WithTimeout(ctx, time.Duration(rand.IntN(10))*time.Second)
		for using.Err() == nil && !c.state(using, id).final() {
			c.view(using, id, seen)
			c.pause(using)
		}
		end()
		if rand.IntN(4) > 0 { // the others are left running
			c.terminate(patient, id)
		}
	}
	return made
}

// settles looks at the end whether everything is true.
func (c *customer) settles(made []uuid.UUID) {
	c.Helper()
	for _, id := range made {
		c.until("session "+id.String()+" runs or has ended", func() bool {
			c.heal() // what still found the database away is started again
			a := c.look(id)
			return a.final() || a.State == "running" && c.opens(id)
		})
	}
	patient, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	for _, id := range made {
		c.terminate(patient, id)
	}
	for _, id := range made {
		c.until("session "+id.String()+" has ended", func() bool { return c.look(id).final() })
		c.until("nothing is left of session "+id.String(), func() bool { return len(leftOf(id)) == 0 })
	}
	if len(c.wrong) > 0 {
		c.Errorf("%d answers that no outage explains:\n%s", len(c.wrong), strings.Join(c.wrong[:min(20, len(c.wrong))], "\n"))
	}
	conn, err := pgx.Connect(c.Context(), c.database.DSN(cluster.Superuser, "streamspace"))
	if err != nil {
		c.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(c.Context()))
	for what, query := range map[string]string{
		"sessions that nobody asked for": "select count(*) from app.sessions where not id = any(@made)",
		"sessions that were lost": "select cardinality(@made::uuid[]) - count(*) from app.sessions " +
			"where id = any(@made)",
		"quotas that count what has ended": "select count(*) from app.quota_usage where used <> 0",
		"gaps in the numbers of events":    "select max(seq) - count(*) from app.events group by org_id",
	} {
		var n int64
		if err := conn.QueryRow(c.Context(), query, pgx.NamedArgs{"made": made}).Scan(&n); err != nil || n != 0 {
			c.Errorf("%s: %d, %v", what, n, err)
		}
	}
	c.command("admin audit verify", "STREAMSPACE_DATABASE_URL="+c.database.DSN("", "streamspace"))
}

// opens reports whether a session's desktop shows a pixel.
func (c *customer) opens(id uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(c.Context(), answerWithin)
	defer cancel()
	shown := false
	c.view(ctx, id, func() {
		shown = true
		cancel()
	})
	return shown
}

// TestFaults lets each fault happen to an open desktop, most for a second, and tells for how long it was of no use.
func TestFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.customer()
	c.signIn()
	without := map[string]time.Duration{}
	for _, f := range faults {
		without[f.name] = c.survives(f)
	}
	for _, name := range slices.Sorted(maps.Keys(without)) {
		t.Logf("%-24s %4.1f s", name, without[name].Seconds())
	}
}

// survives returns the longest time between two pixels of a desktop while a fault happens.
func (c *customer) survives(f disaster) time.Duration {
	c.Helper()
	id, _ := c.launch(c.Context(), f.name)
	c.until("the desktop opens", func() bool { return c.opens(id) })
	ctx, cancel := context.WithCancel(c.Context())
	var mu sync.Mutex
	var longest time.Duration
	pixels, last := 0, time.Now()
	var viewer sync.WaitGroup
	viewer.Go(func() {
		for ctx.Err() == nil {
			c.view(ctx, id, func() {
				mu.Lock()
				defer mu.Unlock()
				pixels, longest, last = pixels+1, max(longest, time.Since(last)), time.Now()
			})
			c.pause(ctx)
		}
	})
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return pixels
	}
	c.until("the desktop is in use", func() bool { return count() > 20 })
	mu.Lock()
	longest = 0
	mu.Unlock()
	f.begin(c.rig, 0, 1)
	c.wait(ctx, cmp.Or(f.lasts, time.Second))
	c.heal()
	seen := count()
	c.until("the desktop is of use again after: "+f.name, func() bool { return count() > seen+50 })
	cancel()
	viewer.Wait()
	c.terminate(c.Context(), id)
	c.until("the session has ended", func() bool { return c.state(c.Context(), id).final() })
	if a := c.state(c.Context(), id); a.State == "failed" {
		c.Errorf("after %s the session has failed: %s", f.name, a.Reason)
	}
	return longest
}
