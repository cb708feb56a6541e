package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// asProgram is set in the environment of this test's program when it runs as streamspace.
const asProgram = "STREAMSPACE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
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
			in.follow("prepare")
			in.follow("audit")

			stopServe := in.serve("streamspace")
			owner := in.setUp(strings.TrimSpace(in.follow("setup")))
			in.follow("agent")
			stopAgent := in.agent()
			defer func() { stopAgent(); stopServe() }()
			before := in.signIn(owner)
			in.desktop(before)
			if in.noDump {
				t.Skip("backup and restore are left out: this build of PostgreSQL has no pg_dump")
			}
			in.follow("backup")
			in.signOut(before)
			stopAgent()
			stopServe()

			in.follow("restore")
			stopServe, stopAgent = in.serve("streamspace_restored"), in.agent()
			if status := in.call(http.MethodGet, "/api/v1/sessions", before, nil, nil); status != http.StatusUnauthorized {
				t.Errorf("who signed out after the backup is answered %d on the restored database", status)
			}
			in.desktop(in.signIn(owner))
		})
	}
}

// installation is a server and a folder in which an administrator works.
type installation struct {
	*testing.T

	managed bool
	noDump  bool // the server's build has no pg_dump, which refuses a newer server than its own
	folder  string
	environ []string // of the commands
	guide   string
	// listen and url are the control plane's. They stay the same, because tokens name the URL.
	listen, url string
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
	guide, err := os.ReadFile("../../docs/production.md")
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{T: t, managed: managed, folder: t.TempDir(), guide: string(guide), listen: freeAddress(t)}
	in.url = "http://" + in.listen
	in.environ = in.administer(c)
	return in
}

// administer returns the environment of the server's administrator, in which `streamspace` is this test's program.
func (in *installation) administer(c *cluster.Cluster) []string {
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
	self, err := os.Executable()
	if err != nil {
		in.Fatal(err)
	}
	shim := filepath.Join(in.folder, "bin", "streamspace")
	script := fmt.Sprintf("#!/bin/sh\nexec env %s=1 '%s' \"$@\"\n", asProgram, self)
	if err := os.Mkdir(filepath.Dir(shim), 0o700); err != nil {
		in.Fatal(err)
	}
	if err := os.WriteFile(shim, []byte(script), 0o700); err != nil {
		in.Fatal(err)
	}
	binaries, err := cluster.Find(in.Context())
	if err != nil {
		in.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(binaries.Dir, "pg_dump")); err != nil {
		in.noDump = binaries.Version > cluster.MinVersion
	}
	config := super.Config()
	environ := []string{
		"PATH=" + filepath.Dir(shim) + ":" + binaries.Dir + ":" + os.Getenv("PATH"), "HOME=" + in.folder,
		"PGHOST=" + config.Host, fmt.Sprintf("PGPORT=%d", config.Port), "PGUSER=postgres", "PGSSLMODE=disable",
	}
	if in.managed {
		environ = append(environ, "PGUSER=dba", "PGPASSWORD=dbas")
	}
	return environ
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
			out = in.shell(m[2])
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
	u := url.URL{Scheme: "postgres", Path: "/" + name}
	query := url.Values{"sslmode": {"disable"}}
	for _, setting := range in.environ {
		if host, ok := strings.CutPrefix(setting, "PGHOST="); ok {
			query.Set("host", host)
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// serve runs the control plane on a database, and returns what stops it.
func (in *installation) serve(database string) (stop func()) {
	in.Helper()
	keys := filepath.Join(in.folder, "keys")
	if err := jwt.EnsureKeys(keys); err != nil {
		in.Fatal(err)
	}
	ops := freeAddress(in.T)
	stop = in.program("serve",
		"STREAMSPACE_LISTEN="+in.listen, "STREAMSPACE_OPS_LISTEN="+ops, "STREAMSPACE_PUBLIC_URL="+in.url,
		"STREAMSPACE_DATABASE_URL="+in.databaseURL(database), "STREAMSPACE_SIGNING_KEYS="+keys,
		"STREAMSPACE_DATABASE_PASSWORDS="+filepath.Join(in.folder, "passwords"))
	in.until("the control plane answers", func() bool {
		r, err := http.Get("http://" + ops + "/readyz")
		if err != nil {
			return false
		}
		return r.Body.Close() == nil && r.StatusCode == http.StatusOK
	})
	return stop
}

// agent runs the agent of the guide, and returns what stops it.
func (in *installation) agent() (stop func()) {
	in.Helper()
	data, err := os.MkdirTemp("", "streamspace-production-") // where the users of sessions can reach it
	if err != nil {
		in.Fatal(err)
	}
	if err := os.Chmod(data, 0o755); err != nil {
		in.Fatal(err)
	}
	stopAgent := in.program("agent", "STREAMSPACE_CONTROL_URL="+in.url,
		"STREAMSPACE_AGENT_CREDENTIAL="+filepath.Join(in.folder, "host-1.credential"),
		"STREAMSPACE_DATA="+data)
	return func() {
		stopAgent()
		if err := os.RemoveAll(data); err != nil {
			in.Error(err)
		}
	}
}

// program starts a command of streamspace, and returns what ends it. Its log is shown when the test fails.
func (in *installation) program(command string, environ ...string) (stop func()) {
	in.Helper()
	program := filepath.Join(in.folder, "bin", "streamspace")
	cmd := exec.CommandContext(context.WithoutCancel(in.Context()), program, command)
	var log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = in.folder, slices.Concat(in.environ, environ), &log, &log
	if err := cmd.Start(); err != nil {
		in.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				in.Errorf("%s: %v", command, err)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			in.Errorf("%s did not end when it was told to", command)
		}
		if in.Failed() {
			in.Logf("the log of %s:\n%s", command, log.String())
		}
	}
	in.Cleanup(stop)
	return stop
}

// until asks again and again, because a program of its own has no event to wait for.
func (in *installation) until(what string, holds func() bool) {
	in.Helper()
	ctx, cancel := context.WithTimeout(in.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			in.Fatalf("in %s never: %s", patience, what)
		case <-tick.C:
		}
	}
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
	response, err := http.DefaultClient.Do(request)
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
	//nolint:bodyclose // the answer's body is the WebSocket, or a copy of a refusal's
	socket, _, err := websocket.Dial(ctx, in.url+at+"/stream", &websocket.DialOptions{
		Subprotocols: []string{"binary", "ticket." + pass.Ticket}, HTTPHeader: http.Header{"Origin": {in.url}},
	})
	if err != nil {
		in.Fatalf("open the desktop: %v", err)
	}
	defer socket.CloseNow()
	_, first, err := socket.Read(ctx)
	if err != nil || !bytes.HasPrefix(first, []byte("RFB 003.")) {
		in.Fatalf("the desktop says %q, %v", first, err)
	}
	if status := in.call(http.MethodDelete, at, bearer, nil, nil); status != http.StatusAccepted {
		in.Fatalf("end the session: %d", status)
	}
}

// freeAddress is an address on which nothing listens at this moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
