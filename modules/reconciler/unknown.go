package reconciler

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// ask tells the control plane which workloads have no placement, and stops those that it names. It tells of none once,
// so that the control plane does not list what is gone. When it does not answer, nothing is stopped.
func (r *Reconciler) ask(ctx context.Context, g *errgroup.Group, unknown []link.Unknown) error {
	if len(unknown) == 0 && !r.told {
		return nil
	}
	slices.SortFunc(unknown, func(a, b link.Unknown) int { return bytes.Compare(a.Session[:], b.Session[:]) })
	unknown = unknown[:min(len(unknown), link.UnknownPage)] // what is left is told once these have ended
	end, err := r.up.Unknown(ctx, unknown)
	if err != nil {
		return err
	}
	r.told = len(unknown) > 0
	asked := make(map[uuid.UUID]bool, len(unknown))
	for _, u := range unknown {
		asked[u.Session] = true
	}
	for _, session := range end {
		if asked[session] {
			r.dispatch(ctx, g, job{Desired: link.Desired{Session: session}, orphan: true})
		}
	}
	return nil
}

// follow takes the generations of the first listing of a connection, and forgets later ones. An older database counts
// on from an earlier generation, and its changes must not be taken for overtaken messages.
func (r *Reconciler) follow(placed []link.Desired) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range placed {
		w := r.workers[d.Session]
		if w == nil || w.busy || w.generation <= d.Generation {
			continue
		}
		w.generation, w.reported = d.Generation, link.Report{}
		w.ran = min(w.ran, d.Generation)
	}
}
