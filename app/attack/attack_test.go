package attack

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/docs"
)

// tokenPrefix begins every access token: it is {" in base64url.
const tokenPrefix = "eyJ"

const (
	// besieged is how many arenas are attacked in parallel: enough to keep the control plane busy while one of them
	// waits for responses.
	besieged = 8
	// usual is how many requests the attack of the test suite sends. make attack sets ATTACK_REQUESTS to a higher
	// number.
	usual = 4_000
	// patience is how many times as many requests an attack may take until it has come to everything that it is for.
	patience = 10
	// long is how much longer the histories of an attack are that was asked for: thirty steps each time, more or less.
	long = 4
)

// TestAttack sends random requests of callers of two to five organisations through HTTP, streams and the agents'
// tunnel, while their rights change. A model predicts each response. The first difference is reduced to the shortest
// history that shows it. In addition, no response, stream, log line, metric or row that an organisation sees may
// contain a canary of another. The test is not parallel: it uses the whole machine, and other tests would exceed their
// time limits.
func TestAttack(t *testing.T) {
	a := newAttack(t)
	began := time.Now()
	defer func() {
		took := time.Since(began)
		t.Logf("attack: %d requests in %.1f s, %.0f requests/s, %d organisations, %d differences",
			a.requests.Load(), took.Seconds(), float64(a.requests.Load())/took.Seconds(), a.orgs.Load(), a.differences.Load())
	}()
	var all sync.WaitGroup
	for n := range besieged { // in parallel whatever -parallel says, because each waits most of the time
		all.Go(func() {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				s := &worker{attack: a}
				defer func() {
					if s.first != "" {
						t.Log("as it was found first: " + s.first)
					}
				}()
				for !a.over() {
					rapid.Check(t, s.once)
				}
			})
		})
	}
	all.Wait()
	a.counted(t)
	a.tellAnswers(t)
	a.tellOperations(t)
	if a.differences.Load() == 0 {
		for _, what := range a.lacking() {
			t.Error(what)
		}
	}
	for word, what := range map[string]string{`"level":"ERROR"`: "an error of its own", tokenPrefix: "a token"} {
		if lines := a.Log.Lines(word); len(lines) > 0 {
			t.Errorf("the control plane logged %s, %d times, the first: %s", what, len(lines), lines[0])
		}
	}
}

// attack is a control plane and a database that no other test uses, with counts of what was done to them.
type attack struct {
	*servertest.Server
	app, login, operator, agent, super *pgxpool.Pool // one for each role that acts without HTTP, and one that sees all
	public                             []*modelTemplate
	api                                contract
	unmodelled                         contract // the operations that the model does not know
	inOrg, ofPlatform                  string   // queries for all that the app's role may read

	limit       int64 // of requests
	rounds      int   // of each history
	requests    atomic.Int64
	orgs        atomic.Int64
	differences atomic.Int64
	refusals    [2]atomic.Int64 // of sessions and templates of another organisation
	told, cut   atomic.Int64    // events that event streams told, and event streams that lost their right
	answers     sync.Map        // how often each verdict was the answer: *atomic.Int64
	asked       sync.Map        // how often each operation was asked for: *atomic.Int64
	unmade      sync.Map        // why nothing stands for a parameter of an operation that the model does not know
}

func newAttack(t *testing.T) *attack {
	t.Helper()
	d := dbtest.Own(t)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r, err := servertest.Start(ctx, d, servertest.Config{Unlimited: true})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	r.Log.LookFor(canaryPrefix, tokenPrefix, `"level":"ERROR"`)
	a := &attack{Server: r, limit: usual, rounds: 1}
	if a.api, err = readContract(docs.OpenAPI); err != nil {
		t.Fatal(err)
	}
	a.unmodelled = a.api.without(modelled)
	if n, err := strconv.ParseInt(os.Getenv("ATTACK_REQUESTS"), 10, 64); err == nil {
		a.limit, a.rounds = n, long
	}
	for role, at := range map[string]**pgxpool.Pool{
		"streamspace_app": &a.app, "streamspace_login": &a.login, "streamspace_operator": &a.operator,
		"streamspace_agent": &a.agent, cluster.Superuser: &a.super,
	} {
		if *at, err = pgxpool.New(ctx, d.DSN(role)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		cancel()
		if err := <-r.Ended; err != nil {
			t.Errorf("the control plane ended with: %v", err)
		}
		r.Client.CloseIdleConnections()
		for _, p := range []*pgxpool.Pool{a.app, a.login, a.operator, a.agent, a.super, r.Agents} {
			p.Close()
		}
	})
	a.findReadable(t)
	a.publish(t)
	return a
}

