package process

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// takeOver finds the sessions of an earlier agent. One that runs, or has ended on its own, becomes this agent's. It
// ends and removes all others: those that were still being started or removed, and those that this agent must not run.
// Folders that are not named like a session are left alone.
func (r *Runtime) takeOver() error {
	names, err := readNames(r.store.sessions)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := uuid.Parse(name)
		if err != nil {
			continue
		}
		s, err := r.adopt(id)
		if err != nil {
			return fmt.Errorf("take over session %s: %w", id, err)
		}
		if s != nil {
			r.sessions[id] = s
			r.log.Info("took over a session of an earlier agent", "session_id", name, "phase", s.status.Phase)
			continue
		}
		f := r.store.folder(id)
		if err := f.endLeftover(r.uids); err != nil {
			return fmt.Errorf("end session %s: %w", id, err)
		}
		if err := f.remove(); err != nil {
			return fmt.Errorf("remove session %s: %w", id, err)
		}
		r.log.Info("removed a session of an earlier agent", "session_id", name)
	}
	return r.clearGroups()
}

// clearGroups removes the control groups that no session of this agent has.
func (r *Runtime) clearGroups() error {
	return r.groups.clear(func(name string) bool {
		id, err := uuid.Parse(name)
		return err == nil && r.sessions[id] != nil
	})
}

// adopt makes a session of an earlier agent this one's. It returns nil when the session must be removed.
func (r *Runtime) adopt(id uuid.UUID) (*session, error) {
	f := r.store.folder(id)
	was, found, err := f.readRecord()
	if err != nil || !found || (was.Kind == loose) != r.cfg.Unconfined {
		return nil, err
	}
	if !exists(f.readyFile()) {
		return nil, nil //nolint:nilnil // it was being started
	}
	s := &session{folder: f, uid: was.UID, display: was.Display, started: make(chan struct{})}
	s.limits, s.group, s.mounted = was.Limits, r.groups.find(id, was.Limits), exists(f.image())
	s.giveUp = func(error) {}
	close(s.started)
	s.status = runtime.Status{
		Session: id, Namespace: was.Namespace, Phase: runtime.Running, Started: was.At,
	}
	switch running, err := was.find(f); {
	case err != nil:
		return nil, err
	case running != nil:
		s.processes = running
		r.watches.Go(func() { r.watch(s) })
	default:
		e, err := f.readEnd()
		if err != nil {
			return nil, nil //nolint:nilerr,nilnil // it was killed
		}
		s.processes = &supervised{end: e, gone: make(chan struct{}), leader: &os.Process{}}
		close(s.processes.gone)
		s.status.Phase, s.status.Reason = runtime.Exited, s.ended().Code
	}
	r.uids.take(was.UID)
	return s, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// find finds the processes of a session that runs. It returns nil when its supervisor has ended, or ends with the
// agent: the kernel kills it, but may take a moment.
func (was record) find(f folder) (*supervised, error) {
	if !was.Outlives {
		return nil, nil //nolint:nilnil // as for one that has ended
	}
	leader, err := os.FindProcess(was.PID)
	if err != nil {
		return nil, err
	}
	supervisor, err := watch(was.Supervisor)
	if err != nil {
		return nil, leader.Release() // there is no such process
	}
	// The handles come first, so that the ids cannot be reused meanwhile.
	if !runs(was.Supervisor, was.SupervisorStart) {
		return nil, errors.Join(leader.Release(), supervisor.Close())
	}
	if !runs(was.PID, was.Started) { // the supervisor is about to write that down
		if err := leader.Release(); err != nil {
			return nil, err
		}
		leader = new(os.Process)
	}
	p := newSupervised(order{Kind: was.Kind, UID: was.UID, Folder: f.path}, leader, supervisor, func() {})
	p.supervisor = was.Supervisor
	return p, nil
}

// isMaking recognises a supervisor that was starting this session, and a bubblewrap process that was creating its
// sandbox. If the agent is not root and that supervisor is killed, the latter does not end by itself. Nothing runs in
// the sandbox yet.
func (f folder) isMaking(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	args := strings.Split(string(raw), "\x00")
	return err == nil && (args[0] == bubblewrap && slices.Contains(args, f.home()) ||
		args[0] == supervisorName && slices.Contains(args, f.path))
}

// endLeftover kills the session's processes if any are left.
func (f folder) endLeftover(u *uids) error {
	was, found, err := f.readRecord()
	if err != nil {
		return err
	}
	if found {
		if err := endProcess(was.Supervisor, was.SupervisorStart); err != nil {
			return err
		}
	}
	killAll(f.isMaking) // without a record, because a supervisor writes it only once the sandbox exists
	if !found {
		return nil
	}
	if err := endProcess(was.PID, was.Started); err != nil {
		return err
	}
	if u.idle(was.UID) {
		killAll(ownedBy(was.UID, f))
	}
	return removeSocket(was.Socket)
}

// endProcess kills a process that was recorded, if it still runs, and waits for its end.
func endProcess(pid int, started uint64) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if runs(pid, started) {
		err = killAndWait(p)
	}
	return errors.Join(err, p.Release())
}
