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

// record identifies a session's leader for a later agent. A process id is reused, but together with the boot and the
// start time it identifies one process.
type record struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"`
	Boot    string `json:"boot"`
	UID     int    `json:"uid"`
	// Socket is the file that a killed X server leaves in a shared folder. Empty: the folder was the session's own.
	Socket string `json:"socket,omitempty"`
}

// recordFile is the file that holds the record.
func (f folder) recordFile() string { return filepath.Join(f.path, "process") }

// record writes the file that identifies a session's leader.
func (f folder) record(leader, uid int, socket string) error {
	now, err := stat(leader)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it has ended; the start notices that
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

// clearLeftovers removes the sessions of an earlier agent. Usually they ended with it. They did not if it ran them
// without namespaces or was killed while it started one. Folders that are not named like a session are left alone.
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

// isMaking recognises a bubblewrap process that was creating this session's sandbox. If the agent is not root and is
// killed in that moment, that process does not end by itself. Nothing runs in the sandbox yet.
func (f folder) isMaking(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	args := strings.Split(string(raw), "\x00")
	return err == nil && args[0] == bubblewrap && slices.Contains(args, f.home())
}

// endLeftover kills the session's processes if any are left.
func (f folder) endLeftover(u *uids) error {
	// These come first: the record is written only after the sandbox exists.
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
		return nil // the host went down during the write, so the process is gone too
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
