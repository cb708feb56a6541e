package process

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// record is what a later agent must know of a session.
type record struct {
	// Supervisor and PID are the processes of the supervisor and of the leader. A process id is reused, but together with
	// the boot and the start time it identifies one process.
	Supervisor      int         `json:"supervisor"`
	SupervisorStart uint64      `json:"supervisor_started"`
	PID             int         `json:"pid"`
	Started         uint64      `json:"started"`
	Boot            string      `json:"boot"`
	UID             int         `json:"uid"`
	Kind            containment `json:"kind"`
	Display         int         `json:"display"`
	At              time.Time   `json:"at"`
	Limits          Limits      `json:"limits"`
	Namespace       string      `json:"namespace"`
	// Outlives: the session runs on without its agent. Without it the supervisor of an agent that is gone is about to end.
	Outlives bool `json:"outlives"`
	// Socket is the file that a killed X server leaves in a shared folder. Empty: the folder was the session's own.
	Socket string `json:"socket,omitempty"`
}

// recordFile is the file that holds the record.
func (f folder) recordFile() string { return filepath.Join(f.path, "process") }

// writeRecord writes the file that identifies a session's processes. Its supervisor calls it.
func (f folder) writeRecord(o order, leader int) error {
	self, err := stat(os.Getpid())
	if err != nil {
		return err
	}
	now, err := stat(leader)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has ended; the start notices that
	}
	if err != nil {
		return err
	}
	boot, err := bootID()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(record{
		Supervisor: os.Getpid(), SupervisorStart: self.started, PID: leader, Started: now.started, Boot: boot,
		UID: o.UID, Kind: o.Kind, Display: o.Display, At: time.Now(), Limits: o.Limits, Namespace: o.Namespace,
		Outlives: o.Outlive > 0, Socket: socketOf(o.Display),
	})
	if err != nil {
		return err
	}
	return writeWhole(f.recordFile(), raw)
}

// readRecord reads what a supervisor has written down. It reports false when that is nothing, or is of another boot of
// the host.
func (f folder) readRecord() (was record, found bool, err error) {
	raw, err := os.ReadFile(f.recordFile())
	if errors.Is(err, fs.ErrNotExist) {
		return was, false, nil
	}
	if err != nil {
		return was, false, err
	}
	if err := json.Unmarshal(raw, &was); err != nil {
		return was, false, nil //nolint:nilerr // an earlier version wrote it, or the host went down meanwhile
	}
	boot, err := bootID()
	return was, err == nil && boot == was.Boot, err
}

// runs reports whether a process is the one that was recorded, and has not ended.
func runs(pid int, started uint64) bool {
	now, err := stat(pid)
	return err == nil && now.started == started && now.state != "Z"
}

// readyFile exists once the session's display has responded.
func (f folder) readyFile() string { return filepath.Join(f.path, "ready") }
