package process

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// guardMemory ends sessions that exceed their memory. In a control group the kernel has noticed it. The others are
// measured: the first sum is fast and counts shared memory once for each
// process. Only a session that exceeds the limit by it is measured exactly.
func (r *Runtime) guardMemory() {
	sessions := slices.DeleteFunc(r.running(), func(s *session) bool {
		if s.group.exhausted() {
			r.exceed(s, errMemoryLimit, s.limits.Memory, s.limits.Memory)
		}
		return s.group.limitsMemory() || s.limits.Memory == 0
	})
	if len(sessions) == 0 {
		return
	}
	for s, pids := range processesOf(sessions) {
		scratch := scratchUsed(pids)
		most := s.limits.Memory
		rough := scratch
		for _, pid := range pids {
			all, _ := pages(pid)
			rough += all
		}
		if rough <= most {
			continue
		}
		var private, shared int64
		for _, pid := range pids {
			p, s := exact(pid)
			private, shared = private+p, shared+s
		}
		// Files of /tmp and /dev/shm that a process maps are in both numbers.
		if used := private + max(shared, scratch); used > most {
			r.exceed(s, errMemoryLimit, used, most)
		}
	}
}

// processesOf finds the processes of sessions in one pass over those of this host.
func processesOf(sessions []*session) map[*session][]int {
	users, namespaces := map[int]*session{}, map[string]*session{}
	var loose []*session
	for _, s := range sessions {
		switch {
		case s.uid != 0:
			users[s.uid] = s
		case s.processes.mine != nil:
			loose = append(loose, s)
		default:
			namespaces[processNamespace(s.processes.pid)] = s
		}
	}
	found := make(map[*session][]int, len(sessions))
	all, err := pids()
	if err != nil {
		return nil
	}
	for _, pid := range all {
		s := users[owner(pid)]
		if s == nil && len(namespaces) > 0 {
			s = namespaces[processNamespace(pid)]
		}
		for _, other := range loose {
			if s == nil && other.processes.mine(pid) {
				s = other
			}
		}
		if s != nil {
			found[s] = append(found[s], pid)
		}
	}
	return found
}

// processNamespace identifies the namespace of a process. It is a name that no session has if the process has ended.
func processNamespace(pid int) string {
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return "none of " + strconv.Itoa(pid)
	}
	return name
}

// pages reads how much memory a process has and how much of it is shared, in bytes.
func pages(pid int) (all, shared int64) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := bytes.Fields(raw)
	if err != nil || len(fields) < 3 {
		return 0, 0
	}
	page := int64(os.Getpagesize())
	all, _ = strconv.ParseInt(string(fields[1]), 10, 64)
	shared, _ = strconv.ParseInt(string(fields[2]), 10, 64)
	return all * page, shared * page
}

// exact is the memory of a process in bytes. What several processes share is divided between them. Files are left out,
// because the kernel can free them. Without the right to read it, it is the process's own memory alone.
func exact(pid int) (private, shared int64) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		all, common := pages(pid)
		return all - common, 0
	}
	for line := range bytes.Lines(raw) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kilobytes, _ := strconv.ParseInt(string(fields[1]), 10, 64)
		switch string(fields[0]) {
		case "Pss_Anon:":
			private = kilobytes << 10
		case "Pss_Shmem:":
			shared = kilobytes << 10
		}
	}
	return private, shared
}

// scratchUsed is the memory that a sandbox's /tmp and /dev/shm use, in bytes. An empty file uses about one kilobyte,
// which their size does not bound. It is zero without the right to look into the sandbox.
func scratchUsed(pids []int) int64 {
	var here, inside unix.Statfs_t
	for _, pid := range pids {
		var used int64
		for _, dir := range []string{"/tmp", "/dev/shm"} {
			if unix.Statfs(fmt.Sprintf("/proc/%d/root%s", pid, dir), &inside) != nil || unix.Statfs(dir, &here) != nil ||
				inside.Fsid == here.Fsid {
				continue // it has ended, or is this host's own
			}
			used += int64(inside.Blocks-inside.Bfree)*inside.Bsize + int64(inside.Files-inside.Ffree)<<10
		}
		if used > 0 {
			return used
		}
	}
	return 0
}
