package process_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// world is what stands around a session: another session, and things of this host.
type world struct {
	dir      string // the agent's
	other    uuid.UUID
	word     string // of the other session's command
	sleeper  int    // a process of this host
	database string // a socket that everybody may connect to
	abstract string // a socket without a file
	tcp      string
}

func newWorld(t *testing.T, cfg process.Config) (world, *process.Runtime) {
	t.Helper()
	rt := open(t, cfg)
	w := world{dir: cfg.Dir, word: "word-" + uuid.NewString(), sleeper: sleeper(t).Process.Pid}
	other := runtimetest.Workload()
	other.Spec.Command = []string{"sh", "-c", "sleep 600; exit", w.word}
	if err := rt.Start(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	w.other = other.Session

	w.database = filepath.Join(enterable(t), ".s.PGSQL.5432")
	w.abstract = "@/tmp/.X11-unix/X" + w.word
	listen(t, "unix", w.abstract)
	w.tcp = listen(t, "tcp", "127.0.0.1:0").Addr().String()
	listen(t, "unix", w.database)
	if err := os.Chmod(w.database, 0o777); err != nil {
		t.Fatal(err)
	}
	return w, rt
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// private is what no session may do, with namespaces or without.
func (w world) private(t *testing.T) []attempt {
	other := filepath.Join(w.dir, "sessions", w.other.String())
	xvnc := displayOf(t, w.dir, w.other)
	all := []attempt{
		{Name: "be root", Kind: "be root"},
		{Name: "read the host's passwords", Kind: "read", Arg: "/etc/shadow"},
		{Name: "look into the agent's folder", Kind: "read", Arg: filepath.Join(w.dir, "sessions")},
		{Name: "take the agent's lock", Kind: "read", Arg: filepath.Join(w.dir, "lock")},
		{Name: "look into another home", Kind: "read", Arg: filepath.Join(other, "home")},
		{Name: "look into another home through its process", Kind: "read",
			Arg: fmt.Sprintf("/proc/%d/root/home", xvnc)},
		{Name: "read another's cookie", Kind: "read", Arg: filepath.Join(other, "xauthority")},
		{Name: "view another's display", Kind: "connect", Arg: filepath.Join(other, "rfb")},
		{Name: "signal a process of this host", Kind: "signal", Arg: strconv.Itoa(w.sleeper)},
		{Name: "signal another's process", Kind: "signal", Arg: strconv.Itoa(xvnc)},
		{Name: "trace a process of this host", Kind: "trace", Arg: strconv.Itoa(w.sleeper)},
	}
	for _, folder := range groupsOf(t, w.dir, w.other) {
		all = append(all, attempt{Name: "leave its control group by " + folder, Kind: "open",
			Arg: filepath.Join(folder, "cgroup.procs")})
	}
	for _, dir := range []string{"/", "/usr", "/etc", "/var", "/run", "/home", "/dev"} {
		all = append(all, attempt{Name: "write to " + dir, Kind: "write", Arg: dir})
	}
	return all
}

// shared is what only namespaces keep from a session.
func (w world) shared() []attempt {
	return []attempt{
		{Name: "reach a database's socket", Kind: "connect", Arg: w.database},
		{Name: "reach a display's socket that has no file", Kind: "connect", Arg: w.abstract},
		{Name: "reach a port of this host", Kind: "tcp", Arg: w.tcp},
		{Name: "have a network", Kind: "network"},
		{Name: "see the control groups", Kind: "read", Arg: "/sys/fs/cgroup"},
		{Name: "see another's processes", Kind: "see", Arg: w.word},
	}
}

// TestIsolation tries everything from inside a session, where it must fail, and once more outside as root, where it
// must work: else a refusal would prove nothing.
func TestIsolation(t *testing.T) {
	t.Parallel()
	w, rt := newWorld(t, process.Config{Dir: t.TempDir(), Limits: process.Limits{Processes: 200, Disk: 1 << 30}})
	mine := probing(t, rt)
	display := fmt.Sprintf("/proc/%d/root/tmp/.X11-unix/X0", displayOf(t, w.dir, w.other))
	todo := append(append(append(w.private(t), w.shared()...), bombs(rt)...), attempt{
		Name: "open another's display through its process", Kind: "display", Arg: display,
		Cookie: cookieOf(t, w.dir, w.other),
	})
	inside := try(t, homeOf(t, w.dir, mine), append(todo, attempt{
		Name: "open a display with another's cookie", Kind: "display", Arg: "/tmp/.X11-unix/X0",
		Cookie: cookieOf(t, w.dir, w.other),
	}, attempt{
		Name: "open its own display", Kind: "display", Arg: "/tmp/.X11-unix/X0", Cookie: cookieOf(t, w.dir, mine),
	}, attempt{Name: "reach the metadata address", Kind: "tcp", Arg: "169.254.169.254:80"}))
	if got := inside["open its own display"]; got != worked {
		t.Errorf("open its own display: %s", got)
	}
	delete(inside, "open its own display")
	// Not tried outside, where not every machine has it. Without a way there even a request for it does not leave.
	if got := inside["reach the metadata address"]; !strings.Contains(got, "network is unreachable") {
		t.Errorf("reach the metadata address: %s", got)
	}
	uid := userOf(t, w.dir, mine)
	if want := fmt.Sprintf("uid=%d(user) gid=%d(user) ", uid, uid); !strings.HasPrefix(inside[""], want) {
		t.Errorf("inside it is %s, want %s", inside[""], want)
	}
	refused(t, inside)
	worksOutside(t, todo)
}

// TestUnconfinedIsolation shows what is left without namespaces: files and displays are still kept apart, by users and
// cookies. The rest is not, which is why only an installation with one organisation may run so.
func TestUnconfinedIsolation(t *testing.T) {
	t.Parallel()
	w, rt := newWorld(t, process.Config{Dir: enterable(t), Unconfined: true})
	mine := probing(t, rt)
	refused(t, try(t, homeOf(t, w.dir, mine), w.private(t)))
	worksOutside(t, w.private(t))

	other := probing(t, rt)
	for name, got := range try(t, homeOf(t, w.dir, other), w.shared()) {
		if name != "" && got != worked {
			t.Errorf("%s: %s; without namespaces it should work", name, got)
		}
	}
}

// TestDisplayNeedsCookie looks at the cookie alone: as root, and past all namespaces.
func TestDisplayNeedsCookie(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rt := open(t, process.Config{Dir: dir})
	one, other := probing(t, rt), probing(t, rt)
	display := fmt.Sprintf("/proc/%d/root/tmp/.X11-unix/X0", displayOf(t, dir, one))
	if err := displayAttempt(attempt{Arg: display, Cookie: cookieOf(t, dir, one)}); err != nil {
		t.Errorf("with its cookie: %v", err)
	}
	for name, cookie := range map[string][]byte{"another's cookie": cookieOf(t, dir, other), "no cookie": nil} {
		if displayAttempt(attempt{Arg: display, Cookie: cookie}) == nil {
			t.Errorf("the display opens with %s", name)
		}
	}
}

func refused(t *testing.T, got map[string]string) {
	t.Helper()
	for name, result := range got {
		if result == worked {
			t.Errorf("a session can %s", name)
		}
	}
}

func worksOutside(t *testing.T, todo []attempt) {
	t.Helper()
	if os.Geteuid() != 0 {
		return // TestAsOrdinaryUser runs as root too
	}
	for name, result := range tryOutside(t, todo) {
		if name != "" && result != worked {
			t.Errorf("outside, as root, it does not work to %s, so that a session's refusal proves nothing: %s", name, result)
		}
	}
}

// probing starts a session that runs the probe once it has it.
func probing(t *testing.T, rt *process.Runtime) uuid.UUID {
	t.Helper()
	w := runtimetest.Workload()
	w.Spec.Command = waitForProbe()
	if err := rt.Start(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	return w.Session
}
