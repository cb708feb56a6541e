package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// rig is a control plane, PostgreSQL and two agents, each a process that can be killed or frozen, with a network that
// can fail between each two of them and between them and the clients.
type rig struct {
	*testing.T

	folder   string
	config   cluster.Config
	database *cluster.Cluster
	server   *daemon
	agents   []*daemon
	clients  *relay   // between clients and control plane
	links    []*relay // between each agent and the control plane
	storage  *relay   // between control plane and PostgreSQL
	bearer   string
}

// daemon is a program that is started again and again.
type daemon struct {
	name string
	args []string
	env  []string
	log  output

	cmd   *exec.Cmd
	ended chan struct{}
}

// output is what a program has printed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	folder, err := os.MkdirTemp("", "streamspace-chaos-") // where other users can reach it
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, folder: folder, config: cluster.Config{Dir: filepath.Join(folder, "pg"), Roles: db.Roles()}}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(folder, 0o755), os.Mkdir(filepath.Join(folder, "db"), 0o700),
		os.Symlink(self, filepath.Join(folder, program)), jwt.EnsureKeys(filepath.Join(folder, "keys"))); err != nil {
		t.Fatal(err)
	}
	r.startDatabase()
	t.Cleanup(func() { _ = r.database.Stop(context.Background()) })
	r.build()
	return r
}

// build makes the database, one organisation with two agents, and starts everything.
func (r *rig) build() {
	r.Helper()
	listen := freeAddress(r.T)
	tcp := func() (net.Conn, error) { return net.Dial("tcp", listen) }
	r.storage = newRelay(r.T, "unix", filepath.Join(r.folder, "db", ".s.PGSQL.5432"), func() (net.Conn, error) {
		return net.Dial("unix", filepath.Join(r.config.Dir, "socket", ".s.PGSQL.5432"))
	})
	r.clients = newRelay(r.T, "tcp", "127.0.0.1:0", tcp)
	direct := "STREAMSPACE_DATABASE_URL=" + r.database.DSN("", "streamspace")
	r.administer(direct)
	r.server = &daemon{name: "serve", args: []string{"serve"}, env: []string{
		"STREAMSPACE_DATABASE_URL=postgres:///streamspace?sslmode=disable&host=" + filepath.Join(r.folder, "db"),
		"STREAMSPACE_SIGNING_KEYS=" + filepath.Join(r.folder, "keys"), "STREAMSPACE_LISTEN=" + listen,
		"STREAMSPACE_OPS_LISTEN=" + freeAddress(r.T), "STREAMSPACE_PUBLIC_URL=" + r.url(),
	}}
	r.start(r.server)
	for i := range 2 {
		link := newRelay(r.T, "tcp", "127.0.0.1:0", tcp)
		r.links = append(r.links, link)
		a := &daemon{name: host(i), args: []string{"agent"}, env: []string{
			"STREAMSPACE_CONTROL_URL=http://" + link.listener.Addr().String(),
			"STREAMSPACE_AGENT_CREDENTIAL=" + filepath.Join(r.folder, host(i)+".credential"),
			"STREAMSPACE_DATA=" + filepath.Join(r.folder, host(i)), "STREAMSPACE_AGENT_SLOTS=4",
		}}
		r.agents = append(r.agents, a)
		r.start(a)
	}
	r.Cleanup(r.stop)
}

func host(i int) string { return "host-" + strconv.Itoa(i+1) }

func (r *rig) url() string { return "http://" + r.clients.listener.Addr().String() }

// administer does what an operator does before the first start.
func (r *rig) administer(database string) {
	r.Helper()
	super, err := pgx.Connect(r.Context(), r.database.DSN(cluster.Superuser, "postgres"))
	if err != nil {
		r.Fatal(err)
	}
	if _, err := super.Exec(r.Context(), "create database streamspace"); err != nil {
		r.Fatal(err)
	}
	_ = super.Close(r.Context())
	password, template := filepath.Join(r.folder, "password"), filepath.Join(r.folder, "template.json")
	if err := errors.Join(os.WriteFile(password, []byte(ownersPassword), 0o600),
		os.WriteFile(template, []byte(`{"name": "terminal", "title": "Terminal", "spec": {"command": ["xterm"]}}`), 0o600),
	); err != nil {
		r.Fatal(err)
	}
	prepare := "STREAMSPACE_ADMIN_DATABASE_URL=" + r.database.DSN(cluster.Superuser, "streamspace")
	for _, line := range []string{
		"admin database prepare", "migrate", "admin user create owner@example.test --name Owner --password-file " + password,
		"admin org create --slug acme --name Acme --owner owner@example.test --sessions 6 --sessions-per-user 6",
		"admin template publish " + template,
		"admin agent enrol host-1 --credential " + filepath.Join(r.folder, "host-1.credential"),
		"admin agent enrol host-2 --credential " + filepath.Join(r.folder, "host-2.credential"),
		"admin agent serve host-1 acme", "admin agent serve host-2 acme",
	} {
		r.command(line, database, prepare)
	}
}

