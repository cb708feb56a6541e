package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// describeTimeout is how long bubblewrap may take to report which process it created; it takes a few milliseconds. No
// context bounds it: without the id of its first process we could not wait for the end of a cancelled sandbox.
const describeTimeout = 5 * time.Second

// processes are the processes of one workload, as its supervisor has them.
type processes struct {
	cmd *exec.Cmd
	// leader is the first process of a namespace; when it ends, the kernel kills all others in the namespace. For an
	// unconfined session it is desktop.sh. os.Process holds a handle, so a reused process id cannot be mistaken for it.
	leader *os.Process
	pid    int // the leader's
	// mine recognises the processes of an unconfined session. It is nil for a sandbox.
	mine   func(pid int) bool
	alive  *os.File // the supervisor's end of a pipe; it closes when the supervisor ends, which the session notices
	output tail
	// drained is closed when no process can write output any more.
	drained chan struct{}
	gone    chan struct{} // closed when none is left
	status  int           // the exit status of desktop.sh, or another when it was killed; constant once gone is closed
}

// identify finds the leader. bubblewrap reports on info which process it created. It must run before anything can wait
// for or kill the workload.
func (p *processes) identify(kind containment, info *os.File) error {
	p.leader, p.pid = p.cmd.Process, p.cmd.Process.Pid
	if kind != announced {
		return nil
	}
	if err := info.SetReadDeadline(time.Now().Add(describeTimeout)); err != nil {
		return err
	}
	var told struct {
		PID int `json:"child-pid"`
	}
	if err := json.NewDecoder(info).Decode(&told); err != nil {
		return fmt.Errorf("create the sandbox: %w", err)
	}
	// The handle comes before the check of the parent. If the id was reused in between, the parent is a different one.
	leader, err := os.FindProcess(told.PID)
	if err != nil {
		return fmt.Errorf("find process %d: %w", told.PID, err)
	}
	if now, err := stat(told.PID); err != nil || now.parent != p.pid {
		return errors.Join(fmt.Errorf("process %d ended at once", told.PID), leader.Release())
	}
	p.leader, p.pid = leader, told.PID
	return nil
}

// kill kills the workload; gone is closed when it has ended.
func (p *processes) kill() { _ = p.leader.Kill() }

// wait returns when no process of the workload is left. It kills processes that outlive desktop.sh.
func (p *processes) wait() {
	defer close(p.gone)
	defer func() { _ = p.alive.Close() }()
	_ = p.cmd.Wait()
	p.status = p.cmd.ProcessState.ExitCode()
	if p.mine != nil {
		killAll(p.mine)
	}
	if p.leader != p.cmd.Process {
		_ = killAndWait(p.leader)
	}
	<-p.drained // returns at once, because all writers have ended
}

// killAndWait kills a process, which need not be a child, and returns when it has ended. The first process of a
// namespace ends last. There is no timeout: a killed process that does not end is stuck in the kernel, and nothing
// could free what it holds.
func killAndWait(p *os.Process) error {
	if err := p.Kill(); err != nil {
		if errors.Is(err, os.ErrProcessDone) {
			return nil
		}
		return err
	}
	var failure error
	err := p.WithHandle(func(pidfd uintptr) {
		for {
			_, failure = unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, -1)
			if failure != unix.EINTR {
				return
			}
		}
	})
	return errors.Join(err, failure)
}
