package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/containerd/cgroups/v3"
	"github.com/containerd/cgroups/v3/cgroup2"
	"golang.org/x/sys/unix"
)

// agentLeaf is the group into which the agent moves. A group that has groups with limits holds no process itself.
const agentLeaf = "streamspace-agent"

// v2 is one hierarchy for everything.
type v2 struct {
	mount string
	base  string // the path below which the agent makes groups
	have  map[string]bool
}

// heldByV2 names what each controller holds.
var heldByV2 = map[string]string{"memory": holdMemory, "cpu": holdCPU, "pids": holdProcesses}

// openV2 makes groups where the agent may. Root falls back to the top of the hierarchy.
func openV2() (hierarchy, error) {
	const mount, top = "/sys/fs/cgroup", "/"
	_, own, err := cgroups.ParseCgroupFileUnified("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	base := baseOf(own)
	h, err := openV2At(mount, base)
	if err == nil && filepath.Ext(own) == service && unix.Access(filepath.Join(mount, base), unix.W_OK) != nil {
		err = errors.New("an agent that is not root needs DelegateSubgroup=" + agentLeaf + " in its unit, of systemd 254")
	}
	if err != nil && base != top && os.Geteuid() == 0 {
		var above error
		if h, above = openV2At(mount, top); above != nil {
			above = errors.Join(err, above)
		}
		err = above
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// service is how the names of systemd's groups of services end.
const service = ".service"

// baseOf is the group in which the agent makes groups: its own, if it has one to itself, as a container does. A service
// makes them beside its own. A group that has groups with limits takes no process, so that systemd could not start the
// agent again while desktops run. Version 254 can start it in a group inside its own (DelegateSubgroup), as agentLeaf.
func baseOf(own string) string {
	if filepath.Base(own) == agentLeaf || filepath.Ext(own) == service {
		return filepath.Dir(own)
	}
	return own
}

func openV2At(mount, base string) (*v2, error) {
	all, err := cgroup2.Load(base, cgroup2.WithMountpoint(mount))
	if err != nil {
		return nil, err
	}
	for name := range heldByV2 { // root can have what nobody has asked for yet; others have what they were given
		_ = all.ToggleControllers([]string{name}, cgroup2.Enable)
	}
	names, err := all.Controllers()
	if err != nil {
		return nil, err
	}
	h := &v2{mount: mount, base: base, have: map[string]bool{}}
	for _, name := range names {
		if heldByV2[name] != "" {
			h.have[name] = true
		}
	}
	if len(h.have) == 0 {
		return nil, fmt.Errorf("the control group %s has no controller of memory, processors or processes", base)
	}
	return h, h.vacate(all)
}

// vacate moves the agent out of the group in which it makes others. Only the group at the top may hold both.
func (h *v2) vacate(all *cgroup2.Manager) error {
	if _, err := os.Stat(filepath.Join(h.mount, h.base, "cgroup.type")); errors.Is(err, os.ErrNotExist) {
		return nil // it is the top
	}
	inside, err := all.Procs(false)
	if err != nil {
		return err
	}
	self := uint64(os.Getpid())
	switch {
	case len(inside) == 0:
		return nil
	case len(inside) > 1 || inside[0] != self:
		return fmt.Errorf("other programs are in the control group %s", h.base)
	}
	leaf, err := cgroup2.NewManager(h.mount, filepath.Join(h.base, agentLeaf), &cgroup2.Resources{})
	if err != nil {
		return err
	}
	return leaf.AddProc(self)
}

func (h *v2) holds() []string {
	var all []string
	for name := range h.have {
		all = append(all, heldByV2[name])
	}
	slices.Sort(all)
	return all
}

func (h *v2) folders(group string) []string { return []string{filepath.Join(h.mount, h.base, group)} }

func (h *v2) create(group string, l Limits) (controlGroup, error) {
	r := &cgroup2.Resources{}
	if h.have["memory"] {
		r.Memory = &cgroup2.Memory{Max: orNone(l.Memory)}
	}
	if h.have["cpu"] {
		r.CPU = &cgroup2.CPU{}
		if l.CPU > 0 {
			quota, period := l.cpuQuota(), uint64(cpuPeriod)
			r.CPU.Max = cgroup2.NewCPUMax(&quota, &period)
		}
	}
	if h.have["pids"] {
		r.Pids = &cgroup2.Pids{Max: l.Processes}
	}
	made, err := cgroup2.NewManager(h.mount, filepath.Join(h.base, group), r)
	if err != nil {
		return nil, err
	}
	g := groupV2{made}
	if _, err := os.Stat(filepath.Join(h.mount, h.base, group, "memory.swap.max")); err == nil && l.Memory > 0 {
		var none int64
		return g, made.Update(&cgroup2.Resources{Memory: &cgroup2.Memory{Swap: &none}})
	}
	return g, nil
}

func (h *v2) load(group string) (controlGroup, error) {
	known, err := cgroup2.Load(filepath.Join(h.base, group), cgroup2.WithMountpoint(h.mount))
	return groupV2{known}, err
}

type groupV2 struct{ made *cgroup2.Manager }

// outOfMemory needs both: the kernel also kills a process of the group when the whole host is out of memory.
func (g groupV2) outOfMemory() bool {
	now, err := g.made.StatFiltered(cgroup2.StatMemoryEvents)
	return err == nil && now.GetMemoryEvents().GetOomKill() > 0 && now.GetMemoryEvents().GetOom() > 0
}
