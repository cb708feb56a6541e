package agent

import (
	"strconv"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// Limits are what one session may use of a host.
type Limits struct {
	// Memory and Disk are in MiB, CPU in thousandths of a processor. Zero: no limit.
	Memory int64 `env:"STREAMSPACE_AGENT_MEMORY" envDefault:"4096"`
	Disk   int64 `env:"STREAMSPACE_AGENT_DISK"   envDefault:"4096"`
	CPU    int64 `env:"STREAMSPACE_AGENT_CPU"    envDefault:"0"`
	// Processes is of processes and threads.
	Processes int64 `env:"STREAMSPACE_AGENT_PROCESSES" envDefault:"4096"`
	// Reserve is in MiB, what sessions leave free of the host's disk. Zero: they may fill it.
	Reserve int64 `env:"STREAMSPACE_AGENT_DISK_RESERVE" envDefault:"1024"`
}

// LimitSettings says what each limit is for.
func LimitSettings() map[string]string {
	return map[string]string{
		"STREAMSPACE_AGENT_MEMORY": "memory that one session may use, in MiB, with what it writes to /tmp; 0: no limit",
		"STREAMSPACE_AGENT_DISK":   "disk space that the home of one session may use, in MiB; 0: no limit",
		"STREAMSPACE_AGENT_CPU": "processors that one session may use, in thousandths of one (1500: one and a half), " +
			"where control groups can be made; 0: no limit",
		"STREAMSPACE_AGENT_PROCESSES": "processes and threads that one session may have",
		"STREAMSPACE_AGENT_DISK_RESERVE": "disk space that sessions leave free, in MiB: with less no session starts, " +
			"and the one with the most files ends; 0: none",
	}
}

// bound is one limit with its bounds. Those that may be zero then have no limit.
type bound struct {
	name           string
	value          int64
	smallest, most int64
	optional       bool
}

// The largest are those of the kernel, or more than any host has.
func (l Limits) bounds() []bound {
	return []bound{
		{"STREAMSPACE_AGENT_MEMORY", l.Memory, runtime.MinMemory, 1 << 30, true},
		{"STREAMSPACE_AGENT_DISK", l.Disk, runtime.MinDisk, 1 << 30, true},
		{"STREAMSPACE_AGENT_CPU", l.CPU, runtime.MinCPU, 1 << 20, true},
		{"STREAMSPACE_AGENT_PROCESSES", l.Processes, runtime.MinProcesses, 1 << 22, false},
		{"STREAMSPACE_AGENT_DISK_RESERVE", l.Reserve, 1, 1 << 30, true},
	}
}

// Check reports the limits that are wrong.
func (l Limits) Check(r *settings.Report) {
	for _, b := range l.bounds() {
		switch {
		case b.optional && b.value == 0:
		case b.value >= b.smallest && b.value <= b.most:
		case b.optional:
			r.Wrong(b.name, "must be 0 or from %d to %d", b.smallest, b.most)
		default:
			r.Wrong(b.name, "must be from %d to %d", b.smallest, b.most)
		}
	}
}

// Environ is the part of an agent's environment that gives it these limits.
func (l Limits) Environ() []string {
	var all []string
	for _, b := range l.bounds() {
		all = append(all, b.name+"="+strconv.FormatInt(b.value, 10))
	}
	return all
}

func (l Limits) ofSessions() process.Limits {
	return process.Limits{Memory: l.Memory << 20, Disk: l.Disk << 20, CPU: l.CPU, Processes: l.Processes}
}
