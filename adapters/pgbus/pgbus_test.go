package pgbus_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/adapters/pgbus"
	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/bus/bustest"
)

var (
	database *dbtest.Database
	opened   *postgres.DB
)

func TestMain(m *testing.M) {
	code := dbtest.Main(m, func(d *dbtest.Database) {
		database = d
		var err error
		if opened, err = postgres.Open(context.Background(), postgres.Config{URL: d.URL()}); err != nil {
			panic(err)
		}
	})
	if opened != nil {
		opened.Close()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// start runs a bus with a connection of its own until the test ends. It returns when the bus listens.
func start(t *testing.T, connect func(context.Context) (*pgx.Conn, error), log *logbook) *pgbus.Bus {
	t.Helper()
	b := pgbus.New(pgbus.Config{Local: membus.New(), Connect: connect, Log: slog.New(slog.NewTextHandler(log, nil))})
	listening, stop := b.Watch(bus.Elsewhere)
	defer stop()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	expect(t, listening)
	return b
}

// channel makes an empty database, in which nothing but the test's buses notifies, and returns how to connect to it.
func channel(t *testing.T) func(context.Context) (*pgx.Conn, error) {
	t.Helper()
	config, name := database.Config(cluster.Superuser).Copy(), "bus_"+strings.ToLower(rand.Text())
	if _, err := database.Superuser(t).Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	config.Database = name
	return func(ctx context.Context) (*pgx.Conn, error) { return pgx.ConnectConfig(ctx, config) }
}

func expect(t *testing.T, woken <-chan struct{}) {
	t.Helper()
	select {
	case <-woken:
	case <-time.After(10 * time.Second):
		t.Fatal("no wake came")
	}
}

// logbook keeps what is logged.
type logbook struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func TestBus(t *testing.T) {
	bustest.Run(t, func(t *testing.T) bus.Bus { return start(t, channel(t), &logbook{}) })
}

func TestReplicas(t *testing.T) {
	bustest.Across(t, func(t *testing.T) (bus.Bus, bus.Bus) {
		connect := channel(t)
		return start(t, connect, &logbook{}), start(t, connect, &logbook{})
	})
}

// Seen to fail with a topic as the payload, and without the pause.
func TestNotificationsSayNothingAndAreFew(t *testing.T) {
	t.Parallel()
	listener := database.Connect(t, "streamspace_system")
	if _, err := listener.Exec(t.Context(), "listen streamspace_changed"); err != nil {
		t.Fatal(err)
	}
	b := start(t, opened.Listen, &logbook{})
	began := time.Now()
	for time.Since(began) < time.Second/2 {
		b.Wake("events:of-an-organisation")
	}
	took := time.Since(began)
	heard := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		n, err := listener.WaitForNotification(ctx)
		cancel()
		if err != nil {
			break
		}
		heard++
		if n.Payload != "" {
			t.Fatalf("a notification said %q", n.Payload)
		}
	}
	if most := int(took/(5*time.Millisecond)) + 2; heard == 0 || heard > most {
		t.Errorf("%d notifications in %v, want 1 to %d", heard, took, most)
	}
}

// A connection is broken on the server's side. Seen to fail without the second attempt, and without the wake after it.
func TestABrokenConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	connect, log := channel(t), &logbook{}
	one, other := start(t, connect, log), start(t, connect, &logbook{})
	atOne, stopOne := one.Watch(bus.Elsewhere)
	defer stopOne()
	atOther, stopOther := other.Watch(bus.Elsewhere)
	defer stopOther()
	super, err := connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer super.Close(context.WithoutCancel(t.Context()))
	for range 3 {
		var ended int
		if err := super.QueryRow(t.Context(), `select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`).Scan(&ended); err != nil {
			t.Fatal(err)
		}
		if ended != 2 {
			t.Errorf("%d connections listened, want 2", ended)
		}
		expect(t, atOne) // each is told that it may have missed something
		expect(t, atOther)
		one.Wake("desk")
		expect(t, atOther)
		other.Wake("desk")
		expect(t, atOne)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 3 {
		t.Errorf("three outages were logged so:\n%s", log)
	}
}

// While there is no connection a wake is kept for the others, and one line says what is missing.
func TestAWakeWithoutAConnectionIsToldLater(t *testing.T) {
	t.Parallel()
	other := start(t, opened.Listen, &logbook{})
	heard, stop := other.Watch(bus.Elsewhere)
	defer stop()
	attempts, refused, log := 0, make(chan struct{}), &logbook{}
	one := pgbus.New(pgbus.Config{Local: membus.New(), Log: slog.New(slog.NewTextHandler(log, nil)),
		Connect: func(ctx context.Context) (*pgx.Conn, error) {
			if attempts++; attempts < 3 {
				return nil, context.DeadlineExceeded
			}
			<-refused
			return opened.Listen(ctx)
		}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- one.Run(ctx) }()
	here, stopHere := one.Watch("desk")
	defer stopHere()
	one.Wake("desk")
	expect(t, here)
	close(refused)
	expect(t, heard)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("logged:\n%s", log)
	}
}
