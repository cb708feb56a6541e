package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// retry is the pause between two checks of a server that is starting, which takes about 50 ms.
	retry = 10 * time.Millisecond
	// linger is how long the processes of a killed server may take to end.
	linger = 5 * time.Second
	// patience is the timeout of a start. A server that crashed under load first replays its log.
	patience = 2 * time.Minute
	// quitting is the timeout of an immediate shutdown, which writes no checkpoint.
	quitting = 10 * time.Second
	// tailSize is how many bytes of the log an error shows.
	tailSize = 2048
)

// server is one postgres process, a direct child of this one. pg_ctl is not used: the server would then be no child,
// and would outlive a killed program.
type server struct {
	program string
	args    []string
	account account
	log     string
	pidFile string // PostgreSQL's own

	process *os.Process
	ended   chan struct{} // closed when the process is gone
}

// start runs the process until it accepts connections. It repeats an attempt that failed because a killed server is
// still ending.
func (s *server) start(ctx context.Context, answers func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := os.Rename(s.log, s.log+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the log of the start before: %w", err)
	}
	for begun := time.Now(); ; {
		err := s.attempt(ctx, answers)
		if err == nil || !s.predecessorLingers() {
			return err
		}
		if time.Since(begun) > linger {
			return errors.Join(ErrRunning, err)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// attempt starts the process once. When it fails, the process has ended.
func (s *server) attempt(ctx context.Context, answers func(context.Context) error) error {
	if err := s.spawn(ctx); err != nil {
		return err
	}
	for {
		err := errors.New("it is not ready")
		if s.ready() {
			err = answers(ctx)
		}
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended; its log says:\n%s", s.tail())
		default:
		}
		if stopped := pause(ctx); stopped != nil {
			s.quit()
			return fmt.Errorf("wait for an answer: %w; the last one was: %w; its log says:\n%s", stopped, err, s.tail())
		}
	}
}

// ready reports whether this process says that it is ready, in its own file. A connection to the socket proves less:
// it may reach another server, which this process is about to detect, and end.
func (s *server) ready() bool {
	content, err := os.ReadFile(s.pidFile)
	if err != nil {
		return false // not yet, or no longer
	}
	lines := strings.Split(string(content), "\n")
	const status = 7 // the eighth line, as pg_ctl reads it
	return len(lines) > status && lines[0] == strconv.Itoa(s.process.Pid) && strings.TrimSpace(lines[status]) == "ready"
}

// spawn starts the process from a thread of its own, which then waits for it. The kernel ends the process when the
// thread that started it ends, and Go may end a thread at any time unless a goroutine is locked to it.
func (s *server) spawn(ctx context.Context) error {
	// The log is truncated, so that it contains only the messages of this attempt.
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer log.Close()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.program, s.args...) // Stop ends it, in order
	cmd.Stdout, cmd.Stderr = log, log
	s.account.dress(cmd)

	started := make(chan error)
	ended := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	s.process, s.ended = cmd.Process, ended
	return nil
}

// stop ends the process by a fast shutdown. If ctx is done first, it does so by an immediate one.
func (s *server) stop(ctx context.Context) error {
	select {
	case <-s.ended:
		return nil
	default:
	}
	if err := s.signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
		s.quit()
		return fmt.Errorf("wait for the server to write what it holds: %w; its log says:\n%s", ctx.Err(), s.tail())
	}
}

// quit ends the process at once, and waits for its end. After quitting it kills the process.
func (s *server) quit() {
	_ = s.signal(syscall.SIGQUIT)
	select {
	case <-s.ended:
	case <-time.After(quitting):
		_ = s.signal(syscall.SIGKILL)
		<-s.ended
	}
}

// signal sends a signal. A process that has ended already is no error.
func (s *server) signal(sig os.Signal) error {
	if err := s.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to the server: %w", sig, err)
	}
	return nil
}

// predecessorLingers reports whether the process ended because an older one still holds the data or the socket. An
// older server that was killed a moment ago ends within milliseconds.
func (s *server) predecessorLingers() bool {
	said := s.tail()
	return strings.Contains(said, "pre-existing shared memory block") ||
		strings.Contains(said, "lock file") && strings.Contains(said, "already exists") // the data's or the socket's
}

// tail returns the end of the server's log.
func (s *server) tail() string {
	content, err := os.ReadFile(s.log)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	if len(content) > tailSize {
		content = content[len(content)-tailSize:]
	}
	return strings.TrimSpace(string(content))
}

// pause waits for the time of retry, or until ctx is done.
func pause(ctx context.Context) error {
	select {
	case <-time.After(retry):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
