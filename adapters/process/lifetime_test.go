package process_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// These variables make this program an agent with one session, whose command has the word.
const (
	agentConfig = "STREAMSPACE_TEST_AGENT_CONFIG" // process.Config as JSON
	agentWord   = "STREAMSPACE_TEST_AGENT_WORD"
)

// agent starts one session, says so, and waits to be killed.
func agent(config string) error {
	var cfg process.Config
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		return err
	}
	if os.Geteuid() == 0 { // as systemd does for every program
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
			return err
		}
	}
	rt, err := process.New(cfg)
	if err != nil {
		return err
	}
	fmt.Println("starting")
	w := runtimetest.Workload()
	w.Spec.Command = []string{"sh", "-c", "sleep 600; exit", os.Getenv(agentWord)}
	if err := rt.Start(context.Background(), w); err != nil {
		return err
	}
	fmt.Println("started")
	select {}
}

// TestDiesWithAgent kills agents at different moments of a start, and after it. No process may be left of their
// sessions, and the next agent removes the rest.
func TestDiesWithAgent(t *testing.T) {
	t.Parallel()
	// In milliseconds; -1: when it has started.
	moments := []time.Duration{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 40, 80, -1}
	for _, after := range moments {
		dir, word := t.TempDir(), "word-"+uuid.NewString()
		killAgent(t, process.Config{Dir: dir, Limits: small}, word, after*time.Millisecond)
		ended := func() bool { return seeAttempt(attempt{Arg: word}) != nil }
		if os.Geteuid() == 0 { // else a sandbox that was not finished stays until the next agent comes
			eventually(t, fmt.Sprintf("nothing ran any more after the agent was killed (%d ms)", after), ended)
		}
		rt := open(t, process.Config{Dir: dir})
		eventually(t, fmt.Sprintf("nothing ran any more after the next agent came (%d ms)", after), ended)
		if all, err := rt.List(t.Context()); err != nil || len(all) > 0 {
			t.Errorf("the next agent lists %d sessions (%v)", len(all), err)
		}
		eventually(t, fmt.Sprintf("nothing was mounted any more (%d ms)", after), func() bool { return !mounted(dir) })
		if left, err := os.ReadDir(filepath.Join(dir, "sessions")); err != nil || len(left) > 0 {
			t.Errorf("the next agent leaves %d folders (%v)", len(left), err)
		}
	}
}

// TestUnconfinedDiesWithAgent is about processes that no namespace ends.
func TestUnconfinedDiesWithAgent(t *testing.T) {
	t.Parallel()
	word, cfg := "word-"+uuid.NewString(), process.Config{Dir: enterable(t), Unconfined: true}
	killAgent(t, cfg, word, -1)
	eventually(t, "nothing ran any more after the agent was killed", func() bool {
		return seeAttempt(attempt{Arg: word}) != nil
	})
	left := recordOf(t, cfg.Dir, onlySession(t, cfg.Dir))
	if _, err := os.Lstat(left.Socket); err != nil {
		t.Fatalf("its display's socket: %v", err)
	}
	open(t, cfg)
	if _, err := os.Lstat(left.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the next agent leaves the display's socket: %v", err)
	}
}

// TestUnconfinedDiesAfterItsScript holds a session's processes still until the kernel, at the agent's end, has killed
// the script that began them. Whoever is left then finds neither the script nor the agent's pipe. Seen to fail with the
// script's watcher complaining to that pipe that the script is gone.
func TestUnconfinedDiesAfterItsScript(t *testing.T) {
	t.Parallel()
	word, cfg := "word-"+uuid.NewString(), process.Config{Dir: enterable(t), Unconfined: true}
	kill := runAgent(t, cfg, word, -1)
	defer func() { kill(); open(t, cfg) }() // the next agent ends what is left
	session := onlySession(t, cfg.Dir)
	script := recordOf(t, cfg.Dir, session).PID
	hold := func(pid int) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	hold(script) // it starts nobody any more, and takes note of nobody's end
	all := childrenOf(script)
	if len(all) < 2 {
		t.Fatalf("the script has %d children, want the watcher and the display's among them", len(all))
	}
	for _, pid := range all {
		hold(pid)
	}
	kill()
	eventually(t, "the kernel killed the script and whoever inherited it took note", func() bool {
		return syscall.Kill(script, 0) != nil
	})
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGCONT) // it may have ended meanwhile
	}
	eventually(t, "nothing ran any more", func() bool {
		return seeAttempt(attempt{Arg: session.String()}) != nil // the display's command line names its cookie's file
	})
}

// onlySession is the session that an agent wrote down.
func onlySession(t *testing.T, dir string) uuid.UUID {
	t.Helper()
	records, _ := filepath.Glob(filepath.Join(dir, "sessions", "*", "process"))
	if len(records) != 1 {
		t.Fatalf("the agent left %d records, want 1", len(records))
	}
	return uuid.MustParse(filepath.Base(filepath.Dir(records[0])))
}

