package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// startTimeout is how long a desktop may take until its display responds. It takes 0.2 to 0.5 s on an idle host; the
// rest is for a busy one. The message of errTimeout names the number.
const startTimeout = 15 * time.Second

var (
	// Faults that a start reports to the control plane. They are stored as the session's reason.
	errStopped = fault.New(fault.Conflict, "stopped", "The session was stopped before its desktop was ready.")
	errTimeout = fault.New(fault.Unavailable, "start_timed_out", "The desktop did not start within 15 seconds.")

	// Faults of a request that cannot be carried out as it is. A retry does not help.
	errExited      = fault.New(fault.Conflict, "exited", "The session has ended.")
	errNoSession   = fault.New(fault.Invalid, "no_session", "The session's id is missing.")
	errNoNamespace = fault.New(fault.Invalid, "workload_namespace_missing",
		"The organisation's namespace is missing.")
	errInvalidDisplay = fault.New(fault.Invalid, "invalid_display",
		"The display's width or height is too large or negative.")
)

// Start makes the workload run. When the workload causes the failure, the error carries a fault:
// workload_namespace_missing, invalid_display, above_host_limit, namespaces_refused, no_disk_space, stopped,
// start_timed_out, or the reason why the desktop ended before its display responded. A workload that has ended on its
// own must be stopped before it can start again.
func (r *Runtime) Start(ctx context.Context, w runtime.Workload) error {
	out := &output{to: w.Output}
	defer out.unused()
	if err := validate(w); err != nil {
		return err
	}
	for {
		s, mine, err := r.findOrAdd(ctx, w)
		switch {
		case err != nil:
			return fmt.Errorf("start %s: %w", w.Session, err)
		case mine != nil:
			if err := r.begin(mine, s, w.Spec, out); err != nil {
				return fmt.Errorf("start %s: %w", w.Session, err)
			}
			return nil
		}
		if again, err := s.join(ctx); err != nil {
			return fmt.Errorf("start %s: %w", w.Session, err)
		} else if !again {
			return nil
		}
	}
}

// findOrAdd finds the workload or adds an entry for it. For a new entry it returns the context of the start, and the
// caller must carry out that start. It waits for a workload that is being stopped.
func (r *Runtime) findOrAdd(ctx context.Context, w runtime.Workload) (*session, context.Context, error) {
	for {
		if err := context.Cause(ctx); err != nil {
			return nil, nil, err
		}
		r.mu.Lock()
		s, known := r.sessions[w.Session]
		switch {
		case r.closed:
			r.mu.Unlock()
			return nil, nil, errClosed
		case known && s.ending != nil:
			ending := s.ending
			r.mu.Unlock()
			if err := ending.wait(ctx); err != nil {
				return nil, nil, err
			}
			continue
		case known:
			defer r.mu.Unlock()
			if s.status.Phase == runtime.Exited {
				return nil, nil, errExited.Saying("The session has ended: %s.", s.status.Reason)
			}
			return s, nil, nil
		}
		defer r.mu.Unlock()
		s = &session{started: make(chan struct{}), folder: r.store.folder(w.Session)}
		s.status = runtime.Status{
			Session: w.Session, Namespace: w.Namespace, Phase: runtime.Starting, Started: time.Now(),
		}
		mine, giveUp := context.WithCancelCause(ctx)
		s.giveUp = giveUp
		r.sessions[w.Session] = s
		return s, mine, nil
	}
}

