package reconciler

import (
	"strings"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// progress orders the states that one generation of a session goes through on an agent.
var progress = map[link.State]int{
	link.Pending: 0, link.Starting: 1, link.Running: 2, link.Failed: 3, link.Terminated: 3,
}

// action is the one step that is due for a session.
type action int

const (
	doNothing action = iota // it is as it should be
	doStart                 // report starting, make it run, report running
	doReport                // it runs, and the control plane does not know
	doFail                  // report failed, for the reason given, and remove what is left
	doEnd                   // remove it and report terminated
	doRemove                // remove what is left; the control plane knows that it has ended
)

// decide compares a session's desired and last known state with its workload, which is zero if there is none. The
// reason is that of doFail.
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
	case none && (d.State == link.Pending || d.State == link.Starting):
		return doStart, ""
	case none || d.State == link.Running && found.Phase != runtime.Exited:
		return doNothing, ""
	case found.Phase == runtime.Exited:
		return doFail, reasonCode(found.Reason)
	case found.Phase == runtime.Starting:
		return doStart, "" // begun by another process of the agent: starting it again waits for it
	default:
		return doReport, ""
	}
}

// reasonCode makes a report's reason of a runtime's few words: lower_snake, and never empty.
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
