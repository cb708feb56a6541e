package cluster

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestOnlyNamedRolesAreAdmitted(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Roles: []string{"clerk"}})
	run(t, c, "create role clerk login; create role stranger login superuser")
	conn, err := pgx.Connect(t.Context(), c.DSN("clerk", "postgres"))
	if err != nil {
		t.Fatalf("the role that was named: %v", err)
	}
	conn.Close(t.Context())
	if _, err := pgx.Connect(t.Context(), c.DSN("stranger", "postgres")); err == nil {
		t.Error("a role that was not named got in")
	}
}

// A pooler runs as the server's user, who enters under the roles that were named and where that was said.
func TestThePoolersUserIsAdmitted(t *testing.T) {
	t.Parallel()
	a, err := runAs("")
	if err != nil || !a.switches {
		t.Skip("the server runs as whoever starts it")
	}
	for pooler, want := range map[bool]string{true: "1\n", false: "Peer authentication failed"} {
		c := start(t, Config{Roles: []string{"clerk"}, Pooler: pooler})
		run(t, c, "create role clerk login")
		if said := saidTo(t, a.name, c.DSN("clerk", "postgres")); !strings.Contains(said, want) {
			t.Errorf("pooler %t: as a role it is told %q, want %q", pooler, said, want)
		}
		if said := saidTo(t, a.name, c.DSN(Superuser, "postgres")); !strings.Contains(said, "Peer authentication failed") {
			t.Errorf("pooler %t: as the superuser it is told %q", pooler, said)
		}
	}
}

func TestAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can act as another user")
	}
	c := start(t, Config{})
	if said := psqlAs(t, "nobody", c); !strings.Contains(said, "Permission denied") {
		t.Errorf("at the closed folder, nobody is told %q, want that it has no permission", said)
	}

	// Were the folders open, the server would still ask the kernel who is there.
	for path, mode := range map[string]os.FileMode{
		c.config.Dir: 0o711, c.places.socket: 0o711, filepath.Join(c.places.socket, ".s.PGSQL.5432"): 0o777,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if said := psqlAs(t, "nobody", c); !strings.Contains(said, "Peer authentication failed") {
		t.Errorf("at the open folder, nobody is told %q, want that peer authentication failed", said)
	}
}

func TestServersUserOwnsItsFoldersAlone(t *testing.T) {
	t.Parallel()
	c := start(t, Config{})
	a, err := runAs("")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{c.places.data, c.places.socket} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(stat.Uid) != a.uid || info.Mode().Perm() != 0o700 {
			t.Errorf("%s belongs to %d with mode %o, want %d and 700", path, stat.Uid, info.Mode().Perm(), a.uid)
		}
	}
}

func TestFolderOutOfReachIsNamed(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root starts a server as another user")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Dir: filepath.Join(closed, "pg")})
	if want := "postgres cannot enter " + closed; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want one that says %q", err, want)
	}
}

func TestUnknownUserIsNamed(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root chooses a user")
	}
	if _, err := runAs("no-such-user"); err == nil || !strings.Contains(err.Error(), "install Debian's postgresql") {
		t.Errorf("the error is %v, want one that names the cure", err)
	}
	if _, err := runAs("root"); err == nil {
		t.Error("root was taken as the server's user")
	}
}

func TestServerDiesWithItsProgram(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = append(os.Environ(), childDir+"="+dir)
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the program did not start a server: %s", line)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait() // it was killed

	for deadline := time.Now().Add(20 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("server %d outlives its program", pid)
		}
	}
	run(t, start(t, Config{Dir: dir}), "select 1") // and can be started again at once
}

// alive tells whether a process that is not our child runs.
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// psqlAs returns what psql says to a user of the operating system who tries to connect as the superuser, and must not.
func psqlAs(t *testing.T, name string, c *Cluster) string {
	t.Helper()
	said := saidTo(t, name, c.DSN(Superuser, "postgres"))
	if strings.HasSuffix(said, "1\n") {
		t.Fatalf("%s got in: %s", name, said)
	}
	return said
}

// saidTo returns what psql says to a user of the operating system who asks for 1.
func saidTo(t *testing.T, name, dsn string) string {
	t.Helper()
	who, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	binaries, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	psql, err := binaries.Program("psql")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), psql, "--no-psqlrc", "--tuples-only", "--no-align",
		"--command", "select 1", dsn)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	out, _ := cmd.CombinedOutput() // a refusal is an answer
	return string(out)
}
