package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// listenEvery is less than the gap of 20 seconds after which the database counts the silence of agents anew.
	listenEvery = 5 * time.Second
	// silencePage bounds the sessions of one transaction, as placePage does.
	silencePage = 100
)

// Reasons for which a session ends because its host was silent, as the database writes them.
const (
	// reasonAgentAway: it was to end, and its host was silent for 60 seconds or did not report for five minutes.
	reasonAgentAway = "agent_away"
	// reasonAgentLost: it ran, and its host was silent for longer than the patience.
	reasonAgentLost = "agent_lost"
)

// SilenceWatch says of each session when its host does not answer, and when it answers again. It fails sessions whose
// host stays away, so that they give back their quota. When the host is back, its agent stops what is left of them.
//
// It also tells the database that agents can be heard. While the database or every control plane is away no agent is
// heard of, and that must not look as if all of them were lost. Several processes may run it at the same time.
type SilenceWatch struct{ SilenceConfig }

// SilenceConfig has everything that a SilenceWatch needs. No field may be left out.
type SilenceConfig struct {
	Silences  Silences
	AsService org.AsService[SilenceTx]
	Patience  time.Duration // how long a host may be silent before its sessions fail
	Bus       bus.Bus
	Log       *slog.Logger
}

// NewSilenceWatch makes the watch. It does nothing until Run or Once is called.
func NewSilenceWatch(c SilenceConfig) *SilenceWatch { return &SilenceWatch{c} }

// Run watches until ctx is done.
func (w *SilenceWatch) Run(ctx context.Context) error {
	return periodic.Task{Name: "note silent hosts", Every: listenEvery, Once: w.Once, Log: w.Log}.Run(ctx)
}

// Once notes all silent hosts in all organisations. If one fails, it goes on with the others and returns all errors.
func (w *SilenceWatch) Once(ctx context.Context) error {
	if err := w.Silences.Listen(ctx); err != nil {
		return fmt.Errorf("say that agents are heard: %w", err)
	}
	list := func(ctx context.Context, after org.ID, n int) ([]org.ID, error) {
		return w.Silences.SilentHosts(ctx, w.Patience, after, n)
	}
	return org.Each(ctx, list, placeOrgs, w.noteAll)
}

// noteAll notes the silent hosts of one organisation, a page in each transaction.
func (w *SilenceWatch) noteAll(ctx context.Context, in org.ID) error {
	for {
		var noted []Noted
		err := w.AsService(ctx, in, "note silent hosts", func(tx SilenceTx) (err error) {
			if noted, err = tx.NoteSilentHosts(ctx, w.Patience, silencePage); err != nil {
				return err
			}
			for _, n := range noted {
				err = errors.Join(err, tellSilence(ctx, tx, n))
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, n := range noted {
			w.Bus.Wake(topic(n.ID))
			if n.State.Final() {
				w.Bus.Wake(link.PlacementTopic)
			}
		}
		if len(noted) < silencePage {
			return nil
		}
	}
}

// tellSilence writes what became of a session whose host is silent, or is back.
func tellSilence(ctx context.Context, tx SilenceTx, n Noted) error {
	switch n.State {
	case link.Failed, link.Terminated:
		reason := reasonAgentLost
		if n.State == link.Terminated {
			reason = reasonAgentAway
		}
		if err := audit.Record(ctx, tx, "session."+string(n.State), n.ID); err != nil {
			return err
		}
		return events.Append(ctx, tx, Changed{ID: n.ID, State: n.State, Reason: reason})
	}
	return events.Append(ctx, tx, HostChanged{ID: n.ID, Silent: n.Silent})
}