// join waits for a start that another call carries out. It returns again when that call was cancelled by its own
// caller, because this call must then start the workload itself.
func (s *session) join(ctx context.Context) (again bool, err error) {
	select {
	case <-s.started:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if s.givenUp {
		return true, nil
	}
	return false, s.err
}

// begin carries out a start. On failure it removes everything of the workload before it returns.
func (r *Runtime) begin(ctx context.Context, s *session, spec runtime.Spec, out *output) error {
	defer s.giveUp(nil)
	bounded, cancel := context.WithTimeoutCause(ctx, startTimeout, errTimeout)
	defer cancel()
	err := r.launch(bounded, s, spec, out)

	r.mu.Lock()
	if err == nil && s.ending != nil {
		err = errStopped
	}
	if err == nil {
		s.status.Phase = runtime.Running
		close(s.started)
		r.watches.Go(func() { r.watch(s) })
		r.mu.Unlock()
		return nil
	}
	if s.ending == nil {
		s.ending = newEnding()
	}
	ending := s.ending
	r.mu.Unlock()

	// Removal takes milliseconds after the processes are killed, so it does not end with the start's context.
	r.remove(s)
	s.err = errors.Join(err, ending.err)
	s.givenUp = ctx.Err() != nil && !errors.Is(context.Cause(ctx), errStopped)
	close(s.started)
	return s.err
}

// launch creates the folder and the processes, and returns when the display responds.
func (r *Runtime) launch(ctx context.Context, s *session, spec runtime.Spec, out *output) error {
	var err error
	if s.limits, err = r.cfg.Limits.of(spec); err != nil {
		return err
	}
	if spec.NestedNamespaces && !r.cfg.NestedNamespaces && !r.cfg.Unconfined {
		return errNesting
	}
	if s.uid, err = r.uids.claim(s.status.Session); err != nil {
		return err
	}
	if r.cfg.Unconfined {
		if s.display, err = s.freeDisplay(); err != nil {
			return err
		}
	}
	if err := s.folder.make(s.uid); err != nil {
		return fmt.Errorf("create its folder: %w", err)
	}
	if s.mounted, err = r.disks.of(ctx, s); err != nil {
		return fmt.Errorf("make the file system of its home: %w", err)
	}
	display, err := s.folder.listen()
	if err != nil {
		return fmt.Errorf("listen for viewers: %w", err)
	}
	if s.group, err = r.groups.of(s.status.Session, s.limits); err != nil {
		return errors.Join(err, display.Close())
	}
	p, err := r.starter.supervise(r.order(s, r.command(s, spec)), passed{display, r.uids.file(s.uid)}, out)
	if err != nil {
		return err
	}
	r.mu.Lock()
	s.processes = p
	r.mu.Unlock()
	return s.awaitDisplay(ctx)
}

// order is what the supervisor of a session must know.
func (r *Runtime) order(s *session, c command) order {
	return order{
		Args: c.args, Env: c.env, Dir: c.dir, Kind: c.kind, Nesting: c.nesting, UID: s.uid, Display: s.display,
		Folder: s.folder.path, Groups: s.group.entry(), Limits: s.limits, Mounts: s.mounted,
		Namespace: s.status.Namespace, Lock: r.store.lock.Name(), Outlive: r.cfg.Outlive,
	}
}

// awaitDisplay waits until the display greets a viewer, and notes that for a later agent. A desktop that does not is
// ended, and the error has what its programs wrote.
func (s *session) awaitDisplay(ctx context.Context) error {
	err := s.displayGreets(ctx)
	if err == nil {
		err = os.WriteFile(s.folder.readyFile(), nil, 0o600)
	}
	if err != nil {
		s.processes.kill()
		<-s.processes.gone
		return &runtime.StartError{Output: s.processes.end.Output, Err: err}
	}
	return nil
}

func (s *session) displayGreets(ctx context.Context) error {
	greeted := make(chan error, 1)
	go func() { greeted <- greet(ctx, s.folder) }()
	select {
	case err := <-greeted:
		if err == nil {
			return nil
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		// The socket broke because Xvnc ended, which ends the rest within milliseconds.
		select {
		case <-s.processes.gone:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	case <-s.processes.gone: // then greet fails at once, by itself
	}
	why := s.ended()
	if errors.Is(why, errEndedByUser) { // no user was there yet
		why = errDesktopExited
	}
	return why.Because(fmt.Errorf("status %d", s.processes.end.Status))
}

// watch notices when a workload ends without being stopped.
func (r *Runtime) watch(s *session) {
	select {
	case <-s.processes.gone:
	case <-s.processes.left:
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.ending != nil {
		return
	}
	s.status.Phase = runtime.Exited
	why := s.ended()
	s.status.Reason = why.Code
	said := "" // a closed desktop has nothing to explain, and neither has a limit
	if why != errEndedByUser && why != errMemoryLimit && s.exceeded == nil {
		said = s.processes.end.Output
	}
	// For a user an early end is the same as a start that failed.
	if time.Since(s.status.Started) < startTimeout {
		s.status.Output = said
	}
	r.log.Info("a session ended on its own", "session_id", s.status.Session.String(), "reason", s.status.Reason,
		"output", said)
	r.changed()
}

// validate refuses workloads that can never start.
func validate(w runtime.Workload) error {
	if w.Session == uuid.Nil {
		return errNoSession
	}
	if w.Namespace == "" {
		return errNoNamespace
	}
	if _, err := geometry(w.Spec); err != nil {
		return err
	}
	return nil
}

// geometry is the display's initial size, in the format of Xvnc.
func geometry(spec runtime.Spec) (string, error) {
	width, height := cmp.Or(spec.Width, 1280), cmp.Or(spec.Height, 800)
	if min(width, height) < 1 || max(width, height) > runtime.MaxSide {
		return "", errInvalidDisplay.Saying("A display's width and height must be between 1 and %d pixels.", runtime.MaxSide)
	}
	scale := spec.PixelScale()
	return fmt.Sprintf("%dx%d", min(width*scale, runtime.MaxSide), min(height*scale, runtime.MaxSide)), nil
}
