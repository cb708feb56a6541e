package postgres

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// trips counts the round trips of every connection that was dialled through it: a write after a read, or the first one.
type trips struct {
	mu sync.Mutex
	n  int
}

func (c *trips) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &countedConn{Conn: conn, trips: c}, err
}

func (c *trips) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = 0
	return n
}

// countedConn is one connection to the server.
type countedConn struct {
	net.Conn
	trips *trips
	asked bool // and not heard since
}

// Write counts a trip when it is the first after an answer.
func (c *countedConn) Write(b []byte) (int, error) {
	c.trips.mu.Lock()
	if !c.asked {
		c.asked = true
		c.trips.n++
	}
	c.trips.mu.Unlock()
	return c.Conn.Write(b)
}

// Read hears an answer.
func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.trips.mu.Lock()
	c.asked = false
	c.trips.mu.Unlock()
	return n, err
}

// counted is a database whose one connection for members is counted; the rest is that of the other tests.
func counted(t *testing.T) (*DB, *trips) {
	t.Helper()
	config, err := poolConfig(Config{URL: database.URL(), Connections: 1}, roleApp)
	if err != nil {
		t.Fatal(err)
	}
	c := &trips{}
	config.ConnConfig.DialFunc = c.dial
	p, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return &DB{
		app: &pool{Pool: p, role: roleApp, size: 1}, appShares: newShares(1),
		login: open.login, agent: open.agent, system: open.system, systemShares: open.systemShares,
	}, c
}

// Each use case may cost so many round trips to the database and no more, once a connection knows its statements. Seen
// to fail with writes sent as they come: create 7, terminate 6, a ticket 4, a refusal 5.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	d, c := counted(t)
	o, other := database.NewOrg(t, dbtest.Spec{PerOrg: 100, PerUser: 100}), database.NewOrg(t, dbtest.Spec{})
	s := sessions.NewService(sessions.Config{
		InOrg: d.Sessions(), Read: d.SessionReads(), Tickets: d.Tickets(),
		Counter: &refusals{},
		Nudger:  sessions.NewNudger(nil, slog.New(slog.NewTextHandler(io.Discard, nil))), Bus: membus.New(),
	})
	ctx, who := t.Context(), as(o, o.Member)
	foreign := insert(t, open, other, other.Member)
	var id sessions.ID
	ok := func(err error) bool { return err == nil }
	for _, u := range []struct {
		name string
		most int
		do   func() error
		want func(error) bool
	}{
		{"create", 4, func() error {
			made, err := s.Create(ctx, who, sessions.Create{Template: "desk"})
			id = made.ID
			return err
		}, ok},
		{"get", 1, func() error { _, err := s.Get(ctx, who, id); return err }, ok},
		{"list", 1, func() error {
			_, err := s.List(ctx, who, sessions.Filter{}, page.Request{Limit: 50})
			return err
		}, ok},
		{"list the active", 1, func() error {
			_, err := s.List(ctx, who, sessions.Filter{Active: true}, page.Request{Limit: 50})
			return err
		}, ok},
		{"issue a ticket", 3, func() error { _, err := s.IssueTicket(ctx, who, id); return err }, ok},
		{"terminate", 4, func() error { _, err := s.Terminate(ctx, who, id); return err }, ok},
		{"terminate again", 3, func() error { _, err := s.Terminate(ctx, who, id); return err }, ok},
		{"refuse a foreign id", 4, func() error { _, err := s.Get(ctx, who, foreign); return err },
			func(err error) bool { return fault.Of(err).Code == "other_org" }},
		{"refuse an unknown id", 4, func() error { _, err := s.Get(ctx, who, sessions.ID{UUID: uuid.New()}); return err },
			func(err error) bool { return fault.Of(err).Code == "session_not_found" }},
		{"who am I", 1, func() error { _, err := d.IdentityReads()(who).Me(ctx); return err }, ok},
		{"the templates", 1, func() error {
			_, err := d.TemplateReads()(who).Templates(ctx, page.Cursor{}, 50)
			return err
		}, ok},
	} {
		if u.name == "get" {
			if err := u.do(); err != nil { // both forms of a read are known from here on
				t.Fatal(err)
			}
		}
		if err := u.do(); !u.want(err) { // prepares what is new
			t.Fatalf("%s: %v", u.name, err)
		}
		if u.name == "terminate" { // it is the first call that counts
			if _, err := s.Create(ctx, who, sessions.Create{Template: "desk"}); err != nil {
				t.Fatal(err)
			}
			made, err := s.Create(ctx, who, sessions.Create{Template: "desk"})
			if err != nil {
				t.Fatal(err)
			}
			id = made.ID
		}
		c.take()
		if err := u.do(); !u.want(err) {
			t.Fatalf("%s: %v", u.name, err)
		}
		n := c.take()
		t.Logf("%-22s %d round trips", u.name, n)
		if n == 0 || n > u.most {
			t.Errorf("%s: %d round trips, at most %d", u.name, n, u.most)
		}
	}
}

// A transaction that writes alone, and its commit, are sent at once.
func TestWritesGoWithTheirCommit(t *testing.T) {
	t.Parallel()
	d, c := counted(t)
	o, ctx := database.NewOrg(t, dbtest.Spec{}), t.Context()
	write := func() {
		err := inOrg(d)(ctx, as(o, o.Member), func(tx *memberTx) error {
			for range 10 {
				if err := tx.RecordAudit(ctx, "x.y", "z"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write()
	c.take()
	write()
	if n := c.take(); n != 2 { // begin and enter; everything else
		t.Errorf("ten writes took %d round trips", n)
	}
	refuse := func() error {
		stale := o.Member
		stale.Role = "owner"
		return inOrg(d)(ctx, as(o, stale), func(*memberTx) error { return nil })
	}
	if err := refuse(); fault.Of(err).Code != "stale_token" {
		t.Fatal(err)
	}
	if n := c.take(); n != 2 { // begin and enter; rollback
		t.Errorf("a refusal took %d round trips", n)
	}
}
