package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/certs"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// program is the name under which this test's program runs as streamspace.
const program = "streamspace"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == program || process.IsSupervisor() {
		main()
		return
	}
	os.Exit(m.Run())
}

const (
	// patience is how long the test waits for a program, a desktop, or a command of the guide.
	patience       = time.Minute
	ownersPassword = "correct horse battery staple"
)

// TestTheProductionGuide runs the commands of docs/production.md, from an empty server to a desktop, and from a backup
// to a desktop on the restored database.
func TestTheProductionGuide(t *testing.T) {
	t.Parallel()
	for _, posture := range []string{"superuser", "managed"} {
		t.Run(posture, func(t *testing.T) {
			t.Parallel()
			in := newInstallation(t, posture == "managed")
			for _, chapter := range []string{"install", "prepare", "audit", "keys", "tls", "serve", "ready"} {
				in.follow(chapter)
			}
			in.trust()
			owner := in.setUp(strings.TrimSpace(in.follow("setup")))
			for _, chapter := range []string{"owner", "template", "heads", "packages", "agent"} {
				in.follow(chapter)
			}
			before := in.signIn(owner)
			in.desktop(before)
			if in.noDump {
				t.Skip("backup and restore are left out: this build of PostgreSQL has no pg_dump")
			}
			in.follow("backup")
			in.signOut(before)

			in.follow("restore")
			in.follow("ready")
			if status := in.call(http.MethodGet, "/api/v1/sessions", before, nil, nil); status != http.StatusUnauthorized {
				t.Errorf("who signed out after the backup is answered %d on the restored database", status)
			}
			in.desktop(in.signIn(owner))
		})
	}
}

// installation is a database's server and a machine on which an administrator follows the guide.
type installation struct {
	*machine

	managed bool
	noDump  bool // the server's build has no pg_dump, which refuses a newer server than its own
	guide   string
	url     string // of the control plane
	client  *http.Client
	server  *pgx.ConnConfig
}

func newInstallation(t *testing.T, managed bool) *installation {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Config{Passwords: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return installOn(t, c, managed)
}

// installOn makes an installation that uses a server.
func installOn(t *testing.T, c *cluster.Cluster, managed bool) *installation {
	t.Helper()
	guide, err := os.ReadFile("../../docs/production.md")
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{machine: newMachine(t), managed: managed, guide: string(guide)}
	listen := freeAddress(t)
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		t.Fatal(err)
	}
	in.url = "https://localhost:" + port
	in.administer(c)
	in.replace = append(in.replace,
		"https://desks.example.com", in.url, "desks.example.com", "localhost",
		"0.0.0.0:443", listen, "127.0.0.1:9090", freeAddress(t),
		"postgres://db.example.com/streamspace?sslmode=verify-full", in.databaseURL("streamspace"))
	return in
}

// administer adds to the environment what the database's administrator has.
func (in *installation) administer(c *cluster.Cluster) {
	in.Helper()
	super, err := pgx.Connect(in.Context(), c.DSN(cluster.Superuser, "postgres"))
	if err != nil {
		in.Fatal(err)
	}
	defer super.Close(context.Background())
	if in.managed {
		if _, err := super.Exec(in.Context(), "create role dba login createrole createdb password 'dbas'"); err != nil {
			in.Fatal(err)
		}
	}
	binaries, err := cluster.Find(in.Context())
	if err != nil {
		in.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(binaries.Dir, "pg_dump")); err != nil {
		in.noDump = binaries.Version > cluster.MinVersion
	}
	in.server = super.Config()
	in.environ = append(in.environ, "PGHOST="+in.server.Host, fmt.Sprintf("PGPORT=%d", in.server.Port),
		"PGUSER=postgres", "PGSSLMODE=disable")
	in.environ[0] += ":" + binaries.Dir
	if in.managed {
		in.environ = append(in.environ, "PGUSER=dba", "PGPASSWORD=dbas")
	}
	in.open()
}

