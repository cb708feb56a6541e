package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// supervisorName is the name under which this program runs as the supervisor of one session.
const supervisorName = "streamspace-supervisor"

// The files with which a supervisor is started, after its three standard ones.
const (
	orderFile   = 3 + iota // a pipe on which it reads its order
	displayFile            // the socket on which the display serves viewers
	answerFile             // a pipe on which it answers
	outputFile             // a pipe on which it passes on what the session writes
	userFile               // holds the lock of the session's user id; absent when the agent is not root
)

// order is what the agent tells a supervisor.
type order struct {
	Args    []string
	Env     []string
	Dir     string // in which the command starts
	Kind    containment
	Nesting bool // its programs may make namespaces
	UID     int
	Display int
	Folder  string // the session's
	Lock    string // the file that a running agent locks
	// Outlive is how long the session runs on while no agent runs.
	Outlive time.Duration
	Groups  entry
	Limits  Limits
	// Mounts: the home is a file system of its own, which the supervisor mounts for itself and the session alone.
	Mounts bool
	// Namespace is the workload's.
	Namespace string
}

// answer is what a supervisor says once the session's processes run, or could not be started.
type answer struct {
	PID   int // the leader's
	Error string
}

// mountTimeout is how long a supervisor may take to mount the home. It takes about ten milliseconds.
const mountTimeout = 5 * time.Second

// answerTimeout is how long a supervisor may take until it answers. It takes about 50 ms on an idle host. No context
// bounds it: without the answer nobody could wait for the end of the session.
const answerTimeout = mountTimeout + describeTimeout + 5*time.Second

// passed are files that a supervisor gets from the agent.
type passed struct {
	display *os.File
	user    *os.File // nil when the agent is not root
}

// supervise starts a supervisor, which starts the session and ends when nothing of it is left. It closes the agent's
// copy of the display. When it fails, no process is left.
func (s *starter) supervise(o order, with passed, out *output) (*supervised, error) {
	defer func() { _ = with.display.Close() }()
	pipes, err := openPipes(3)
	if err != nil {
		return nil, fmt.Errorf("make pipes: %w", err)
	}
	told, answered, written := pipes[0], pipes[1], pipes[2]
	defer told.write.Close()
	defer answered.read.Close()
	// The link leads to this version of the program, also when its file was replaced.
	cmd := exec.Command("/proc/self/exe") //nolint:noctx // it outlives the start, and the session's end ends it
	// A later agent finds it by the folder.
	cmd.Args, cmd.Dir = []string{supervisorName, o.Folder}, "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GOMAXPROCS=1"}
	cmd.ExtraFiles = []*os.File{told.read, with.display, answered.write, written.write}
	if with.user != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, with.user)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // so that Ctrl-C reaches only the agent
	if o.Mounts {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
	}
	if o.Outlive == 0 {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	err = s.fork(cmd)
	err = errors.Join(err, told.read.Close(), answered.write.Close(), written.write.Close())
	out.follow(written.read)
	if err != nil {
		return nil, fmt.Errorf("run a supervisor: %w", err)
	}
	a, err := told.exchange(o, answered.read)
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, errors.Join(err, cmd.Wait())
	}
	leader, errLeader := os.FindProcess(a.PID)
	supervisor, err := watch(cmd.Process.Pid)
	if err := errors.Join(errLeader, err); err != nil {
		_ = cmd.Process.Kill()
		return nil, errors.Join(err, cmd.Wait())
	}
	p := newSupervised(o, leader, supervisor, func() { _ = cmd.Wait() })
	p.output, p.supervisor = written.read, cmd.Process.Pid
	return p, nil
}

// exchange tells a supervisor its order and reads its answer.
func (p pipe) exchange(o order, from *os.File) (a answer, err error) {
	deadline := time.Now().Add(answerTimeout)
	if err := errors.Join(p.write.SetWriteDeadline(deadline), from.SetReadDeadline(deadline)); err != nil {
		return a, err
	}
	if err := errors.Join(json.NewEncoder(p.write).Encode(o), p.write.Close()); err != nil {
		return a, fmt.Errorf("tell a supervisor its order: %w", err)
	}
	if err := json.NewDecoder(from).Decode(&a); err != nil {
		return a, fmt.Errorf("hear from a supervisor: %w", err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// IsSupervisor reports whether this program was started as the supervisor of a session. It must then call Supervise and
// nothing else. Every program that calls New has to ask this first.
func IsSupervisor() bool { return filepath.Base(os.Args[0]) == supervisorName }

// Supervise starts the session of which the agent has told it, and returns when nothing of it is left. It writes down
// how the session ended, for the agent that then runs.
func Supervise() error {
	told, said := os.NewFile(orderFile, "order"), os.NewFile(answerFile, "answer")
	starter := newStarter() // from here on no file is passed on by mistake
	defer starter.close()
	var o order
	if err := json.NewDecoder(told).Decode(&o); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	_ = told.Close()
	p, err := o.begin(starter)
	a := answer{}
	if err != nil {
		a.Error = err.Error()
	} else {
		a.PID = p.pid
	}
	err = errors.Join(err, json.NewEncoder(said).Encode(a), said.Close())
	if p == nil {
		return err
	}
	if o.Outlive > 0 {
		go o.endOrphan(p)
	}
	<-p.gone
	return o.folder().writeEnd(end{Status: p.status, Output: p.output.String()})
}

// begin starts the session's processes and writes down which they are.
func (o order) begin(s *starter) (*processes, error) {
	display := os.NewFile(displayFile, "rfb")
	if err := unix.SetNonblock(outputFile, true); err != nil { // so that it has deadlines
		return nil, errors.Join(err, display.Close())
	}
	passedOn := os.NewFile(outputFile, "output")
	if o.Mounts {
		ctx, cancel := context.WithTimeout(context.Background(), mountTimeout) //nolint:forbidigo // the program starts
		defer cancel()
		if err := o.folder().mountHome(ctx); err != nil {
			return nil, errors.Join(err, display.Close())
		}
	}
	c := command{args: o.Args, env: o.Env, dir: o.Dir, kind: o.Kind, nesting: o.Nesting, mine: o.mine(), groups: o.Groups}
	p, err := s.start(c, display, &lossy{to: passedOn})
	if err != nil {
		return nil, err
	}
	if err := o.folder().writeRecord(o, p.pid); err != nil {
		p.kill()
		<-p.gone
		return nil, fmt.Errorf("record the session: %w", err)
	}
	return p, nil
}

func (o order) folder() folder { return folder{path: o.Folder} }

// mine recognises the processes of an unconfined session; it is nil for a sandbox.
func (o order) mine() func(pid int) bool {
	if o.Kind != loose {
		return nil
	}
	return ownedBy(o.UID, o.folder())
}

// orphanLook is how often a supervisor looks whether an agent runs.
const orphanLook = 5 * time.Second

// endOrphan ends a session once no agent has run for longer than it may run on alone.
func (o order) endOrphan(p *processes) {
	every := time.NewTicker(min(orphanLook, o.Outlive))
	defer every.Stop()
	seen := time.Now()
	for {
		select {
		case <-p.gone:
			return
		case <-every.C:
		}
		if agentRuns(o.Lock) {
			seen = time.Now()
		} else if time.Since(seen) > o.Outlive {
			p.kill()
			return
		}
	}
}
