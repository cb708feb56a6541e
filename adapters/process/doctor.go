package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// State is the result of a check of this host.
type State string

// The states. With a Failure, a desktop cannot start or is not held apart from others.
const (
	OK      State = "ok"
	Warning State = "warning"
	Failure State = "failure"
)

// Finding is what a check found.
type Finding struct {
	Check   string `json:"check"`
	State   State  `json:"state"`
	Found   string `json:"found"`
	Follows string `json:"follows,omitempty"` // what follows for desktops; empty if OK
	Mend    string `json:"mend,omitempty"`    // what to run or to do; empty if OK
}

// Fine is the finding of a check that found nothing wrong.
func Fine(check, found string) Finding { return Finding{Check: check, State: OK, Found: found} }

// findTimeout bounds each check but that of a desktop. One takes some tens of milliseconds.
const findTimeout = 10 * time.Second

// desktopTimeout bounds the start of a desktop. On a slow host it takes some seconds.
const desktopTimeout = 40 * time.Second

// Examine tries out what sessions need of this host, without a desktop. The agent calls it when it starts.
func Examine(ctx context.Context, cfg Config) []Finding {
	checks := []func(context.Context, Config) Finding{
		findUser, findBubblewrap, findNamespaces, findFilter, findNested, findKeyrings, findUIDs, findGroups, findDisks,
		findMeasure, findLimits, findSockets,
	}
	all := make([]Finding, 0, len(checks))
	for _, check := range checks {
		bounded, cancel := context.WithTimeout(ctx, findTimeout)
		all = append(all, check(bounded, cfg))
		cancel()
	}
	return all
}

func findUser(context.Context, Config) Finding {
	const check = "user"
	if os.Geteuid() == 0 {
		return Fine(check, "root: each session gets a user id of its own")
	}
	return Finding{
		check, Warning, fmt.Sprintf("user %d: sessions run as this user", os.Geteuid()),
		"only the sandbox keeps sessions apart, and their processes have no limit of their own",
		"run the agent as root, with deploy/systemd/streamspace-agent.service",
	}
}

const unconfinedOnPurpose = "not needed: STREAMSPACE_AGENT_UNCONFINED is set"

func findBubblewrap(ctx context.Context, cfg Config) Finding {
	const check = "bubblewrap"
	if cfg.Unconfined {
		return Fine(check, unconfinedOnPurpose)
	}
	out, err := exec.CommandContext(ctx, bubblewrap, "--version").CombinedOutput()
	if err != nil {
		return Finding{
			check, Failure, err.Error(), "no desktop can start", "apt-get install --yes bubblewrap",
		}
	}
	return Fine(check, strings.TrimSpace(string(out)))
}

func findNamespaces(ctx context.Context, cfg Config) Finding {
	const check = "namespaces"
	if cfg.Unconfined {
		return Finding{
			check, Warning, unconfinedOnPurpose, "sessions see this host like any of its users",
			"unset STREAMSPACE_AGENT_UNCONFINED",
		}
	}
	if err := Confinable(ctx); err != nil {
		return Finding{check, Failure, err.Error(), "no desktop can start", mendNamespaces()}
	}
	return Fine(check, "a program ran in a sandbox")
}

// mendNamespaces says what allows namespaces. Root needs none of the user, so that something else forbids them.
func mendNamespaces() string {
	if _, err := exec.LookPath(bubblewrap); err != nil {
		return "apt-get install --yes bubblewrap"
	}
	if os.Geteuid() == 0 {
		return "give the agent CAP_SYS_ADMIN and CAP_NET_ADMIN, as deploy/systemd/streamspace-agent.service does, or run " +
			"the container that it is in with them"
	}
	return "sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000; on Ubuntu also " +
		"kernel.apparmor_restrict_unprivileged_userns=0; or run the agent as root"
}

// insideUID is the user id that a session gets here; zero is the agent's own.
func insideUID() int {
	if os.Geteuid() == 0 {
		return firstUID
	}
	return 0
}