// open lets the control plane's user reach the server's socket, which is root's and its own after a start.
func (in *installation) open() {
	in.Helper()
	if os.Geteuid() != 0 {
		return
	}
	// The control plane's user reaches the socket, as on a server that has not only one user.
	socket := filepath.Join(in.server.Host, fmt.Sprintf(".s.PGSQL.%d", in.server.Port))
	folder := filepath.Dir(in.server.Host)
	if err := errors.Join(os.Chmod(socket, 0o777), os.Chmod(in.server.Host, 0o755), os.Chmod(folder, 0o711)); err != nil {
		in.Fatal(err)
	}
}

// block matches a block of commands in the guide, with the chapter that it names.
var block = regexp.MustCompile("(?ms)^ *```sh ([a-z ]+)\n(.*?)^ *```$")

// follow runs the blocks of a chapter, in one shell each, and keeps what they export for those that come later. It
// returns what the last one prints.
func (in *installation) follow(chapter string) (out string) {
	in.Helper()
	ran := 0
	for _, m := range block.FindAllStringSubmatch(in.guide, -1) {
		name, onlyManaged := strings.CutSuffix(m[1], " managed")
		if name == chapter && (in.managed || !onlyManaged) {
			out = in.shell(in.placed(m[2]))
			in.systemctl()
			ran++
		}
	}
	if ran == 0 {
		in.Fatalf("the guide has no commands of %q", chapter)
	}
	return out
}

// shell runs commands, and fails the test when one of them fails. An audit may find that the server's version has a
// known flaw, which is the machine's own.
func (in *installation) shell(commands string) (printed string) {
	in.Helper()
	ctx, cancel := context.WithTimeout(in.Context(), patience)
	defer cancel()
	commands = strings.ReplaceAll(commands, "policy audit", "policy audit --accept <(streamspace policy audit | "+
		"grep '! server version:')")
	after := filepath.Join(in.folder, "environ")
	cmd := exec.CommandContext(ctx, "bash", "-euc", commands+"\nenv -0 > '"+after+"'")
	cmd.Dir, cmd.Env = in.folder, in.environ
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		in.Fatalf("%s\n%v\n%s%s", commands, err, out, &said)
	}
	environ, err := os.ReadFile(after)
	if err != nil {
		in.Fatal(err)
	}
	in.environ = strings.Split(strings.TrimSuffix(string(environ), "\x00"), "\x00")
	in.Logf("%s\n%s%s", strings.TrimSpace(commands), out, &said)
	return string(out)
}

// trust makes the clients of the test trust the authority of the guide.
func (in *installation) trust() {
	in.Helper()
	authorities, err := certs.Authorities(filepath.Join(in.folder, "ca/ca.pem"))
	if err != nil {
		in.Fatal(err)
	}
	in.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
	}}
	in.Cleanup(in.client.CloseIdleConnections)
}

// setUp makes the first organisation with a code, as the page does, and returns its owner's address.
func (in *installation) setUp(code string) (email string) {
	in.Helper()
	email = "owner@example.test"
	body := map[string]any{
		"code": code, "org": map[string]string{"slug": "acme", "name": "Acme"},
		"owner": map[string]string{"email": email, "name": "Owner", "password": ownersPassword},
	}
	if status := in.call(http.MethodPost, "/api/v1/setup", "", body, nil); status != http.StatusNoContent {
		in.Fatalf("set up: %d", status)
	}
	if status := in.call(http.MethodPost, "/api/v1/setup", "", body, nil); status != http.StatusForbidden {
		in.Errorf("set up with the same code again: %d", status)
	}
	return email
}

func (in *installation) databaseURL(name string) string {
	return fmt.Sprintf("postgres:///%s?host=%s&port=%d&sslmode=disable", name, in.server.Host, in.server.Port)
}

func (in *installation) until(what string, holds func() bool) {
	in.Helper()
	until(in.T, what, holds)
}

// until asks again and again, because a program of its own has no event to wait for.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("in %s never: %s", patience, what)
		case <-tick.C:
		}
	}
}

