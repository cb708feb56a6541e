package process

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/cgroups/v3"
	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// What a control group can hold, in the words of Runtime.Unheld.
const (
	holdMemory    = "memory"
	holdCPU       = "cpu"
	holdProcesses = "processes"
)

// holdDisk is what a file system of its own holds.
const holdDisk = "disk"

// hierarchy makes control groups below the agent's own, in one version of the kernel's interface.
type hierarchy interface {
	// create makes a group with limits for those resources that it holds.
	create(name string, l Limits) (controlGroup, error)
	// load finds a group that exists.
	load(name string) (controlGroup, error)
	// folders are those of a group in the file system, whether it exists or not.
	folders(name string) []string
	// holds lists the resources that groups hold, at least one.
	holds() []string
}

// controlGroup is one group.
type controlGroup interface {
	// outOfMemory reports whether the kernel has killed a process of the group because of the group's limit.
	outOfMemory() bool
}

// groups makes a control group for each session. They are in one group of the agent, so that all sessions together
// have the weight of one program of this host, and each of them has the same weight.
type groups struct {
	kernel hierarchy // nil: no groups can be made
	why    error     // why not
	name   string    // of the agent's group; no other agent uses it, because no other uses the folder
	file   string    // tells the next agent where this one made groups
	places []string  // the agents' groups in the file system, of this one and of earlier ones
	own    []string  // those of this one, until it is closed
}

