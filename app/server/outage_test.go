package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

const (
	// recovered is how long after the return of the database every request succeeds.
	recovered = 2 * time.Second
	// quiet is how long requests run after that.
	quiet = time.Second
)

// client sends requests before, while and after the database is away.
type client struct {
	testing.TB

	server *servertest.Server
	org    *dbtest.Org
	bearer string
	stop   chan struct{}

	mu     sync.Mutex
	last   time.Time      // of an answer that was no success
	away   map[string]int // answers of each code
	made   []uuid.UUID    // by the requests with a key
	failed []string       // answers that no client may get
}

// answered checks one answer, and reports whether it was a success.
func (c *client) answered(what string, a servertest.Answer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.Status < http.StatusMultipleChoices {
		return true
	}
	c.last = time.Now()
	c.away[a.Code()]++
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		c.failed = append(c.failed, fmt.Sprintf("%s: %d %s", what, a.Status, a.Body))
	}
	return false
}

// loop runs one kind of request until the test ends.
func (c *client) loop(once func(n int)) func() {
	return func() {
		for n := 0; ; n++ {
			select {
			case <-c.stop:
				return
			default:
				once(n)
			}
		}
	}
}

func (c *client) list(int) {
	c.answered("list", c.server.Answer(c, servertest.Request{
		Method: http.MethodGet, Path: "/api/v1/sessions", Bearer: c.bearer,
	}))
}

func (c *client) signIn(int) {
	c.answered("sign in", c.server.Answer(c, servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/auth/login",
		Body: map[string]any{"email": c.org.Member.Email, "password": servertest.Password},
	}))
}

// create creates a template, and sends the request again with its key until it succeeds.
func (c *client) create(n int) {
	name := fmt.Sprintf("outage-%d", n)
	for {
		a := c.server.Answer(c, servertest.Request{
			Method: http.MethodPost, Path: "/api/v1/templates", Bearer: c.bearer,
			Header: http.Header{"Idempotency-Key": {name}},
			Body:   map[string]any{"name": name, "title": name, "spec": map[string]any{}},
		})
		if c.answered("create", a) {
			var made struct{ ID uuid.UUID }
			a.Decode(c, &made)
			c.made = append(c.made, made.ID)
			return
		}
		select {
		case <-c.stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// templates are the ids of what create has made, as the database has them.
func (c *client) templates() (all []uuid.UUID) {
	c.Helper()
	err := c.server.Database.Superuser(c).QueryRow(c.Context(),
		"select coalesce(array_agg(id), '{}') from app.templates where name like 'outage-%' and org_id = $1",
		c.org.ID.UUID).Scan(&all)
	if err != nil {
		c.Fatal(err)
	}
	return all
}

// states are the sessions' states.
func (c *client) states() map[string]string {
	c.Helper()
	rows, err := c.server.Database.Superuser(c).Query(c.Context(), "select id::text, state from app.sessions")
	if err != nil {
		c.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id, state string
		if err := rows.Scan(&id, &state); err != nil {
			c.Fatal(err)
		}
		all[id] = state
	}
	if rows.Err() != nil {
		c.Fatal(rows.Err())
	}
	return all
}

// While the database is away each answer is a success or says when to try again. Once it is back every request works,
// what was sent again was done once, and the sessions are as they were.
func TestAnOutageOfTheDatabase(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]func(*testing.T, *dbtest.Database){
		"restarted": func(t *testing.T, d *dbtest.Database) { d.Down(t, syscall.SIGINT); d.Up(t) },
		"killed":    func(t *testing.T, d *dbtest.Database) { d.Down(t, os.Kill); d.Up(t) },
		"away for a while": func(t *testing.T, d *dbtest.Database) {
			d.Down(t, syscall.SIGINT)
			time.Sleep(5 * time.Second)
			d.Up(t)
		},
		"read-only": func(t *testing.T, d *dbtest.Database) {
			setting(t, d, "alter system set default_transaction_read_only = on")
			time.Sleep(time.Second)
			setting(t, d, "alter system reset default_transaction_read_only")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survive(t, outage)
		})
	}
}

// setting changes a setting of the server.
func setting(t *testing.T, d *dbtest.Database, statement string) {
	t.Helper()
	conn := d.Superuser(t)
	for _, sql := range []string{"set default_transaction_read_only = off", statement, "select pg_reload_conf()"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// durable lets commits survive a crash, as they do in production, from the next connection on. It ends the others.
func durable(t *testing.T, d *dbtest.Database) {
	t.Helper()
	conn := d.Superuser(t)
	for _, sql := range []string{
		"alter role all set synchronous_commit = on",
		"select pg_terminate_backend(pid, 1000) from pg_stat_activity where usename like 'streamspace%'",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(recovered) // the pools notice
}

func survive(t *testing.T, outage func(*testing.T, *dbtest.Database)) {
	t.Helper()
	d := dbtest.Own(t)
	s, err := servertest.Start(t.Context(), d, servertest.Config{Unlimited: true})
	if err != nil {
		t.Fatal(err)
	}
	durable(t, d)
	o := s.NewOrg(t, dbtest.Spec{})
	c := &client{TB: t, server: s, org: o, bearer: s.Bearer(t, o.Admin), stop: make(chan struct{}), away: map[string]int{}}
	s.AgentSeen(t, o)
	var session struct{ ID string }
	start := servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/sessions", Bearer: c.bearer, Body: map[string]any{"template": "desk"},
	}
	if status := s.Call(t, start, &session); status != http.StatusCreated {
		t.Fatalf("start a session: %d", status)
	}
	before := c.states()
	var running sync.WaitGroup
	for range 4 {
		running.Go(c.loop(c.list))
	}
	running.Go(c.loop(c.signIn))
	running.Go(c.loop(c.create))
	time.Sleep(quiet)
	outage(t, d)
	back := time.Now()
	time.Sleep(recovered + quiet)
	close(c.stop)
	running.Wait()
	t.Logf("%d created, %v refused, the last one %v after the return", len(c.made), c.away, c.last.Sub(back))
	for _, answer := range c.failed {
		t.Error(answer)
	}
	if len(c.away) == 0 || c.last.After(back.Add(recovered)) {
		t.Errorf("%v were refused, the last one %v after the return", c.away, c.last.Sub(back))
	}
	made, there := slices.Clone(c.made), c.templates()
	compare := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(made, compare)
	slices.SortFunc(there, compare)
	if !slices.Equal(made, there) {
		t.Errorf("%d were created, and %d are there", len(made), len(there))
	}
	if after := c.states(); !maps.Equal(before, after) {
		t.Errorf("the sessions were %v and are %v", before, after)
	}
}
