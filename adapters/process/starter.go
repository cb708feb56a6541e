package process

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	goruntime "runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// command is a command line for a starter. The environment is complete: the child inherits no variable of the agent.
type command struct {
	args   []string
	env    []string
	dir    string
	kind   containment
	groups entry
	// nesting: its programs may make namespaces.
	nesting bool
	// mine recognises the processes of an unconfined session.
	mine func(pid int) bool
}

// containment is the mechanism that ends all processes of a workload together.
type containment int

const (
	// loose: there is none. The processes are searched for and killed one by one.
	loose containment = iota
	// nested: the started process is the first of a process namespace. When it ends, the kernel kills all others, and
	// its end is reported only after theirs.
	nested
	// announced: the started process creates the first process of such a namespace and reports its id on file 8. This
	// is for agents that are not root, because only root can nest.
	announced
)

// starter starts processes that die with this one: supervisors with the agent, where they may not outlive it, and a
// session's processes with its supervisor. The kernel sends their death signal when the thread that started them ends,
// and Go may end a thread at any time. So one thread, which lives as long as the starter, starts all of them.
type starter struct{ work chan func() }

// newStarter starts the thread. close must be called to end it.
func newStarter() *starter {
	s := &starter{work: make(chan func())}
	go s.run()
	return s
}

// run never unlocks its thread, so the thread ends when run returns.
func (s *starter) run() {
	goruntime.LockOSThread()
	// Go closes its own files in child processes, but not those that this process itself inherited.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	for fn := range s.work {
		fn()
	}
}

func (s *starter) close() { close(s.work) }

// fork starts a command on the starter's thread. A child inherits the session keyring of the thread that forks it: so
// the thread joins a new one for each child, and leaves it afterwards. If it stayed, the keys of a session would
// outlive the session until the next start.
func (s *starter) fork(cmd *exec.Cmd) error {
	forked := make(chan error, 1)
	s.work <- func() {
		err := joinNewKeyring()
		if err == nil {
			err = cmd.Start()
			_ = joinNewKeyring() // a failure only keeps the keys until the next start
		}
		forked <- err
	}
	return <-forked
}

// start starts a desktop that serves viewers on display, and passes on what it writes. It closes the supervisor's copy
// of display: if one stayed open after Xvnc ended, viewers would wait instead of being refused. When it fails, no
// process is left.
func (s *starter) start(c command, display *os.File, to io.Writer) (*processes, error) {
	defer func() { _ = display.Close() }()
	var rules *os.File
	if c.kind != loose {
		var err error
		if rules, err = openFilter(c.nesting); err != nil {
			return nil, err
		}
		defer rules.Close()
	}
	pipes, err := openPipes(4)
	if err != nil {
		return nil, fmt.Errorf("make pipes: %w", err)
	}
	number, info, output, alive := pipes[0], pipes[1], pipes[2], pipes[3]
	defer number.read.Close()
	defer info.read.Close()

	cmd := exec.Command(c.args[0], c.args[1:]...) //nolint:noctx // it outlives the start, and kill ends it
	cmd.Env, cmd.Dir = c.env, c.dir
	cmd.Stdout, cmd.Stderr = output.write, output.write
	cmd.ExtraFiles = []*os.File{display, number.read, number.write, alive.read} // 3 to 6; desktop.sh names them
	if c.kind != loose {
		cmd.ExtraFiles = append(cmd.ExtraFiles, rules) // 7; bubblewrap reads and closes it
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:    true, // so that it has no terminal
		Pdeathsig: syscall.SIGKILL,
	}
	switch c.kind {
	case nested:
		// bubblewrap creates another namespace inside this one. Without the outer one, a child that bubblewrap has
		// forked but not yet set up would survive when bubblewrap is killed.
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	case announced:
		cmd.ExtraFiles = append(cmd.ExtraFiles, info.write)
	}
	c.groups.enter(cmd)
	err = s.fork(cmd)
	err = errors.Join(err, number.write.Close(), info.write.Close(), output.write.Close(), alive.read.Close())
	p := &processes{cmd: cmd, mine: c.mine, alive: alive.write}
	p.drained, p.gone = make(chan struct{}), make(chan struct{})
	go p.output.drain(output.read, to, p.drained)
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

// pipe is both ends of a pipe. Each pipe reports an event once: the display's number, the sandbox's first process, the
// end of all writers of the output, and the end of the supervisor.
type pipe struct{ read, write *os.File }

// openPipes opens n pipes, or none if one fails.
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
