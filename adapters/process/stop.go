package process

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// Stop ends the workload and returns when nothing of it is left. It kills the processes at once, because an X server
// has nothing to save. When ctx is done earlier, the removal continues, and a later call waits for it.
func (r *Runtime) Stop(ctx context.Context, id uuid.UUID) error {
	r.mu.Lock()
	s, known := r.sessions[id]
	if !known {
		r.mu.Unlock()
		return nil
	}
	if s.ending == nil {
		s.ending = newEnding()
		if s.status.Phase == runtime.Starting {
			s.giveUp(errStopped) // the start then removes what it has created
		} else {
			r.watches.Go(func() { r.remove(s) })
		}
	}
	ending := s.ending
	r.mu.Unlock()
	if err := ending.wait(ctx); err != nil {
		return fmt.Errorf("stop %s: %w", id, err)
	}
	return nil
}

// remove kills a workload's processes, waits for their end and removes its folder. It completes s.ending. If it fails,
// the workload stays listed as Exited and can be stopped again.
func (r *Runtime) remove(s *session) {
	if s.processes != nil {
		s.processes.kill()
		<-s.processes.gone
	}
	err := errors.Join(s.group.remove(), removeSocket(socketOf(s.display)), s.folder.remove())

	r.mu.Lock()
	defer r.mu.Unlock()
	ending := s.ending
	ending.err = err
	defer close(ending.done)
	if err == nil {
		r.uids.release(s.uid)
		delete(r.sessions, s.status.Session)
		return
	}
	s.ending = nil
	s.status.Phase, s.status.Reason = runtime.Exited, "not_removed"
}

// errNotRunning covers an unknown session, too: the control plane treats both alike.
var errNotRunning = fault.New(fault.Conflict, "not_running", "The session is not running.")

// Dial opens a connection to the workload's display. It fails with errNotRunning while the display is not ready yet or
// is being removed. The caller closes the connection.
func (r *Runtime) Dial(ctx context.Context, id uuid.UUID) (net.Conn, error) {
	r.mu.Lock()
	s, known := r.sessions[id]
	running := known && s.ending == nil && s.status.Phase == runtime.Running
	r.mu.Unlock()
	if !running {
		return nil, errNotRunning
	}
	conn, err := s.folder.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("dial the display of %s: %w", id, err)
	}
	return conn, nil
}