func childrenOf(parent int) (all []int) {
	statuses, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, f := range statuses {
		raw, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(raw), fmt.Sprintf("\nPPid:\t%d\n", parent)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
			all = append(all, pid)
		}
	}
	return all
}

// killAgent runs an agent and kills it some time after its session begins to start.
func killAgent(t *testing.T, cfg process.Config, word string, after time.Duration) {
	t.Helper()
	defer runAgent(t, cfg, word, after)()
	time.Sleep(max(0, after)) // not to wait for anything: the moment is what is tested
}

// runAgent runs an agent in a process of its own until its session begins to start or, with a negative moment, has
// started. It returns what kills the agent.
func runAgent(t *testing.T, cfg process.Config, word string, after time.Duration) (kill func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), agentConfig+"="+string(config), agentWord+"="+word)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Cleanup(kill)
	said := bufio.NewScanner(out)
	if !said.Scan() || after < 0 && !said.Scan() {
		t.Fatal("the agent did not start")
	}
	return kill
}

// TestOutlivesThreads starts a session from a thread that ends: the kernel's signal at a parent's end is one at a
// thread's.
func TestOutlivesThreads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rt := open(t, process.Config{Dir: dir})
	w := runtimetest.Workload()
	started := make(chan error)
	var start func()
	start = func() {
		goruntime.LockOSThread() // and never unlock: the thread ends with this goroutine
		if syscall.Gettid() == os.Getpid() {
			defer goruntime.UnlockOSThread() // the program's first thread does not end: keep it busy and take another
			go start()
			<-t.Context().Done()
			return
		}
		started <- rt.Start(t.Context(), w)
	}
	go start()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	select {
	case <-rt.Changes():
		t.Fatal("the session ended with the thread that asked for it")
	case <-time.After(200 * time.Millisecond): // the signal comes within microseconds
	}
}

// TestEndsWithDisplay kills the display from outside: the rest goes with it, and the reason is told.
func TestEndsWithDisplay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rt := open(t, process.Config{Dir: dir})
	w := runtimetest.Workload()
	if err := rt.Start(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	inside := processesOf(t, dir, w.Session)
	if err := syscall.Kill(displayOf(t, dir, w.Session), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if s := exited(t, rt); s.Reason != "display_ended" {
		t.Errorf("the reason is %q, want %q", s.Reason, "display_ended")
	}
	isNobody(t, inside)
	if err := rt.Start(t.Context(), w); fault.Of(err).Code != "exited" {
		t.Errorf("starting what has ended returned %v, want the fault exited", err)
	}
}

// TestStopLeavesNoProcess looks at this host's processes, and at what keeps them small, before and after a stop.
func TestStopLeavesNoProcess(t *testing.T) {
	t.Parallel()
	inherited := filepath.Join(t.TempDir(), "inherited")
	fd, err := syscall.Open(inherited, syscall.O_CREAT, 0o600) // like one that this program was started with
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	for name, cfg := range map[string]process.Config{
		"confined": {Dir: t.TempDir()}, "unconfined": {Dir: enterable(t), Unconfined: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := open(t, cfg)
			w := runtimetest.Workload()
			// A process that leaves its group and its parent, and ignores what can be ignored.
			w.Spec.Command = []string{"sh", "-c", "trap '' HUP TERM; setsid sh -c 'sleep 600' & exec sleep 600"}
			if err := rt.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			var inside map[int]string
			eventually(t, "both of the command's processes run", func() bool {
				inside = processesOf(t, cfg.Dir, w.Session)
				return strings.Count(fmt.Sprint(inside), ":sleep") == 2
			})
			for pid := range inside {
				holdsNoRight(t, pid, userOf(t, cfg.Dir, w.Session))
				hasNotOpen(t, pid, inherited)
			}
			if err := rt.Stop(t.Context(), w.Session); err != nil {
				t.Fatal(err)
			}
			isNobody(t, inside)
		})
	}
}

// holdsNoRight fails when a process is not its session's user, or could become more than that.
func holdsNoRight(t *testing.T, pid, uid int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return // it has ended: sleep 1 of a supervisor
	}
	limits, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	got := strings.Join(strings.Fields(string(status)+string(limits)), " ")
	for _, want := range []string{
		fmt.Sprintf("Uid: %d %d %d %d Gid: %d %d %d %d ", uid, uid, uid, uid, uid, uid, uid, uid),
		"Groups: NStgid", // none
		"CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000000 ",
		"NoNewPrivs: 1 ", "Max core file size 0 0 ", "Max processes 4096 4096 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("process %d of a session has not %q:\n%s", pid, want, status)
		}
	}
	if uid < 2_000_000 || uid > 2_009_999 {
		t.Errorf("a session runs as user %d", uid)
	}
}

func hasNotOpen(t *testing.T, pid int, path string) {
	t.Helper()
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, f := range files {
		if to, err := os.Readlink(f); err == nil && to == path {
			t.Errorf("process %d of a session has a file that its agent was started with", pid)
		}
	}
}

