package sessions

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// placeEvery is how late a free slot is found if no wake-up arrives, because the agent reports to another process.
	placeEvery = 5 * time.Second
	// placePage bounds the sessions that one transaction places, so that it holds its locks for some ten milliseconds.
	placePage = 20
	// placeOrgs bounds what one query returns. Once continues until no organisation is left.
	placeOrgs = 100
)

// Reasons for which a session fails that was never placed, or whose host was lost before it started.
const (
	reasonNoHost   = "no_host"
	reasonNoRoom   = "no_room"
	reasonHostLost = "host_lost"
)

// Placer places sessions that wait for a host, and ends those that have waited for too long. It takes those that have
// not started from hosts that are lost. Several processes may run it at the same time: each session is placed once.
type Placer struct {
	orgs      org.Listing
	lost      org.Listing
	asService org.AsService[PlacerTx]
	patience  time.Duration
	nudger    *Nudger
	bus       bus.Bus
	log       *slog.Logger
}

// PlacerConfig has everything that a Placer needs. No field may be left out.
type PlacerConfig struct {
	Orgs      org.Listing // with sessions that have no agent
	Lost      org.Listing // with sessions that have not started, on agents that are lost
	AsService org.AsService[PlacerTx]
	Patience  time.Duration // how long a session waits for a host before it fails
	Nudger    *Nudger
	Bus       bus.Bus
	Log       *slog.Logger
}

// NewPlacer makes a placer. It does nothing until Run or Once is called.
func NewPlacer(c PlacerConfig) *Placer {
	return &Placer{
		orgs: c.Orgs, lost: c.Lost, asService: c.AsService, patience: c.Patience, nudger: c.Nudger, bus: c.Bus,
		log: c.Log,
	}
}

// Run places sessions until ctx is done: every five seconds, and when a host may have room.
func (p *Placer) Run(ctx context.Context) error {
	woken, stop := p.bus.Watch(link.PlacementTopic)
	defer stop()
	again := time.NewTicker(placeEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-woken:
		case <-again.C:
		}
		if err := p.Once(ctx); err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "background work was not all done", "task", "place waiting sessions", "error", err)
		}
	}
}

// Once takes sessions from lost hosts, and places those that wait, in all organisations. If one fails, it goes on with
// the others and returns all errors.
func (p *Placer) Once(ctx context.Context) error {
	return errors.Join(org.Each(ctx, p.lost, placeOrgs, p.leaveLost), p.placeOnce(ctx))
}

// placeOnce places the sessions that wait.
func (p *Placer) placeOnce(ctx context.Context) error {
	return org.Each(ctx, p.orgs, placeOrgs, p.placeAll)
}

// leaveLost takes an organisation's sessions from lost hosts, a page in each transaction, and tells what became of
// them.
func (p *Placer) leaveLost(ctx context.Context, in org.ID) error {
	for {
		var left []Left
		err := p.asService(ctx, in, "leave lost hosts", func(tx PlacerTx) (err error) {
			if left, err = tx.LeaveLostHosts(ctx, p.patience, placePage); err != nil {
				return err
			}
			for _, l := range left {
				if err := tell(ctx, tx, l); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, l := range left {
			p.bus.Wake(topic(l.ID))
		}
		if len(left) < placePage {
			return nil
		}
	}
}

// tell writes what became of a session whose host is lost.
func tell(ctx context.Context, tx PlacerTx, l Left) error {
	change := Changed{ID: l.ID, State: l.State, Reason: reasonHostLost}
	if l.State == link.Pending {
		change.WaitsFor = WaitsForHost
	} else if err := audit.Record(ctx, tx, "session.failed", l.ID); err != nil {
		return err
	}
	return events.Append(ctx, tx, change)
}

// placeAll places an organisation's sessions, a page in each transaction, as long as whole pages leave the queue.
func (p *Placer) placeAll(ctx context.Context, in org.ID) error {
	for {
		var done []placed
		err := p.asService(ctx, in, "place waiting sessions", func(tx PlacerTx) (err error) {
			done, err = placeWaiting(ctx, tx, p.patience)
			return err
		})
		if err != nil {
			return err
		}
		for _, d := range done {
			p.nudger.Nudge(d.session.Agent, desired(d.session, d.namespace))
			p.bus.Wake(topic(d.session.ID))
		}
		if len(done) < placePage {
			return nil
		}
	}
}

// placed is a session that has left the queue: it has an agent, or it has failed.
type placed struct {
	session   Session
	namespace string
}

// placeWaiting decides on one page. Once no agent is free, the sessions behind need no look of their own, except those
// that an agent could not start: for them another agent counts.
func placeWaiting(ctx context.Context, tx PlacerTx, patience time.Duration) (done []placed, err error) {
	waiting, err := tx.Waiting(ctx, patience, placePage)
	if err != nil {
		return nil, err
	}
	var none *Placement
	for _, w := range waiting {
		at := none
		if at == nil || w.FailedOn != uuid.Nil {
			found, err := place(ctx, tx, w)
			if err != nil {
				return nil, err
			}
			if at = &found; at.Agent == uuid.Nil && w.FailedOn == uuid.Nil {
				none = at
			}
		}
		left, err := decideOn(ctx, tx, &w, *at)
		if err != nil {
			return nil, err
		}
		if left {
			done = append(done, placed{w.Session, at.Namespace})
		}
	}
	return done, nil
}

// place treats an organisation without agents like one whose agents are away: an operator may add one again.
func place(ctx context.Context, tx PlacerTx, w Waiting) (Placement, error) {
	at, err := tx.PlaceBeside(ctx, w.FailedOn)
	if errors.Is(err, ErrNoAgent) {
		return Placement{WaitsFor: WaitsForHost}, nil
	}
	return at, err
}

// decideOn writes what becomes of a waiting session, and reports whether it has left the queue.
func decideOn(ctx context.Context, tx PlacerTx, w *Waiting, at Placement) (left bool, err error) {
	switch {
	case at.Agent != uuid.Nil:
		w.Agent = at.Agent
		return true, tx.PlaceSession(ctx, w.ID, at.Agent)
	case w.Overdue:
		reason := reasonNoHost
		if at.WaitsFor == WaitsForRoom {
			reason = reasonNoRoom
		}
		if err := tx.FailSession(ctx, w.ID, reason); err != nil {
			return false, err
		}
		if err := audit.Record(ctx, tx, "session.failed", w.ID); err != nil {
			return false, err
		}
		return true, events.Append(ctx, tx, Changed{ID: w.ID, State: link.Failed, Reason: reason})
	case at.WaitsFor != w.WaitsFor:
		if err := tx.SetWaitsFor(ctx, w.ID, at.WaitsFor); err != nil {
			return false, err
		}
		return false, events.Append(ctx, tx, Changed{ID: w.ID, State: link.Pending, WaitsFor: at.WaitsFor})
	}
	return false, nil
}
