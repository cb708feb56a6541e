package sessions

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/ports/link"
)

const (
	// nudges is how many may wait. An agent that was not told finds out at its next sync, so that one more is dropped.
	nudges = 1024
	// nudgers tell at once; an agent that does not answer holds one of them for its deadline of two seconds.
	nudgers = 8
)

type nudge struct {
	agent uuid.UUID
	d     link.Desired
}

// Nudger tells agents at once what has changed, beside the requests that changed it.
type Nudger struct {
	commands link.Commands
	queue    chan nudge
	log      *slog.Logger
}

// NewNudger makes a nudger. Nothing is told until it runs.
func NewNudger(commands link.Commands, log *slog.Logger) *Nudger {
	return &Nudger{commands: commands, queue: make(chan nudge, nudges), log: log}
}

// Nudge has the agent told how a session should be. It never waits. The zero agent is none.
func (n *Nudger) Nudge(agent uuid.UUID, d link.Desired) {
	if agent == uuid.Nil {
		return
	}
	select {
	case n.queue <- nudge{agent, d}:
	default: // the agent's next sync tells
	}
}

// Run tells until ctx is done.
func (n *Nudger) Run(ctx context.Context) error {
	var g errgroup.Group
	for range nudgers {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case next := <-n.queue:
					n.tell(ctx, next)
				}
			}
		})
	}
	return g.Wait()
}

func (n *Nudger) tell(ctx context.Context, x nudge) {
	if err := n.commands.Put(ctx, x.agent, x.d); err != nil && ctx.Err() == nil {
		n.log.DebugContext(ctx, "an agent was not told at once; its next sync will",
			"agent_id", x.agent, "session_id", x.d.Session, "error", err)
	}
}