func findFilter(ctx context.Context, cfg Config) Finding {
	const check = "system call filter"
	if cfg.Unconfined {
		return Finding{
			check, Warning, unconfinedOnPurpose, "sessions may make every system call of a user",
			"unset STREAMSPACE_AGENT_UNCONFINED",
		}
	}
	uid := insideUID()
	if err := tryOut(ctx, sandbox(uid, false), uid); err != nil {
		return Finding{check, Failure, "not tried: no sandbox can be made", "no desktop can start", mendNamespaces()}
	}
	// The sandbox itself allows this, so that only the filter can refuse it.
	err := runIn(ctx, sandbox(uid, false), uid, "unshare", "--user", "true")
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return Fine(check, "it refused a program a new user namespace")
	}
	found := "a program in a sandbox made a user namespace"
	if err != nil {
		found = err.Error()
	}
	return Finding{check, Failure, found, "sessions reach parts of the kernel that they must not", "use a kernel with " +
		"CONFIG_SECCOMP_FILTER, as Debian's"}
}

func findNested(ctx context.Context, cfg Config) Finding {
	const check = "nested namespaces"
	switch {
	case cfg.Unconfined:
		return Fine(check, unconfinedOnPurpose)
	case os.Geteuid() == 0:
		return Fine(check, "the system call filter refuses them, and sessions have no user namespace")
	}
	if err := tryOut(ctx, sandbox(0, true), 0); err != nil {
		return Finding{
			check, Warning, "bubblewrap does not know --disable-userns, or this host forbids it",
			"the system call filter alone refuses sessions further user namespaces",
			"install bubblewrap 0.8 or later: apt-get install --yes bubblewrap (Debian 12)",
		}
	}
	return Fine(check, "the sandbox and the system call filter refuse them")
}

func findKeyrings(context.Context, Config) Finding {
	const check = "keyrings"
	result := make(chan error)
	go func() {
		result <- onThreadOfItsOwn(func() error {
			_, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
			return err
		})
	}()
	switch err := <-result; {
	case err == nil:
		return Fine(check, "each session joins a keyring of its own")
	case unlessNoKeyrings(err) == nil:
		return Fine(check, "this host gives programs no keyrings")
	default:
		return Finding{
			check, Failure, err.Error(), "no desktop can start",
			"raise the limit of keys: sysctl -w kernel.keys.maxkeys=20000 kernel.keys.root_maxkeys=1000000",
		}
	}
}

func findUIDs(context.Context, Config) Finding {
	const check = "user ids"
	if os.Geteuid() != 0 {
		return Fine(check, "not needed: sessions run as the agent's user")
	}
	u, err := openUIDs()
	if err == nil {
		defer func() { _ = u.close() }()
		var uid int
		if uid, err = u.claim(uuid.New()); err == nil {
			u.release(uid)
			return Fine(check, fmt.Sprintf("%d was free", uid))
		}
	}
	return Finding{
		check, Failure, err.Error(), "no desktop can start",
		fmt.Sprintf("make %s writable to root, and end the processes of users %d to %d", uidsInUse, firstUID,
			firstUID+uidCount-1),
	}
}

// findMeasure starts a process of another user and measures it, as the watchdog does.
func findMeasure(ctx context.Context, _ Config) Finding {
	const check = "measuring sessions"
	if os.Geteuid() != 0 {
		return Fine(check, "sessions run as the agent's user, who may measure them")
	}
	// sh says that the user is dropped.
	args := append(drop(firstUID+uidCount, Limits{}), "sh", "-c", "echo; exec cat")
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return cannotMeasure(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return cannotMeasure(err)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		return cannotMeasure(err)
	}
	_, err = os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", cmd.Process.Pid))
	if err == nil {
		err = unix.Statfs(fmt.Sprintf("/proc/%d/root/tmp", cmd.Process.Pid), new(unix.Statfs_t))
	}
	if err != nil {
		return cannotMeasure(err)
	}
	return Fine(check, "the memory of another user's process can be read")
}

func cannotMeasure(err error) Finding {
	return Finding{
		"measuring sessions", Warning, err.Error(),
		"the watchdog counts neither shared memory nor what sessions write to /tmp and /dev/shm",
		"add CAP_SYS_PTRACE to CapabilityBoundingSet in the agent's unit, as deploy/systemd/streamspace-agent.service has it",
	}
}