// openDesktop opens the stream of the session at a path of the API.
func openDesktop(ctx context.Context, client *http.Client, url, at, ticket string) (*websocket.Conn, error) {
	//nolint:bodyclose // the answer's body is the WebSocket, or a copy of a refusal's
	socket, _, err := websocket.Dial(ctx, url+at+"/stream", &websocket.DialOptions{
		HTTPClient:   client,
		Subprotocols: []string{"binary", "ticket." + ticket}, HTTPHeader: http.Header{"Origin": {url}},
	})
	return socket, err
}

// call sends a request of the API, decodes the answer into out, which may be nil, and returns the status.
func (in *installation) call(method, path, bearer string, body, out any) int {
	in.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		in.Fatal(err)
	}
	request, err := http.NewRequestWithContext(in.Context(), method, in.url+path, bytes.NewReader(sent))
	if err != nil {
		in.Fatal(err)
	}
	if body == nil {
		request.Body, request.ContentLength = nil, 0
	}
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := in.client.Do(request)
	if err != nil {
		in.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		in.Fatal(err)
	}
	if out != nil && response.StatusCode < 300 {
		if err := json.Unmarshal(answer, out); err != nil {
			in.Fatalf("%s %s: %v: %s", method, path, err, answer)
		}
	}
	if response.StatusCode >= 300 {
		in.Logf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	return response.StatusCode
}

// signIn returns an access token.
func (in *installation) signIn(email string) string {
	in.Helper()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	body := map[string]string{"email": email, "password": ownersPassword}
	if status := in.call(http.MethodPost, "/api/v1/auth/login", "", body, &tokens); status != http.StatusOK {
		in.Fatalf("sign in: %d", status)
	}
	return tokens.AccessToken
}

func (in *installation) signOut(bearer string) {
	in.Helper()
	if status := in.call(http.MethodPost, "/api/v1/auth/logout", bearer, nil, nil); status != http.StatusNoContent {
		in.Fatalf("sign out: %d", status)
	}
}

// desktop launches a session, reads the first bytes of its desktop, and ends it.
func (in *installation) desktop(bearer string) {
	in.Helper()
	var made struct{ ID, State string }
	launch := map[string]string{"template": "terminal"}
	in.until("an agent is there for the session", func() bool {
		return in.call(http.MethodPost, "/api/v1/sessions", bearer, launch, &made) == http.StatusCreated
	})
	at := "/api/v1/sessions/" + made.ID
	in.until("the session runs", func() bool {
		in.call(http.MethodGet, at, bearer, nil, &made)
		if made.State == "failed" {
			in.Fatalf("the session failed: %+v", made)
		}
		return made.State == "running"
	})
	var pass struct{ Ticket string }
	if status := in.call(http.MethodPost, at+"/tickets", bearer, nil, &pass); status != http.StatusCreated {
		in.Fatalf("get a ticket: %d", status)
	}
	ctx, cancel := context.WithTimeout(in.Context(), patience)
	defer cancel()
	socket, err := openDesktop(ctx, in.client, in.url, at, pass.Ticket)
	if err != nil {
		in.Fatalf("open the desktop: %v", err)
	}
	defer socket.CloseNow()
	first := make([]byte, len("RFB 003.")) // a stream of bytes: a message can have one of them
	_, err = io.ReadFull(websocket.NetConn(ctx, socket, websocket.MessageBinary), first)
	if err != nil || string(first) != "RFB 003." {
		in.Fatalf("the desktop says %q, %v", first, err)
	}
	if status := in.call(http.MethodDelete, at, bearer, nil, nil); status != http.StatusAccepted {
		in.Fatalf("end the session: %d", status)
	}
	in.until("the session ends", func() bool {
		in.call(http.MethodGet, at, bearer, nil, &made)
		return made.State == "terminated"
	})
}

// freeAddress is an address that nobody else takes before the test uses it: its port is below those that the kernel
// gives to connections and to listeners that ask for any port.
func freeAddress(t *testing.T) string {
	t.Helper()
	const lowest, highest = 20000, 32767
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(highest-lowest)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatalf("no free port from %d to %d", lowest, highest)
	return ""
}
