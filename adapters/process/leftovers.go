package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// record names a session's leader for a later agent. With the boot and the start time it names one process and no
// other.
type record struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"`
	Boot    string `json:"boot"`
	UID     int    `json:"uid"`
	// Socket is what a killed X server leaves behind in a folder of all users. Empty: nothing, since it had its own.
	Socket string `json:"socket,omitempty"`
}

func (f folder) recordFile() string { return filepath.Join(f.path, "process") }

// record writes down which process a session runs as.
func (f folder) record(leader, uid int, socket string) error {
	now, err := stat(leader)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it has ended, which the start notices
	}
	if err != nil {
		return err
	}
	boot, err := bootID()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(record{PID: leader, Started: now.started, Boot: boot, UID: uid, Socket: socket})
	if err != nil {
		return err
	}
	return os.WriteFile(f.recordFile(), raw, 0o600)
}

// clearLeftovers removes the sessions of an earlier agent. They died with it, unless it was killed in an unlucky
// moment or ran them without namespaces. What it cannot tell to be a session it leaves alone.
func (r *Runtime) clearLeftovers() error {
	names, err := readNames(r.store.sessions)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := uuid.Parse(name)
		if err != nil {
			continue
		}
		f := r.store.folder(id)
		if err := f.endLeftover(r.uids); err != nil {
			return fmt.Errorf("end session %s: %w", id, err)
		}
		if err := f.remove(); err != nil {
			return fmt.Errorf("remove session %s: %w", id, err)
		}
		r.log.Info("removed a session of an earlier agent", "session_id", id.String())
	}
	return nil
}

// isMaking tells a bubblewrap that was to make this session's sandbox. Where the agent is not root, one that has not
// finished when the agent is killed does not end by itself. There is nothing in it yet.
func (f folder) isMaking(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	args := strings.Split(string(raw), "\x00")
	return err == nil && args[0] == bubblewrap && slices.Contains(args, f.home())
}

// endLeftover kills the session's processes if any are left.
func (f folder) endLeftover(u *uids) error {
	killAll(f.isMaking)
	raw, err := os.ReadFile(f.recordFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var was record
	if err := json.Unmarshal(raw, &was); err != nil {
		return nil // written while the host went down: there is no process either
	}
	boot, err := bootID()
	if err != nil || boot != was.Boot {
		return err
	}
	leader, err := os.FindProcess(was.PID)
	if err != nil {
		return err
	}
	if now, err := stat(was.PID); err == nil && now.started == was.Started {
		err = killAndWait(leader)
		if err != nil {
			return err
		}
	}
	if u.idle(was.UID) {
		killAll(ownedBy(was.UID, f))
	}
	return errors.Join(leader.Release(), removeSocket(was.Socket))
}
