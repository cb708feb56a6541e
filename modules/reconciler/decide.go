package reconciler

import (
	"strings"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// progress orders the states of one generation of a session on an agent, so that the newer of two can be found. Failed
// and terminated are both ends.
var progress = map[link.State]int{
	link.Pending: 0, link.Starting: 1, link.Running: 2, link.Failed: 3, link.Terminated: 3,
}

// action is the step that is due for a session.
type action int

const (
	doNothing action = iota // it is as it should be
	doStart                 // report starting, make it run, report running
	doReport                // it runs, and the control plane does not know
	doFail                  // report failed with the reason, and remove what is left
	doEnd                   // remove it and report terminated
	doClose                 // report terminated with the reason, and remove what is left
	doRemove                // remove what is left; the control plane knows that it has ended
)

// decide returns the step that is due for a session. It compares the desired and the last reported state with the
// workload, which is zero if none exists. The reason is set for doFail and doClose only. It is a pure function, so that
// a table can test every combination.
func decide(d link.Desired, found runtime.Status, epoch int64) (do action, reason string) {
	none := found.Phase == ""
	switch {
	case d.State.Final() && none:
		return doNothing, ""
	case d.State.Final():
		return doRemove, ""
	case !d.Run:
		return doEnd, ""
	case none && d.State == link.Running && d.Epoch < epoch:
		return doFail, "agent_restarted" // a desktop dies with its agent
	case none && d.State == link.Running:
		return doFail, "desktop_gone"
	case none && (d.State == link.Pending || d.State == link.Starting) && d.Unreadable:
		return doFail, "template_unreadable"
	case none && (d.State == link.Pending || d.State == link.Starting):
		return doStart, ""
	case none || d.State == link.Running && found.Phase != runtime.Exited:
		return doNothing, ""
	case found.Phase == runtime.Exited && found.Reason == runtime.Closed:
		return doClose, runtime.Closed
	case found.Phase == runtime.Exited:
		return doFail, reasonCode(found.Reason)
	case found.Phase == runtime.Starting:
		return doStart, "" // another process of the agent has begun it: Start waits for that
	default:
		return doReport, ""
	}
}

// reasonCode makes a reason of a runtime's text: lower_snake, at most link.MaxReason bytes, never empty. Programs
// compare reasons, and a runtime's text can contain anything.
func reasonCode(words string) string {
	parts := strings.FieldsFunc(strings.ToLower(words), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	reason := strings.Join(parts, "_")
	if reason == "" {
		return "desktop_gone"
	}
	return strings.TrimRight(reason[:min(len(reason), link.MaxReason)], "_")
}
