// Package pgbus implements ports/bus between the replicas of a control plane, by PostgreSQL's LISTEN and NOTIFY on one
// connection of its own. app/server wraps the process's own bus with it.
//
// A notification has no payload and always the same channel. PostgreSQL lets every role that can connect listen to
// any channel, so that a notification must say nothing about an organisation, not even which one. It says that some
// replica has written something. The others then ask the database, in one statement, which of the organisations that
// they watch have new events. For the same reason a notification that someone forged costs one such statement and no
// more.
//
// No transaction of a request notifies: that would take a lock of the whole server at each commit. The bus sends at
// most one notification every few milliseconds, whatever was written meanwhile.
//
// A notification may be lost, for instance while the connection is away. Every watcher polls each second as well.
package pgbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// pause is the least time between two notifications of one replica. A replica that writes without a break costs the
	// server at most 200 small transactions a second, and each other replica as many looks.
	pause = 5 * time.Millisecond
	// timeout bounds connecting and each statement.
	timeout = 3 * time.Second
	// checkInterval is how often a connection is checked on which nothing happens: a broken network says nothing.
	checkInterval = 5 * time.Second
	// firstRetry and lastRetry are the waits between attempts to connect.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// The statements. The channel belongs to the database, so that control planes of other databases do not hear it.
const (
	listen = "listen streamspace_changed"
	notify = "notify streamspace_changed"
)

// errPooler is what a pooler comes to: it gives the connection behind ours to other clients, and notifications with it.
var errPooler = errors.New("the address leads to a pooler, through which no one can listen: " +
	"set STREAMSPACE_DATABASE_LISTEN_URL to the server's own address")

// Config has everything that a Bus needs. No field may be left out.
type Config struct {
	Local   bus.Bus                                  // delivers within this process
	Connect func(context.Context) (*pgx.Conn, error) // opens a connection that no one else uses
	Log     *slog.Logger
}

// Bus wakes watchers in this process and in the other replicas. It is safe for concurrent use.
type Bus struct {
	bus.Bus // the local one: it has the watchers
	config  Config
	unsent  chan struct{} // has a value while the others have not been told of a wake
}

var _ bus.Bus = (*Bus)(nil)

// New makes a bus that wakes no other replica until Run is called.
func New(c Config) *Bus { return &Bus{Bus: c.Local, config: c, unsent: make(chan struct{}, 1)} }

// Wake implements bus.Bus.
func (b *Bus) Wake(topic string) {
	b.Bus.Wake(topic)
	b.owe()
}

// owe notes that the others must be told.
func (b *Bus) owe() {
	select {
	case b.unsent <- struct{}{}:
	default: // they have not been told of an earlier wake: one notification is for both
	}
}

// Run tells and hears the other replicas until ctx is done, and connects again after each failure. It returns nil, also
// where no one can listen: then every watcher polls.
func (b *Bus) Run(ctx context.Context) error {
	retry, said := firstRetry, false
	for {
		connected, err := b.serve(ctx)
		if connected {
			retry, said = firstRetry, false
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errPooler):
			b.config.Log.WarnContext(ctx, "changes on other replicas are noticed within a second and not at once", "error", err)
			return nil
		case !said: // one line for each outage
			said = true
			b.config.Log.WarnContext(ctx, "changes on other replicas are noticed within a second until the database can be "+
				"listened to again", "error", err)
		}
		// Replicas that lost the same server do not come back to it all at once.
		if !sleep(ctx, periodic.Spread(retry)) {
			return nil
		}
		retry = min(2*retry, lastRetry)
	}
}

// serve uses one connection until it breaks or ctx is done, and says whether it could listen.
func (b *Bus) serve(ctx context.Context) (connected bool, err error) {
	conn, err := b.open(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		_ = conn.Close(ctx) // it may be broken
	}()
	b.Bus.Wake(bus.Elsewhere) // what was sent meanwhile is lost
	return true, b.attend(ctx, conn)
}

// open connects and listens. It finds a pooler before it listens there for someone else.
func (b *Bus) open(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := b.config.Connect(ctx)
	if err != nil {
		return nil, err
	}
	var behind uint32 // the process that serves; a pooler tells its clients of another one
	if err = conn.QueryRow(ctx, "select pg_backend_pid()").Scan(&behind); err == nil && behind != conn.PgConn().PID() {
		err = errPooler
	}
	if err == nil {
		_, err = conn.Exec(ctx, listen)
	}
	if err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("listen: %w", err)
	}
	return conn, nil
}

// attend hears and tells the others, one after the other, since a connection does one thing at a time. It returns nil
// when ctx is done.
func (b *Bus) attend(ctx context.Context, conn *pgx.Conn) error {
	own, next := conn.PgConn().PID(), time.Now() // next is when the others may be told again
	for {
		wait, stop := context.WithTimeout(ctx, checkInterval)
		due := make(chan bool, 1)
		go func() {
			due <- b.untilDue(wait, time.Until(next))
			stop()
		}()
		heard, err := conn.WaitForNotification(wait)
		stop()
		tell := <-due
		switch {
		case ctx.Err() != nil:
			return nil
		case conn.IsClosed():
			if tell {
				b.owe()
			}
			return err
		case err == nil && heard.PID != own:
			b.Bus.Wake(bus.Elsewhere)
		}
		if err == nil && !tell {
			continue
		}
		if err := b.say(ctx, conn, tell); err != nil {
			return err
		}
		if tell {
			next = time.Now().Add(pause)
		}
	}
}

// say tells the others, or only checks the connection.
func (b *Bus) say(ctx context.Context, conn *pgx.Conn, tell bool) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !tell {
		return conn.Ping(ctx)
	}
	_, err := conn.Exec(ctx, notify)
	if err != nil {
		b.owe()
	}
	return err
}

// untilDue waits until the others must be told and may be; false: ctx is done.
func (b *Bus) untilDue(ctx context.Context, after time.Duration) bool {
	if after > 0 && !sleep(ctx, after) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-b.unsent:
		return true
	}
}

// sleep waits; false: ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
