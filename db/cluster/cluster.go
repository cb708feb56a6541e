// Package cluster runs a private PostgreSQL server, for `streamspace dev`, which keeps its data, and for tests, which
// delete it. The server listens only on a Unix socket. Only the operating system's user who started it may connect,
// with the configured roles. The server ends with the program that started it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Superuser is the role that every cluster is made with and that its owner may always log in as.
const Superuser = "postgres"

// Config says where a cluster keeps its data and who may connect.
type Config struct {
	// Dir holds the data, the server's log and, by default, the socket; it is made when it is missing. Empty means a
	// cluster that is thrown away: it lives in a folder of its own, which Stop removes, and trades safety for speed.
	Dir string
	// SocketDir is the folder of the Unix socket. Empty means one in Dir. Its path may have at most 93 bytes.
	SocketDir string
	// Roles are those that the user who started the cluster may log in as, in addition to Superuser. They need not
	// exist yet.
	Roles []string
	// Passwords makes the server ask every role except Superuser for a password (SCRAM), as a server elsewhere does.
	// Otherwise the operating system's user decides which roles may log in.
	Passwords bool
	// Pooler lets the user that the server runs as log in as Roles, too: a pooler refuses to run as root, as the
	// server does.
	Pooler bool
	// User is the user of the operating system that the server runs as when root starts it, since PostgreSQL refuses to
	// run as root. Empty means postgres, which Debian's package makes. Only root needs it.
	User string
	// Settings go to the server's command line, over this package's own.
	Settings map[string]string
}

// Cluster is a running server. One goroutine starts and stops it; DSN, Done and Log may be called from any.
type Cluster struct {
	config Config
	places places
	server *server
	lock   *os.File
	remove string // the folder that Stop removes; empty means none
}

// ErrRunning is what Start returns when another program already runs a cluster in the same folder.
var ErrRunning = errors.New("a PostgreSQL server already runs there")

// Start makes the cluster if it does not exist, starts its server, and returns when it accepts connections. When it
// fails, or ctx is done, no process is left. A cluster outlives ctx once Start has returned: Stop ends it.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	binaries, err := Find(ctx)
	if err != nil {
		return nil, err
	}
	account, err := runAs(config.User)
	if err != nil {
		return nil, err
	}
	c := &Cluster{config: config}
	if config.Dir == "" {
		if c.remove, err = os.MkdirTemp("", "streamspace-pg-"); err != nil {
			return nil, fmt.Errorf("make a folder for a cluster: %w", err)
		}
		c.config.Dir = c.remove
	}
	if err := c.start(ctx, binaries, account); err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL %d in %s: %w", binaries.Version, c.config.Dir, err), c.release())
	}
	return c, nil
}

// start does the work in this order: the folders, the lock, the data, the access rules, the process. Start removes what
// a failure leaves.
func (c *Cluster) start(ctx context.Context, binaries Binaries, account account) error {
	var err error
	if c.places, err = settle(c.config, account); err != nil {
		return err
	}
	if c.lock, err = hold(c.places.lock); err != nil {
		return err
	}
	if err := initialise(ctx, binaries, account, c); err != nil {
		return err
	}
	if err := admit(c.places, account, c.config); err != nil {
		return err
	}
	c.server = &server{
		program: filepath.Join(binaries.Dir, "postgres"),
		args:    append([]string{"-D", c.places.data}, c.settings()...),
		account: account,
		log:     c.places.log,
		pidFile: filepath.Join(c.places.data, "postmaster.pid"),
	}
	return c.server.start(ctx, c.answers)
}

// settings returns the server's settings as arguments. Their order is fixed, so that two starts have the same command
// line.
func (c *Cluster) settings() []string {
	all := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": c.places.socket,
		"unix_socket_permissions": "0700",
		"hba_file":                c.places.hba,
		"ident_file":              c.places.ident,
		"timezone":                "UTC",
		"log_timezone":            "UTC",
	}
	if c.remove != "" { // a temporary cluster is not recovered after a crash
		maps.Copy(all, map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})
	}
	maps.Copy(all, c.config.Settings)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}

// answers connects once, as the superuser, within a second.
func (c *Cluster) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.DSN(Superuser, "postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// DSN is the URL at which a role reaches a database of the cluster, for pgx and for PostgreSQL's own programs. If the
// role is empty, the client must name one.
func (c *Cluster) DSN(role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.places.socket}, "port": {port}, "sslmode": {"disable"}}.Encode(),
	}
	if role != "" {
		u.User = url.User(role)
	}
	return u.String()
}

// Done is closed when the server has ended, by Stop or unexpectedly. The end of its log then says why.
func (c *Cluster) Done() <-chan struct{} { return c.server.ended }

// Log is the path of the server's log. The log of the previous start is next to it and ends in .1.
func (c *Cluster) Log() string { return c.places.log }

// Stop ends the server. It cuts connections and writes committed data. If ctx is done first, it makes the server end
// at once; the next start then recovers from the log. Stop may be called again.
func (c *Cluster) Stop(ctx context.Context) error {
	if err := c.server.stop(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop PostgreSQL in %s: %w", c.config.Dir, err), c.release())
	}
	return c.release()
}

// Down ends the server by a signal and keeps everything else, for tests of an outage: SIGINT is a fast shutdown,
// SIGKILL a crash. Up starts the server again.
func (c *Cluster) Down(by os.Signal) error {
	if err := c.server.process.Signal(by); err != nil {
		return fmt.Errorf("end PostgreSQL in %s: %w", c.config.Dir, err)
	}
	<-c.server.ended
	return nil
}

// Up starts the server after Down, and returns when it accepts connections.
func (c *Cluster) Up(ctx context.Context) error { return c.server.start(ctx, c.answers) }

// release unlocks the folder and removes a temporary one. The server must have ended.
func (c *Cluster) release() error {
	var errs []error
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
		c.lock = nil
	}
	if c.remove != "" {
		errs = append(errs, os.RemoveAll(c.remove))
	}
	return errors.Join(errs...)
}