// publish creates the public templates. One has the same name as a template of each organisation.
func (a *attack) publish(t *testing.T) {
	t.Helper()
	for _, name := range []string{"desk", "terminal"} {
		p := &modelTemplate{
			label: "public " + name, id: uuid.Must(uuid.NewV7()), name: name, title: "Public " + name, public: true,
			revision: 1,
		}
		if _, err := a.operator.Exec(t.Context(), "select rls.publish_template('test', $1, $2, $3, '', '{}')",
			p.id, p.name, p.title); err != nil {
			t.Fatal(err)
		}
		a.public = append(a.public, p)
	}
}

// over reports whether a difference was found, or enough requests were sent. Chance decides which ones: so it takes
// more than the limit when something is still lacking.
func (a *attack) over() bool {
	sent := a.requests.Load()
	return a.differences.Load() > 0 || sent >= a.limit && (sent >= patience*a.limit || len(a.lacking()) == 0)
}

// worker attacks one arena after another. Several workers run in parallel.
type worker struct {
	*attack
	breached bool   // it has found the first difference, and goes on until that is reduced; the others have stopped
	first    string // the difference as it was found, in case it does not come again
}

// once is one history. It has its own organisations, so that it can be repeated from its beginning. In the end one of
// them is suspended, so that streams lose their right in every attack, and not only in most.
func (s *worker) once(t *rapid.T) {
	if s.over() && !s.breached {
		return
	}
	f := newArena(t, s)
	defer f.close()
	for range s.rounds {
		t.Repeat(map[string]func(*rapid.T){"": f.tend, "step": f.step})
	}
	f.fire(t, []*shot{f.suspending(pick(t, "suspended at the end", f.realms), true)}, false)
	f.settle(t)
}

// step sends a few requests. Those of one organisation are sent in sequence, those of different organisations mostly in
// parallel. A request that concerns several organisations is sent alone.
func (f *arena) step(t *rapid.T) {
	if rarely(t, "upheaval", 10) {
		do := pick(t, "upheaval", []func(*rapid.T) *shot{f.placements, f.placements, f.replaceAgent, f.chooseOrg,
			f.endOthersOfBoth, f.changePasswordOfBoth,
			f.listOrgsOfBoth, f.switchOfBoth, f.deleteTemplate, f.deleteTemplate})
		f.fire(t, []*shot{do(t)}, false)
		return
	}
	together := rapid.IntRange(0, 3).Draw(t, "together") > 0 // what needs no race is reduced to a history without
	f.fire(t, rapid.SliceOfN(rapid.Custom(f.draw), 1, 24).Draw(t, "shots"), together)
}

func (f *arena) fire(t *rapid.T, shots []*shot, together bool) {
	groups := map[*realm][]*shot{}
	for _, s := range shots {
		of := s.of
		if !together {
			of = nil // one group for all
		}
		groups[of] = append(groups[of], s)
	}
	var all sync.WaitGroup
	for _, group := range groups {
		all.Go(func() {
			for _, s := range group {
				s.fired, s.difference = true, s.fire()
				s.of.noteFollowers()
				if s.of.noteStreams(); s.difference != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for _, s := range shots {
		if s.fired {
			f.history = append(f.history, s.what)
		}
	}
	for _, s := range shots {
		if s.difference != nil {
			f.fail(t, s.what, s.difference)
		}
	}
}

// fail ends the history with a difference. Its message is the same in each run of the history, so that rapid can reduce
// it. Ids and responses, which differ, go to the log.
func (f *arena) fail(t *rapid.T, where string, d *difference) {
	if s := f.attack; !s.breached {
		if s.breached = s.differences.CompareAndSwap(0, 1); !s.breached {
			t.Skip("another arena has found one, which has the machine to itself now")
		}
	}
	told := f.tell(d)
	if f.attack.first == "" {
		f.attack.first = where + ": " + d.text + "\n" + told
	}
	t.Log(told)
	t.Fatalf("%s: %s", where, d.text)
}

// tell writes a history down.
func (f *arena) tell(d *difference) string {
	var all strings.Builder
	all.WriteString("the history, in whose last step the difference is:\n")
	for i, line := range f.history {
		fmt.Fprintf(&all, "%4d  %s\n", i+1, line)
	}
	return all.String() + d.detail
}

// pick draws one of several.
func pick[T any](t *rapid.T, label string, from []T) T { return rapid.SampledFrom(from).Draw(t, label) }

// rarely is true one time in n.
func rarely(t *rapid.T, label string, n int) bool {
	return rapid.IntRange(0, n-1).Draw(t, label) == n-1
}
