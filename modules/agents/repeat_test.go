package agents

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// changes is a database with changes that no agent has reported on.
type changes struct {
	Roster
	all   []Change
	asked []uuid.UUID
}

func (c *changes) Unacknowledged(_ context.Context, of []uuid.UUID, _ int) ([]Change, error) {
	c.asked = of
	return c.all, nil
}

// told notes what agents are told. One of them does not answer.
type told struct {
	mu    sync.Mutex
	mute  uuid.UUID
	heard map[uuid.UUID][]int64
}

func (h *told) Put(_ context.Context, agent uuid.UUID, d link.Desired) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard[agent] = append(h.heard[agent], d.Generation)
	if agent == h.mute {
		return errors.New("no answer")
	}
	return nil
}

func (h *told) Open(context.Context, uuid.UUID, uuid.UUID) (io.ReadWriteCloser, error) {
	return nil, nil
}

// An agent that does not answer is not told of its other sessions, and holds up no other agent.
func TestChangesAreRepeated(t *testing.T) {
	t.Parallel()
	one, mute := uuid.New(), uuid.New()
	db, agents := &changes{}, &told{mute: mute, heard: make(map[uuid.UUID][]int64)}
	for generation := range int64(3) {
		d := link.Desired{Generation: generation}
		db.all = append(db.all, Change{one, d}, Change{mute, d})
	}
	here := []uuid.UUID{one, mute}
	r := NewRepeater(db, func() []uuid.UUID { return here }, agents, slog.New(slog.DiscardHandler))
	if err := r.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[uuid.UUID][]int64{one: {0, 1, 2}, mute: {0}}, agents.heard); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(here, db.asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	db.asked, here = nil, nil
	if err := r.Once(t.Context()); err != nil || db.asked != nil {
		t.Errorf("without agents it asked for %v (%v)", db.asked, err)
	}
}