// openGroups finds out whether groups can be made, and where earlier agents have made some.
func openGroups(dir string) (*groups, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	g := &groups{name: fmt.Sprintf("streamspace-%x", h.Sum64()), file: filepath.Join(dir, "cgroups")}
	list, err := os.ReadFile(g.file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	g.places = strings.Fields(string(list)) // the kernel's names have no spaces
	if g.kernel, g.why = openHierarchy(); g.why != nil {
		return g, nil
	}
	g.own = g.kernel.folders(g.name)
	for _, place := range g.own {
		if !slices.Contains(g.places, place) {
			g.places = append(g.places, place)
		}
	}
	if err := g.note(); err != nil {
		return nil, err
	}
	if g.why = g.tryOut(); g.why != nil {
		g.kernel = nil
	}
	return g, nil
}

// note writes down where groups are.
func (g *groups) note() error {
	if len(g.places) == 0 {
		err := os.Remove(g.file)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	return os.WriteFile(g.file, []byte(strings.Join(g.places, "\n")+"\n"), 0o600)
}

// openHierarchy finds the version that this host has.
func openHierarchy() (hierarchy, error) {
	switch cgroups.Mode() {
	case cgroups.Unified:
		return openV2()
	case cgroups.Legacy, cgroups.Hybrid:
		return openV1()
	default:
		return nil, errors.New("no control groups are mounted")
	}
}

// tryOut moves a process into a group. A host can allow to make a group, and forbid that.
func (g *groups) tryOut() error {
	one, err := g.create("check", Limits{Memory: 64 << 20, CPU: 1000, Processes: 16})
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", "read -r _") //nolint:noctx // it ends below
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		err = errors.Join(one.entry().add(cmd.Process.Pid), in.Close())
		_ = cmd.Wait() // it fails, because there is nothing to read
	}
	return errors.Join(err, one.remove())
}

// of makes the group of a session. It returns nil where no groups can be made.
func (g *groups) of(session uuid.UUID, l Limits) (*group, error) {
	if g.kernel == nil {
		return nil, nil //nolint:nilnil // see above
	}
	return g.create(session.String(), l)
}

func (g *groups) create(name string, l Limits) (*group, error) {
	path := filepath.Join(g.name, name)
	one := &group{folders: g.kernel.folders(path), memory: l.Memory > 0 && slices.Contains(g.kernel.holds(), holdMemory)}
	var err error
	if one.controlGroup, err = g.kernel.create(path, l); err != nil {
		return nil, errors.Join(fmt.Errorf("make a control group: %w", err), one.remove())
	}
	return one, nil
}

// unheld lists what no group holds.
func (g *groups) unheld() []string {
	all := []string{holdCPU, holdMemory, holdProcesses}
	if g.kernel == nil {
		return all
	}
	return slices.DeleteFunc(all, func(s string) bool { return slices.Contains(g.kernel.holds(), s) })
}

// find finds the group that an earlier agent has made for a session. It returns nil if there is none. What another kind
// of group or another place holds is measured, as where there are no groups.
func (g *groups) find(session uuid.UUID, l Limits) *group {
	one := &group{}
	for _, place := range g.places {
		if at := filepath.Join(place, session.String()); isFolder(at) {
			one.folders = append(one.folders, at)
		}
	}
	if len(one.folders) == 0 {
		return nil
	}
	path := filepath.Join(g.name, session.String())
	if g.kernel == nil || !slices.Equal(one.folders, g.kernel.folders(path)) {
		return one
	}
	if known, err := g.kernel.load(path); err == nil {
		one.controlGroup, one.memory = known, l.Memory > 0 && slices.Contains(g.kernel.holds(), holdMemory)
	}
	return one
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// clear ends what runs in the groups of this agent and of earlier ones, and removes them, but for those of sessions
// that are kept.
func (g *groups) clear(kept func(session string) bool) error {
	var left []string
	for _, place := range g.places {
		names, err := readNames(place)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		keeps := slices.Contains(g.own, place)
		for _, name := range names {
			path := filepath.Join(place, name)
			switch {
			case !isFolder(path):
			case kept(name):
				keeps = true
			default:
				if err := removeGroup(path); err != nil {
					return err
				}
			}
		}
		if keeps {
			left = append(left, place)
		} else if err := removeGroup(place); err != nil {
			return err
		}
	}
	g.places = left
	return g.note()
}

// group is the control group of one session. Nil is a session without one.
type group struct {
	controlGroup
	folders []string
	memory  bool // it limits memory
}

// remove ends what still runs in the group and removes it.
func (g *group) remove() error {
	if g == nil {
		return nil
	}
	var errs []error
	for _, f := range g.folders {
		errs = append(errs, removeGroup(f))
	}
	return errors.Join(errs...)
}

// entry is what a session's supervisor needs to move it into the group.
func (g *group) entry() entry {
	if g == nil {
		return nil
	}
	return g.folders
}

// entry is the folders of the group that a session enters: one for each hierarchy of the kernel, none for no group.
type entry []string

// add moves a process into the group. Its children begin there.
func (e entry) add(pid int) error {
	for _, folder := range e {
		file := filepath.Join(folder, "cgroup.procs")
		if err := os.WriteFile(file, []byte(strconv.Itoa(pid)), 0); err != nil {
			return fmt.Errorf("move the session into its control group: %w", err)
		}
	}
	return nil
}

// enter lets a command begin in the group: a shell moves itself there and becomes the command, so that nothing of a
// session runs outside its group. Version 1 moves a thread that asks for itself at once. To move another process, the
// kernel waits until it is sure that no process forks: 15 ms.
func (e entry) enter(cmd *exec.Cmd) {
	if e == nil {
		return
	}
	const shell, script = "/bin/sh", `while [ "$1" != -- ]; do echo 0 >"$1" || exit; shift; done; shift; exec "$@"`
	args := []string{shell, "-c", script, shell}
	for _, folder := range e {
		file := filepath.Join(folder, "tasks")
		if _, err := os.Stat(file); err != nil { // version 2
			file = filepath.Join(folder, "cgroup.procs")
		}
		args = append(args, file)
	}
	cmd.Path, cmd.Args = shell, append(append(args, "--"), cmd.Args...)
}

// limitsMemory reports whether the kernel holds the session's memory, and nobody need measure it.
func (g *group) limitsMemory() bool { return g != nil && g.memory }

// exhausted reports whether the session has hit its limit of memory.
func (g *group) exhausted() bool { return g.limitsMemory() && g.outOfMemory() }

// removeTimeout is how long the kernel may take until a group is empty whose processes were killed.
const removeTimeout = 5 * time.Second

// removeGroup removes a group that has no groups in it. The kernel refuses that for a moment after its processes ended.
func removeGroup(folder string) error {
	for deadline := time.Now().Add(removeTimeout); ; <-time.After(5 * time.Millisecond) {
		err := unix.Rmdir(folder)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return fmt.Errorf("remove %s: %w", folder, err)
		}
		killGroup(folder)
	}
}

// killGroup kills the processes of a group. The kernel lists those that this process cannot see as 0.
func killGroup(folder string) {
	list, _ := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
	for line := range bytes.Lines(list) {
		if pid, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil && pid > 1 {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// cpuPeriod is the time, in microseconds, in which a group gets its part of the processors. It is the kernel's own.
const cpuPeriod = 100_000

// cpuQuota is a maximum in microseconds of each period.
func (l Limits) cpuQuota() int64 { return l.CPU * cpuPeriod / 1000 }

// orNone is a value for the library, which leaves alone what is nil.
func orNone[T cmp.Ordered](v T) *T {
	var zero T
	if v <= zero {
		return nil
	}
	return &v
}
