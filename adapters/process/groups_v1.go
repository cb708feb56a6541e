package process

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/containerd/cgroups/v3/cgroup1"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// v1 has a hierarchy for each resource. The agent can be in another group of each.
type v1 struct {
	root string // where the hierarchies are mounted
	own  cgroup1.Path
	have []cgroup1.Name
	swap bool // the kernel counts swapped memory
}

// openV1 finds the hierarchies in which this process may make groups.
func openV1() (hierarchy, error) {
	mounted, err := cgroup1.Default()
	if err != nil {
		return nil, err
	}
	h := &v1{own: cgroup1.NestedPath("")}
	reasons := []error{errors.New("no control groups can be made")}
	for _, s := range mounted {
		at, ok := s.(interface{ Path(group string) string })
		if !ok || heldBy[s.Name()] == "" {
			continue
		}
		own, err := h.own(s.Name())
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		folder, err := os.MkdirTemp(at.Path(own), "streamspace-")
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		h.root, h.have = filepath.Dir(at.Path("/")), append(h.have, s.Name())
		if _, err := os.Stat(filepath.Join(folder, "memory.memsw.limit_in_bytes")); err == nil {
			h.swap = true
		}
		if err := removeGroup(folder); err != nil {
			return nil, err
		}
	}
	if len(h.have) == 0 {
		return nil, errors.Join(reasons...)
	}
	return h, nil
}

// heldBy names what each kind of hierarchy holds.
var heldBy = map[cgroup1.Name]string{cgroup1.Memory: holdMemory, cgroup1.Cpu: holdCPU, cgroup1.Pids: holdProcesses}

func (h *v1) holds() []string {
	var all []string
	for _, name := range h.have {
		all = append(all, heldBy[name])
	}
	return all
}

// at is the path of a group in each hierarchy.
func (h *v1) at(group string) cgroup1.Path {
	return func(name cgroup1.Name) (string, error) {
		own, err := h.own(name)
		return filepath.Join(own, group), err
	}
}

func (h *v1) folders(group string) []string {
	var all []string
	for _, name := range h.have {
		if path, err := h.at(group)(name); err == nil { // openV1 has tried it
			all = append(all, filepath.Join(h.root, string(name), path))
		}
	}
	return all
}

// subsystems are the parts of the library for the hierarchies in use.
func (h *v1) subsystems() ([]cgroup1.Subsystem, error) {
	var all []cgroup1.Subsystem
	for _, name := range h.have {
		switch name {
		case cgroup1.Memory: // the other counters need not exist, and nobody reads them
			all = append(all, cgroup1.NewMemory(h.root, cgroup1.IgnoreModules("memsw", "kmem", "kmem.tcp")))
		case cgroup1.Cpu:
			all = append(all, cgroup1.NewCpu(h.root))
		case cgroup1.Pids:
			all = append(all, cgroup1.NewPids(h.root))
		}
	}
	return all, nil
}

func (h *v1) create(group string, l Limits) (controlGroup, error) {
	var unswapped uint64
	r := &specs.LinuxResources{
		Memory: &specs.LinuxMemory{Limit: orNone(l.Memory), Swappiness: &unswapped},
		CPU:    &specs.LinuxCPU{Quota: orNone(l.cpuQuota())},
		Pids:   &specs.LinuxPids{Limit: orNone(l.Processes)},
	}
	if h.swap { // this limit is of memory and swap together
		r.Memory.Swap = r.Memory.Limit
	}
	made, err := cgroup1.New(h.at(group), r, cgroup1.WithHierarchy(h.subsystems))
	return groupV1{made}, err
}

func (h *v1) load(group string) (controlGroup, error) {
	known, err := cgroup1.Load(h.at(group), cgroup1.WithHierarchy(h.subsystems))
	return groupV1{known}, err
}

type groupV1 struct{ made cgroup1.Cgroup }

// outOfMemory needs both: the kernel also kills a process of the group when the whole host is out of memory. It counts
// kills, but newer kernels no longer count what they refused. The peak stays a little below the limit.
func (g groupV1) outOfMemory() bool {
	now, err := g.made.Stat()
	if err != nil || now.GetMemoryOomControl().GetOomKill() == 0 {
		return false
	}
	used := now.GetMemory().GetUsage()
	return used.GetMax() >= used.GetLimit()-used.GetLimit()/16
}
