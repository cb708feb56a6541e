package agents

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// repeatEvery is how late an agent learns of a change if nothing told it: the message was lost, the process that made
	// the change was killed after its commit, or the agent is connected to another process.
	repeatEvery = time.Second
	// repeatPage bounds what one round repeats. What is left is in the next one, and in the agents' own syncs.
	repeatPage = 200
	// repeatAtOnce is to how many agents one round sends at the same time.
	repeatAtOnce = 8
)

// Repeater tells the agents that are connected to this process of changes again, until they report on them.
type Repeater struct {
	roster    Roster
	connected func() []uuid.UUID
	commands  link.Commands
	log       *slog.Logger
}

// NewRepeater makes a repeater. connected lists the agents that are connected to this process.
func NewRepeater(r Roster, connected func() []uuid.UUID, c link.Commands, log *slog.Logger) *Repeater {
	return &Repeater{roster: r, connected: connected, commands: c, log: log}
}

// Run repeats changes until ctx is done.
func (r *Repeater) Run(ctx context.Context) error {
	return periodic.Task{Name: "repeat changes to agents", Every: repeatEvery, Once: r.Once, Log: r.log}.Run(ctx)
}

// Once repeats each change that no agent has reported on. The sessions of one agent are sent one after the other, so
// that an agent that does not answer costs one timeout.
func (r *Repeater) Once(ctx context.Context) error {
	here := r.connected()
	if len(here) == 0 {
		return nil
	}
	changes, err := r.roster.Unacknowledged(ctx, here, repeatPage)
	if err != nil {
		return fmt.Errorf("list changes that no agent has reported on: %w", err)
	}
	of := make(map[uuid.UUID][]link.Desired)
	for _, c := range changes {
		of[c.Agent] = append(of[c.Agent], c.Desired)
	}
	var g errgroup.Group
	g.SetLimit(repeatAtOnce)
	for agent, all := range of {
		g.Go(func() error {
			for _, d := range all {
				if err := r.commands.Put(ctx, agent, d); err != nil {
					return nil //nolint:nilerr // the next round, or its next connection, tells the agent
				}
			}
			return nil
		})
	}
	return g.Wait()
}
