package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// procStat holds the fields that we need of /proc/PID/stat.
type procStat struct {
	state   string // one letter; Z for a zombie, which has ended and waits for its parent
	parent  int
	started uint64 // in clock ticks since the host started; identifies one process together with the id
}

// stat reads the state of a process. It fails with os.ErrNotExist when the process has ended.
func stat(pid int) (procStat, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, err
	}
	// The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 20 {
		return procStat{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return procStat{}, err
	}
	started, err := strconv.ParseUint(fields[19], 10, 64)
	return procStat{fields[0], parent, started}, err
}

// bootID identifies the current boot of the host. Process ids and start times start again with each boot.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
}

// pids lists this host's processes.
func pids() ([]int, error) {
	names, err := readNames("/proc")
	if err != nil {
		return nil, err
	}
	var all []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			all = append(all, pid)
		}
	}
	return all, nil
}

// readNames lists a folder without reading each entry's attributes. In /proc, entries disappear while they are listed.
func readNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(-1)
	return names, errors.Join(err, d.Close())
}

// owner is the user a process runs as, or -1 when it has ended.
func owner(pid int) int {
	info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	if err != nil {
		return -1
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// hasVariable reports whether a process was started with a variable, written NAME=value. It returns false for processes
// of other users, which cannot be read.
func hasVariable(pid int, variable string) bool {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	for v := range bytes.SplitSeq(environ, []byte{0}) {
		if string(v) == variable {
			return true
		}
	}
	return false
}

// killAll kills processes until none is left. It repeats, because a process may start another before it is killed.
func killAll(mine func(pid int) bool) {
	for {
		all, err := pids()
		if err != nil {
			return
		}
		left := 0
		for _, pid := range all {
			p, err := os.FindProcess(pid) // the handle comes first, so that the id cannot be reused meanwhile
			if err != nil {
				continue
			}
			if now, err := stat(pid); err == nil && now.state != "Z" && mine(pid) {
				left++
				_ = p.Kill()
			}
			_ = p.Release()
		}
		if left == 0 {
			return
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // the kernel only tells a parent that its child has ended
	}
}
