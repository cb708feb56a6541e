package process

import (
	"context"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// reasons says why a session ended, by the exit status of desktop.sh. Any other status means that it was killed.
var reasons = map[int]string{
	80: "desktop_exited",    // the template's command ended, or the user left by the window manager's menu
	81: "display_ended",     // Xvnc ended
	82: "command_not_found", // the template names a command that does not exist here
}

const killed = "desktop_killed"

// reason is the one of an exit status.
func reason(status int) string {
	if r, ok := reasons[status]; ok {
		return r
	}
	return killed
}

// session is one workload of this process. Runtime.mu guards what is not constant.
type session struct {
	status runtime.Status
	folder folder
	uid    int // the user it runs as; zero is nobody of its own: the agent's user

	giveUp  context.CancelCauseFunc // ends a start that is under way
	started chan struct{}           // closed when the start is over
	err     error                   // how the start failed; constant once started is closed, as is givenUp
	givenUp bool                    // its caller did not want it any more

	processes *processes // nil until there are some
	ending    *ending    // nil until it is being stopped
}

// ending is one attempt to remove a workload.
type ending struct {
	done chan struct{} // closed when it is over
	err  error         // constant once done is closed
}

func newEnding() *ending { return &ending{done: make(chan struct{})} }

// wait returns when the attempt is over, with its error, or when ctx is.
func (e *ending) wait(ctx context.Context) error {
	select {
	case <-e.done:
		return e.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
