package reconciler

import (
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	const epoch = 3
	none := runtime.Status{}
	is := func(p runtime.Phase) runtime.Status { return runtime.Status{Phase: p} }
	for _, c := range []struct {
		name   string
		run    bool
		state  link.State
		epoch  int64
		found  runtime.Status
		want   action
		reason string
	}{
		{"never started", true, "pending", 0, none, doStart, ""},
		{"start interrupted", true, "starting", 2, none, doStart, ""},
		{"begun by another process", true, "starting", 2, is(runtime.Starting), doStart, ""},
		{"report of running lost", true, "starting", 3, is(runtime.Running), doReport, ""},
		{"both reports lost", true, "pending", 0, is(runtime.Running), doReport, ""},
		{"as it should be", true, "running", 3, is(runtime.Running), doNothing, ""},
		{"survived its agent", true, "running", 2, is(runtime.Running), doNothing, ""},
		{"died with its agent", true, "running", 2, none, doFail, "agent_restarted"},
		{"gone without a trace", true, "running", 3, none, doFail, "desktop_gone"},
		{"ended while running", true, "running", 3, is(runtime.Exited), doFail, "desktop_gone"},
		{
			"ended with a reason", true, "running", 3,
			runtime.Status{Phase: runtime.Exited, Reason: "Xvnc: killed by signal 9"}, doFail, "xvnc_killed_by_signal_9",
		},
		{
			"closed by its user", true, "running", 3,
			runtime.Status{Phase: runtime.Exited, Reason: "closed"}, doClose, "closed",
		},
		{
			"closed by its user, and to be gone", false, "terminating", 3,
			runtime.Status{Phase: runtime.Exited, Reason: "closed"}, doEnd, "",
		},
		{"ended before it was told", true, "starting", 3, is(runtime.Exited), doFail, "desktop_gone"},
		{"to be gone, never started", false, "pending", 0, none, doEnd, ""},
		{"to be gone, running", false, "terminating", 3, is(runtime.Running), doEnd, ""},
		{"to be gone, starting", false, "terminating", 3, is(runtime.Starting), doEnd, ""},
		{"to be gone, gone", false, "terminating", 2, none, doEnd, ""},
		{"told as failed, left over", true, "failed", 3, is(runtime.Exited), doRemove, ""},
		{"told as failed", true, "failed", 3, none, doNothing, ""},
		{"told as terminated", false, "terminated", 3, none, doNothing, ""},
		{"a state of a later version", true, "hibernated", 3, none, doNothing, ""},
	} {
		d := link.Desired{Run: c.run, State: c.state, Epoch: c.epoch}
		if got, reason := decide(d, c.found, epoch); got != c.want || reason != c.reason {
			t.Errorf("%s: got %d %q, want %d %q", c.name, got, reason, c.want, c.reason)
		}
	}
}

// Only a start needs to know what to run.
func TestDecideOfAnUnreadableSpec(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		run   bool
		state link.State
		phase runtime.Phase
		want  action
	}{
		{"never started", true, "pending", "", doFail},
		{"start interrupted", true, "starting", "", doFail},
		{"runs", true, "running", runtime.Running, doNothing},
		{"runs, and the report was lost", true, "starting", runtime.Running, doReport},
		{"to be gone", false, "terminating", runtime.Running, doEnd},
	} {
		d := link.Desired{Run: c.run, State: c.state, Epoch: 3, Unreadable: true}
		if got, reason := decide(d, runtime.Status{Phase: c.phase}, 3); got != c.want ||
			(got == doFail) != (reason == "template_unreadable") {
			t.Errorf("%s: got %d %q, want %d", c.name, got, reason, c.want)
		}
	}
}

func TestReasonCode(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"": "desktop_gone", "…": "desktop_gone", "exit status 1": "exit_status_1", "OOMKilled": "oomkilled",
		strings.Repeat("a", 63) + " b": strings.Repeat("a", 63), strings.Repeat("é", 90) + "x": "x",
	} {
		if got := reasonCode(words); got != want {
			t.Errorf("%q becomes %q, want %q", words, got, want)
		}
	}
}