// command runs the program once, and returns what it prints.
func (r *rig) command(line string, environ ...string) string {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(r.folder, program), strings.Fields(line)...)
	cmd.Env = slices.Concat(environ, []string{"PATH=" + os.Getenv("PATH"), "STREAMSPACE_OPERATOR=test"})
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.Fatalf("streamspace %s: %v\n%s", line, err, out)
	}
	return string(out)
}

func (r *rig) startDatabase() {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	var err error
	if r.database, err = cluster.Start(ctx, r.config); err != nil {
		r.Fatal(err)
	}
}

// killDatabase kills the server's first process; the others end by themselves.
func (r *rig) killDatabase() {
	_ = syscall.Kill(r.postmaster(), syscall.SIGKILL)
	<-r.database.Done()
	_ = r.database.Stop(context.Background()) // which lets go of the folder
}

// crashDatabase kills one process of the server, which ends all others and recovers.
func (r *rig) crashDatabase() {
	for _, pid := range children(r.postmaster()) {
		if bytes.Contains(argumentsOf(pid), []byte("streamspace_app")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return
		}
	}
}

// signalDatabase sends a signal to every process of the server.
func (r *rig) signalDatabase(s syscall.Signal) {
	main := r.postmaster()
	for _, pid := range append(children(main), main) {
		_ = syscall.Kill(pid, s)
	}
}

func (r *rig) postmaster() int {
	b, err := os.ReadFile(filepath.Join(r.config.Dir, "data", "postmaster.pid"))
	if err != nil {
		r.Fatal(err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		r.Fatal(err)
	}
	return pid
}

// children are the processes that a process has started and that run.
func children(parent int) (pids []int) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		b, _ := os.ReadFile(filepath.Join(folder, "stat")) // it may have ended
		_, rest, _ := strings.Cut(string(b), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(folder))
			pids = append(pids, pid)
		}
	}
	return pids
}

func argumentsOf(pid int) []byte {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return b
}

// start starts a process, unless it runs. One that could not begin while the database was away has ended by itself,
// and a service manager would start it again.
func (r *rig) start(p *daemon) {
	if p.cmd != nil {
		select {
		case <-p.ended:
		default:
			return
		}
	}
	p.cmd = exec.Command(filepath.Join(r.folder, program), p.args...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "STREAMSPACE_LOG_LEVEL=warn"}, p.env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		r.Fatal(err)
	}
	ended, cmd := make(chan struct{}), p.cmd
	p.ended = ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
}

func (p *daemon) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// end ends a process by a signal. It must be started again.
func (r *rig) end(p *daemon, s syscall.Signal) {
	if p.cmd == nil {
		return
	}
	p.signal(s)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.signal(syscall.SIGKILL)
		<-p.ended
		r.Errorf("%s did not end when it was told to", p.name)
	}
	p.cmd = nil
}

// stop ends everything, the agents first, and shows the logs of a test that has failed.
func (r *rig) stop() {
	r.heal()
	for _, p := range slices.Concat(r.agents, []*daemon{r.server}) {
		r.end(p, syscall.SIGTERM)
		text := p.log.String()
		for _, word := range []string{"DATA RACE", "panic:"} {
			if strings.Contains(text, word) {
				r.Errorf("the log of %s has a %s", p.name, word)
			}
		}
		if r.Failed() {
			r.Logf("the log of %s:\n%s", p.name, text)
		}
	}
}

// heal ends everything that network and processes suffer from, and starts what does not run.
func (r *rig) heal() {
	for _, l := range slices.Concat(r.links, []*relay{r.clients, r.storage}) {
		l.heal()
	}
	select {
	case <-r.database.Done():
		r.startDatabase()
	default:
	}
	r.signalDatabase(syscall.SIGCONT)
	for _, p := range slices.Concat(r.agents, []*daemon{r.server}) {
		r.start(p)
		p.signal(syscall.SIGCONT)
	}
}

// leftOf are the processes that have a session's id in their arguments, environment or mounts.
func leftOf(session uuid.UUID) (pids []string) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		for _, name := range []string{"cmdline", "environ", "mountinfo"} {
			b, _ := os.ReadFile(filepath.Join(folder, name)) // it may have ended
			if bytes.Contains(b, []byte(session.String())) {
				pids = append(pids, filepath.Base(folder))
				break
			}
		}
	}
	return pids
}
