package process

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	goruntime "runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// command is what a starter starts.
type command struct {
	args []string
	env  []string
	dir  string
	kind containment
	// mine tells an unconfined session's processes from all others.
	mine func(pid int) bool
}

// containment is what makes a workload's processes end together.
type containment int

const (
	// loose: nothing does. They are looked for and killed one by one.
	loose containment = iota
	// nested: the process that is started is the first of a process namespace. The kernel ends all others with it, and
	// it can be waited for only when they have ended.
	nested
	// announced: it makes the first process of such a namespace and says on file 7 which it is. Only root can nest.
	announced
)

// starter starts processes that die with the agent. The kernel sends the signal for that when the thread that made
// the process ends, and Go ends threads as it likes: so that one thread, which lives as long as the runtime, makes
// them all.
type starter struct{ work chan func() }

func newStarter() *starter {
	s := &starter{work: make(chan func())}
	go s.run()
	return s
}

// run never unlocks its thread, which therefore ends with it.
func (s *starter) run() {
	goruntime.LockOSThread()
	// The agent's parent may have left keys in its session keyring, which children inherit: theirs is a new one.
	// Where the kernel has no keyrings there is none to leave; where a filter forbids the call, it binds the children
	// too.
	_, _ = unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
	// Go closes its own files in what it starts. Those the agent was started with it would pass on.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	for fn := range s.work {
		fn()
	}
}

func (s *starter) close() { close(s.work) }

// start starts a desktop, which serves its viewers on display. It closes display: once Xvnc has ended nothing may hold
// the socket, or viewers would wait instead of being refused.
func (s *starter) start(c command, display *os.File) (*processes, error) {
	defer func() { _ = display.Close() }()
	pipes, err := openPipes(4)
	if err != nil {
		return nil, fmt.Errorf("make pipes: %w", err)
	}
	number, info, output, alive := pipes[0], pipes[1], pipes[2], pipes[3]
	defer number.read.Close()
	defer info.read.Close()

	cmd := exec.Command(c.args[0], c.args[1:]...) //nolint:noctx // it outlives its start, and has an end of its own
	cmd.Env, cmd.Dir = c.env, c.dir
	cmd.Stdout, cmd.Stderr = output.write, output.write
	cmd.ExtraFiles = []*os.File{display, number.read, number.write, alive.read} // 3 to 6; desktop.sh names them
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:    true, // no terminal of ours to type into, and a Ctrl-C there is for the agent alone
		Pdeathsig: syscall.SIGKILL,
	}
	switch c.kind {
	case nested:
		// bubblewrap makes another inside. Were this one not around it, what bubblewrap has forked but not yet set up would
		// outlive a bubblewrap that is killed, waiting for it.
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	case announced:
		cmd.ExtraFiles = append(cmd.ExtraFiles, info.write)
	}
	forked := make(chan error, 1)
	s.work <- func() { forked <- cmd.Start() }
	err = <-forked
	err = errors.Join(err, number.write.Close(), info.write.Close(), output.write.Close(), alive.read.Close())
	p := &processes{cmd: cmd, mine: c.mine, alive: alive.write}
	p.drained, p.gone = make(chan struct{}), make(chan struct{})
	go p.output.drain(output.read, p.drained)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run %s: %w", c.args[0], err), alive.write.Close())
	}
	if err := p.identify(c.kind, info.read); err != nil {
		_ = cmd.Process.Kill()
		p.wait()
		return nil, fmt.Errorf("%w: %s", err, &p.output)
	}
	go p.wait()
	return p, nil
}

type pipe struct{ read, write *os.File }

func openPipes(n int) ([]pipe, error) {
	all := make([]pipe, 0, n)
	for range n {
		r, w, err := os.Pipe()
		if err != nil {
			for _, p := range all {
				err = errors.Join(err, p.read.Close(), p.write.Close())
			}
			return nil, err
		}
		all = append(all, pipe{r, w})
	}
	return all, nil
}
