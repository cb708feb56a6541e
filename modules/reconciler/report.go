package reconciler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// outcome is the content of a report on a session.
type outcome struct {
	state     link.State
	reason    string
	detail    string // output of the desktop's programs
	hostFault bool
}

// report sends the outcome. It returns false if the session has ended, which the control plane may have decided
// meanwhile. It remembers an accepted report, because the next listing may be older than it.
func (r *Reconciler) report(ctx context.Context, w *worker, d link.Desired, o outcome) (continues bool, err error) {
	report := link.Report{
		Session: d.Session, State: o.state, Reason: o.reason, Detail: lastLines(o.detail), Generation: d.Generation,
		HostFault: o.hostFault,
	}
	err = r.up.Observe(ctx, report)
	if errors.Is(err, link.ErrSessionEnded) {
		report.State, err = link.Terminated, nil
	}
	if err != nil {
		return false, fmt.Errorf("report %s: %w", o.state, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.reported = report
	return !report.State.Final(), nil
}

// reportRunning reports that a session runs. If it has ended meanwhile, it stops the workload at once.
func (r *Reconciler) reportRunning(ctx context.Context, w *worker, d link.Desired) error {
	continues, err := r.report(ctx, w, d, outcome{state: link.Running})
	if err != nil || continues {
		return err
	}
	return r.stop(ctx, d.Session)
}

// current returns d with the newest state that is known here. A listing or a Put may be older than the last report. A
// session that ran here and is gone counts as running, even if that report was lost, so that decide fails it and does
// not start it again.
func (r *Reconciler) current(d link.Desired, found runtime.Status) link.Desired {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.workers[d.Session]
	if w == nil {
		return d
	}
	state := link.Pending
	if w.reported.Generation >= d.Generation {
		state = w.reported.State
	}
	if found.Phase == "" && w.ran >= d.Generation && !state.Final() {
		state = link.Running
	}
	if progress[state] > progress[d.State] {
		d.State, d.Epoch = state, r.epoch()
	}
	return d
}

// lastLines is the end of a text that programs wrote, as whole lines where possible, and without control characters
// except line ends and tabs: a terminal or a page must not obey it.
func lastLines(text string) string {
	text = strings.TrimSpace(strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, "")))
	if len(text) <= link.MaxDetail {
		return text
	}
	text = text[len(text)-link.MaxDetail:]
	if _, rest, ok := strings.Cut(text, "\n"); ok {
		return rest
	}
	return strings.ToValidUTF8(text, "")
}
