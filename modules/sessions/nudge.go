package sessions

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/ports/link"
)

const (
	// nudges is the length of the queue. When it is full, further nudges are dropped, and the changes are
	// told again within a second (agents.Repeater). Blocking instead would make a member's request wait for an agent.
	nudges = 1024
	// nudgers is how many send at the same time. An agent that does not respond occupies one of them for two seconds.
	nudgers = 8
)

type nudge struct {
	agent uuid.UUID
	d     link.Desired
}

// Nudger tells agents at once what has changed, in the background: no request waits for an agent. Nudges may be lost;
// agents.Repeater repeats them.
type Nudger struct {
	commands link.Commands
	queue    chan nudge
	log      *slog.Logger
}

// NewNudger makes a nudger. It sends nothing until Run is called.
func NewNudger(commands link.Commands, log *slog.Logger) *Nudger {
	return &Nudger{commands: commands, queue: make(chan nudge, nudges), log: log}
}

// Nudge queues a message for the agent about the desired state of a session. It never blocks. The zero agent means that
// the session is not placed. Call it after the commit: an agent that was told earlier could report on a session that
// does not exist yet.
func (n *Nudger) Nudge(agent uuid.UUID, d link.Desired) {
	if agent == uuid.Nil {
		return
	}
	select {
	case n.queue <- nudge{agent, d}:
	default: // it is told again within a second
	}
}

// Run sends queued nudges until ctx is done. It returns nil.
func (n *Nudger) Run(ctx context.Context) error {
	var g errgroup.Group
	for range nudgers {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case next := <-n.queue:
					n.send(ctx, next)
				}
			}
		})
	}
	return g.Wait()
}

// send logs a failure at debug level only: an agent that is not connected is normal.
func (n *Nudger) send(ctx context.Context, x nudge) {
	if err := n.commands.Put(ctx, x.agent, x.d); err != nil && ctx.Err() == nil {
		n.log.DebugContext(ctx, "an agent was not nudged; it is told again",
			"agent_id", x.agent, "session_id", x.d.Session, "error", err)
	}
}
