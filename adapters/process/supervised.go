package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// supervised is a session that a supervisor runs, as the agent sees it.
type supervised struct {
	folder folder
	// leader is the first process of a namespace; when it ends, the kernel kills all others in the namespace. For an
	// unconfined session it is desktop.sh. os.Process holds a handle, so a reused process id cannot be mistaken for it.
	leader *os.Process
	pid    int // the leader's
	// supervisor is the supervisor's process id.
	supervisor int
	// mine recognises the processes of an unconfined session. It is nil for a sandbox.
	mine  func(pid int) bool
	watch *os.File // of the supervisor; closed when the agent leaves the session alone
	// output is the agent's end of the pipe of what the session writes; nil for a session of an earlier agent.
	output *os.File
	gone   chan struct{}
	left   chan struct{} // closed when the agent has left the session alone
	// end is how it ended; constant once gone is closed.
	end end
}

// end is how a session has ended, as its supervisor wrote it down.
type end struct {
	Status int    `json:"status"` // the exit status of desktop.sh, or another when it was killed
	Output string `json:"output"` // the end of what its programs wrote
}

// killed is the status of a session whose supervisor has written nothing down.
const killed = -1

// newSupervised waits for the end of a supervisor. reap takes note of that, where it is a child.
func newSupervised(o order, leader *os.Process, supervisor *os.File, reap func()) *supervised {
	p := &supervised{
		folder: o.folder(), leader: leader, pid: leader.Pid, mine: o.mine(), watch: supervisor,
		gone: make(chan struct{}), left: make(chan struct{}),
	}
	go p.await(reap)
	return p
}

// watch opens a process, to wait for its end. It may have ended, as long as nobody has taken note of that.
func watch(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that Go waits for it without a thread
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "process"), nil
}

// await returns when the supervisor has ended or the agent leaves it alone.
func (p *supervised) await(reap func()) {
	conn, err := p.watch.SyscallConn()
	if err == nil {
		err = conn.Read(func(fd uintptr) bool {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			return n > 0 && err == nil
		})
	}
	if err != nil {
		close(p.left)
		return
	}
	reap()
	if p.end, err = p.folder.readEnd(); err != nil { // it was killed
		p.end = end{Status: killed}
		_ = killAndWait(p.leader)
		if p.mine != nil {
			killAll(p.mine)
		}
	}
	_ = p.watch.Close()
	close(p.gone)
}

// kill kills the session; gone is closed when it has ended.
func (p *supervised) kill() { _ = p.leader.Kill() }

// leave leaves the session alone: it runs on.
func (p *supervised) leave() {
	_ = p.watch.Close()
	_ = p.output.Close()
	select {
	case <-p.left:
	case <-p.gone:
	}
}

// endFile holds how a session ended.
func (f folder) endFile() string { return filepath.Join(f.path, "ended") }

func (f folder) writeEnd(e end) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return writeWhole(f.endFile(), raw)
}

func (f folder) readEnd() (e end, err error) {
	raw, err := os.ReadFile(f.endFile())
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(raw, &e)
}

// writeWhole writes a file that is there with all of its content, or not at all.
func writeWhole(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