func TestUsersAreOnesOwn(t *testing.T) {
	t.Parallel()
	users := map[int]bool{}
	for range 2 { // agents
		dir := t.TempDir()
		rt := open(t, process.Config{Dir: dir})
		for range 2 {
			users[userOf(t, dir, probing(t, rt))] = true
		}
	}
	if len(users) != 4 {
		t.Errorf("four sessions of two agents share %d users", len(users))
	}
}

func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	rt := open(t, process.Config{Dir: t.TempDir()})
	w := runtimetest.Workload()
	w.Spec.Command = []string{"no-such-program"}
	// It is looked for when the display answers, which is also when Start returns: either may come first.
	got := fault.Of(rt.Start(t.Context(), w)).Code
	if got == "internal" {
		got = exited(t, rt).Reason
	}
	if got != "command_not_found" {
		t.Errorf("the reason is %q, want %q", got, "command_not_found")
	}
}

// TestOneAgentPerFolder opens a folder twice.
func TestOneAgentPerFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, process.Config{Dir: dir})
	_, err := process.New(process.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "another agent uses this folder") {
		t.Errorf("a second agent got %v", err)
	}
}

// TestLongFolder uses a folder whose sockets' paths are longer than a socket's may be.
func TestLongFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	rt := open(t, process.Config{Dir: dir})
	probing(t, rt)
}

// TestKillsOnlyLeftovers gives a new agent the records of a process that is still there, and of one whose id is
// another's.
func TestKillsOnlyLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left, stranger := sleeper(t), sleeper(t)
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	for cmd, started := range map[*exec.Cmd]uint64{left: startOf(t, left.Process.Pid), stranger: 1} {
		folder := filepath.Join(dir, "sessions", uuid.NewString())
		raw, _ := json.Marshal(recorded{PID: cmd.Process.Pid, Started: started, Boot: strings.TrimSpace(string(boot))})
		if err := errors.Join(
			os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, "process"), raw, 0o600),
		); err != nil {
			t.Fatal(err)
		}
	}
	open(t, process.Config{Dir: dir})
	if err := left.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the process of an earlier agent ended with %v", err)
	}
	if !runs(stranger.Process.Pid) {
		t.Error("a process that only has the same id was killed")
	}
}

// mounted reports whether a file in a folder is mounted as a file system, for whatever process.
func mounted(dir string) bool {
	files, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	return slices.ContainsFunc(files, func(file string) bool {
		path, err := os.ReadFile(file)
		return err == nil && strings.HasPrefix(string(path), dir+"/")
	})
}

// startOf is when a process started, in the ticks of /proc.
func startOf(t *testing.T, pid int) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(statOf(t, pid)[19], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// parentOf is the process that started another.
func parentOf(t *testing.T, pid int) int { t.Helper(); return number(statOf(t, pid)[1]) }

// statOf is /proc/PID/stat from its third field on.
func statOf(t *testing.T, pid int) []string {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
}

// processesOf lists the processes of a session, by id, each with its name. They are those of its user or, where that
// is not its own, those that see its home as theirs.
func processesOf(t testing.TB, dir string, session uuid.UUID) map[int]string {
	t.Helper()
	uid := uint32(userOf(t, dir, session))
	home, err := os.Stat(homeOf(t, dir, session))
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, f := range folders {
		info, err := os.Stat(f)
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != uid {
			continue
		}
		seen, err := os.Stat(filepath.Join(f, "root/home/user"))
		if uid < 2_000_000 && (err != nil || !os.SameFile(home, seen)) {
			continue
		}
		name, _ := os.ReadFile(filepath.Join(f, "comm"))
		pid, _ := strconv.Atoi(filepath.Base(f))
		found[pid] = strings.TrimSpace(string(name))
	}
	return found
}

// displayOf is a session's Xvnc, by its id on this host.
func displayOf(t *testing.T, dir string, session uuid.UUID) int {
	t.Helper()
	all := processesOf(t, dir, session)
	for pid, name := range all {
		if strings.HasPrefix(name, "X") {
			return pid
		}
	}
	t.Fatalf("no display among %v", all)
	return 0
}

// isNobody fails when one of the processes still runs.
func isNobody(t *testing.T, all map[int]string) {
	t.Helper()
	for pid, name := range all {
		if runs(pid) {
			t.Errorf("process %d (%s) is left", pid, name)
		}
	}
}

// runs tells whether a process has not ended, whether or not its parent has taken note of it.
func runs(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.HasPrefix(string(raw[bytes.LastIndexByte(raw, ')')+1:]), " Z")
}

// exited waits until the only session of a runtime has ended.
func exited(t *testing.T, rt *process.Runtime) runtime.Status {
	t.Helper()
	select {
	case <-rt.Changes():
	case <-time.After(30 * time.Second):
		t.Fatal("no change was told")
	}
	all, err := rt.List(t.Context())
	if err != nil || len(all) != 1 || all[0].Phase != runtime.Exited {
		t.Fatalf("it lists %v (%v), want one that exited", all, err)
	}
	return all[0]
}
