package process

import (
	"context"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// Why a session ended. The code is stored as the session's reason; the console shows a sentence for it.
var (
	errEndedByUser = fault.New(fault.Invalid, "closed", // runtime.Closed
		"The program ended without an error, or the user chose Exit in the desktop's menu.")
	errDesktopExited   = fault.New(fault.Invalid, "desktop_exited", "The program ended with an error.")
	errDisplayEnded    = fault.New(fault.Internal, "display_ended", "The desktop's display ended.")
	errCommandNotFound = fault.New(fault.Invalid, "command_not_found",
		"The template's command is not installed on the host.")
	errKilled = fault.New(fault.Internal, "desktop_killed", "The desktop was killed.")
)

// reason maps the exit status of desktop.sh to the reason why the session ended. An unknown status means that it was
// killed.
func reason(status int) *fault.Fault {
	switch status {
	case 80:
		return errDesktopExited
	case 81:
		return errDisplayEnded
	case 82:
		return errCommandNotFound
	case 84:
		return errEndedByUser
	default:
		return errKilled
	}
}

// session is one workload of this process. Runtime.mu guards the fields that change. Its life is: added as Starting,
// then Running, then either Exited or ending, then removed. A failed start goes to ending directly.
type session struct {
	status  runtime.Status
	folder  folder
	uid     int // the user it runs as; zero: the agent's user
	display int // the number of its display; zero: the only one of its sandbox, or none was chosen yet

	giveUp  context.CancelCauseFunc // cancels a start in progress
	started chan struct{}           // closed when the start is over
	err     error                   // how the start failed; constant once started is closed, as is givenUp
	givenUp bool                    // its caller cancelled it

	limits    Limits       // constant once its display responds, as is group
	group     *group       // nil where no groups can be made
	mounted   bool         // its home is a file system of its own; constant as group is
	exceeded  *fault.Fault // the limit because of which it was killed
	processes *supervised  // nil until they are started
	ending    *ending      // nil until it is being stopped
}

// ending is one attempt to remove a workload. Every Stop that arrives meanwhile waits for the same attempt.
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
