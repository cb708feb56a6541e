package reconciler

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// row is a session as the control plane keeps it.
type row struct {
	link.Desired
	reason string
	born   int64 // the epoch of the agent's process then
}

// plane is the control plane as a reconciler sees it, with the rules that its database keeps.
type plane struct {
	mu      sync.Mutex
	rows    map[uuid.UUID]*row
	order   []uuid.UUID
	epoch   int64 // of the newest process
	reports map[uuid.UUID][]string
	refuse  error // what every call is answered with, when set
	deaf    bool  // a report is taken, its answer lost
	lag     time.Duration
	wrong   []string

	restored bool           // an older database: what has no row is kept
	mute     bool           // it does not say what must end
	unknown  []link.Unknown // as the agent told last
}

func newPlane() *plane {
	return &plane{rows: make(map[uuid.UUID]*row), reports: make(map[uuid.UUID][]string)}
}

func (p *plane) create() link.Desired {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := link.Desired{Session: uuid.New(), Namespace: "acme", Run: true, Generation: 1, State: "pending"}
	p.rows[d.Session] = &row{Desired: d, born: p.epoch}
	p.order = append(p.order, d.Session)
	return d
}

func (p *plane) terminate(session uuid.UUID) link.Desired {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rows[session]
	if !r.State.Final() && r.Run {
		r.Run, r.State = false, "terminating"
		r.Generation++
	}
	return r.Desired
}

func (p *plane) set(change func(*plane)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// process is the control plane over one agent process's connection.
type process struct {
	*plane
	epoch int64
}

func (p process) refused() error {
	if p.refuse != nil {
		return p.refuse
	}
	if p.epoch != p.plane.epoch {
		return fault.New(fault.Conflict, "stale_agent", "replaced")
	}
	return nil
}

func (p process) Placements(context.Context) ([]link.Desired, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []link.Desired
	for _, session := range p.order {
		if r := p.rows[session]; !r.State.Final() {
			all = append(all, r.Desired)
		}
	}
	return all, p.refused()
}

func (p process) Unknown(_ context.Context, all []link.Unknown) ([]uuid.UUID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refused(); err != nil {
		return nil, err
	}
	if p.mute {
		return nil, fault.New(fault.NotFound, "not_found", "there is no such route")
	}
	p.plane.unknown = nil
	var end []uuid.UUID
	for _, u := range all {
		if p.rows[u.Session] == nil && p.restored {
			p.plane.unknown = append(p.plane.unknown, u)
		} else {
			end = append(end, u.Session)
		}
	}
	return end, nil
}

func (p process) Observe(_ context.Context, said link.Report) error {
	time.Sleep(p.lag) // by the bubble's clock
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refused(); err != nil {
		return err
	}
	r := p.rows[said.Session]
	if r.State.Final() {
		return fault.New(fault.Conflict, "session_ended", "it has ended")
	}
	p.reports[said.Session] = append(p.reports[said.Session], strings.TrimSpace(string(said.State)+" "+said.Reason))
	if r.Run && progress[said.State] < progress[r.State] || r.Run && said.State == "terminated" {
		p.wrong = append(p.wrong, fmt.Sprintf("%s after %s", said.State, r.State))
	}
	if r.Run || said.State.Final() {
		r.State, r.reason, r.Epoch = said.State, said.Reason, p.epoch
	}
	if p.deaf {
		return fault.New(fault.Unavailable, "control_unreachable", "the answer was lost")
	}
	return nil
}