func findLimits(_ context.Context, cfg Config) Finding {
	const check = "limits"
	var without, settings []string
	if cfg.Limits.Memory == 0 {
		without, settings = append(without, "memory"), append(settings, "STREAMSPACE_AGENT_MEMORY")
	}
	if cfg.Limits.Disk == 0 {
		without, settings = append(without, "disk"), append(settings, "STREAMSPACE_AGENT_DISK")
	}
	if len(without) > 0 {
		return Finding{
			check, Warning, "sessions have no limit of " + strings.Join(without, " and "),
			"one session can use up this host", "set " + strings.Join(settings, " and "),
		}
	}
	return Fine(check, fmt.Sprintf("a session may use %d MiB of memory and %d MiB of disk; a watchdog ends one that "+
		"exceeds this, within seconds", cfg.Limits.Memory>>20, cfg.Limits.Disk>>20))
}

func findSockets(_ context.Context, cfg Config) Finding {
	const check = "display sockets"
	if !cfg.Unconfined {
		return Fine(check, "not on this host: each sandbox has its own "+sockets)
	}
	if err := checkSockets(); err != nil {
		return Finding{check, Failure, err.Error(), "no desktop can start", "chmod 1777 " + sockets}
	}
	return Fine(check, sockets+" is writable")
}

// TryDesktop starts a desktop and ends it. It takes about a second.
func TryDesktop(ctx context.Context, cfg Config) Finding {
	const check = "desktop"
	ctx, cancel := context.WithTimeout(ctx, desktopTimeout)
	defer cancel()
	began := time.Now()
	if err := tryDesktop(ctx, cfg); err != nil {
		return Finding{check, Failure, err.Error(), "no desktop can start", "see what the programs wrote, in the line above"}
	}
	return Fine(check, fmt.Sprintf("one started and ended in %d ms", time.Since(began).Milliseconds()))
}

func tryDesktop(ctx context.Context, cfg Config) (err error) {
	dir, err := os.MkdirTemp("", "streamspace-doctor-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // the users of sessions without a sandbox pass through
		return err
	}
	r, err := New(Config{Dir: filepath.Join(dir, "data"), Unconfined: cfg.Unconfined, Limits: cfg.Limits})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.Start(ctx, runtime.Workload{Session: uuid.New(), Namespace: "doctor"})
}

// findGroups makes a control group, as for a session.
func findGroups(context.Context, Config) Finding {
	const check = "control groups"
	unheld, err := probeGroups()
	if err == nil && len(unheld) == 0 {
		return Fine(check, "one holds the memory, the processors and the processes of each session")
	}
	found := "none holds " + strings.Join(unheld, ", ") + " of sessions"
	if err != nil {
		found += ": " + err.Error()
	}
	return Finding{
		check, Warning, found, "sessions share processors without weights, and a watchdog holds their limits within seconds",
		"run the agent by deploy/systemd/streamspace-agent.service; in a container, give it a writable /sys/fs/cgroup",
	}
}

// findDisks makes a file system, as for the home of a session.
func findDisks(ctx context.Context, cfg Config) Finding {
	const check = "disk limits"
	in := cfg.Dir
	if !exists(in) {
		in = os.TempDir()
	}
	dir, err := os.MkdirTemp(in, "streamspace-doctor-")
	if err == nil {
		err = errors.Join(tryDisk(ctx, dir), os.RemoveAll(dir))
	}
	if err != nil {
		return Finding{
			check, Warning, "no home can have a file system of its own: " + err.Error(),
			"a watchdog ends sessions that exceed their disk space, within seconds",
			"apt-get install --yes e2fsprogs; run the agent as root; in a container, give it /dev/loop-control and loop devices",
		}
	}
	return Fine(check, "each home is a file system of its own, with the size of its limit")
}

// probeGroups lists what no control group holds, and says why.
func probeGroups() (unheld []string, err error) {
	dir, err := os.MkdirTemp("", "streamspace-doctor-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	g, err := openGroups(dir)
	if err != nil {
		return nil, err
	}
	unheld, err = g.unheld(), g.why
	g.own = nil
	return unheld, errors.Join(err, g.clear(func(string) bool { return false }))
}
