package cluster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDataIsThereAtTheNextStart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, Config{Dir: dir})
	run(t, first, "create table notes (said text); insert into notes values ('hello')")
	stop(t, first)

	if got := ask(t, start(t, Config{Dir: dir}), "select said from notes"); got != "hello" {
		t.Errorf("the row says %q after a restart, want hello", got)
	}
}

func TestDataIsThereAfterACrash(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, Config{Dir: dir})
	run(t, first, "create table notes (said text); insert into notes values ('hello')")
	if err := first.server.process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.Done()
	stop(t, first) // gives up the folder's lock, as the end of a program does

	if got := ask(t, start(t, Config{Dir: dir}), "select said from notes"); got != "hello" {
		t.Errorf("the row says %q after a crash, want hello", got)
	}
}

func TestSecondClusterInAFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, Config{Dir: dir})
	if _, err := Start(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrRunning) {
		t.Errorf("a second start says %v, want %v", err, ErrRunning)
	}

	// A server that was started by hand does not hold our lock. PostgreSQL's own lock prevents the second start.
	if err := first.lock.Close(); err != nil {
		t.Fatal(err)
	}
	first.lock = nil
	if _, err := Start(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrRunning) {
		t.Errorf("a start beside a server that was started by hand says %v, want %v", err, ErrRunning)
	}
	run(t, first, "select 1")
}

func TestClusterToThrowAwayLeavesNothing(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Settings: map[string]string{"max_connections": "37"}})
	want := map[string]string{
		"max_connections": "37", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
		"listen_addresses": "", "data_checksums": "on", "server_encoding": "UTF8", "TimeZone": "UTC",
	}
	for name, want := range want {
		if got := ask(t, c, "select current_setting('"+name+"')"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	stop(t, c)
	if _, err := os.Stat(c.config.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Stop its folder answers %v, want %v", err, fs.ErrNotExist)
	}
}

func TestFailedStartShowsWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Config{Dir: folder(t), Settings: map[string]string{"shared_buffers": "many"}})
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers": "many"`) {
		t.Errorf("the error is %v, want what the server's log says of shared_buffers", err)
	}
}

func TestInterruptedInitdbIsDoneAgain(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, start(t, Config{Dir: dir}), "select 1")
}

func TestLongSocketPathIsNamed(t *testing.T) {
	t.Parallel()
	long := filepath.Join(folder(t), strings.Repeat("a", 100))
	_, err := Start(t.Context(), Config{Dir: long})
	if err == nil || !strings.Contains(err.Error(), "choose a shorter folder") {
		t.Errorf("the error is %v, want one about the socket's path", err)
	}
	run(t, start(t, Config{Dir: long, SocketDir: filepath.Join(folder(t), "s")}), "select 1")
}

func TestStartOfACancelledContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want %v", err, context.Canceled)
	}
}

// folder makes one that PostgreSQL's user can reach, which a folder of t.TempDir is not, with a path short enough for a
// socket.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, config Config) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, c *Cluster, statements string) {
	t.Helper()
	conn := connect(t, c)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, c *Cluster, query string) string {
	t.Helper()
	conn := connect(t, c)
	defer conn.Close(t.Context())
	var answer string
	if err := conn.QueryRow(t.Context(), query).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func connect(t *testing.T, c *Cluster) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.DSN(Superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
