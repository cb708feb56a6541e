package events

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// logs are organisations, each with as many old events as its place says, in a database of the test's own.
type logs struct {
	old    map[org.ID]int
	fails  org.ID
	rounds atomic.Int32 // how often a list began
}

// nth is an id in the order of the numbers.
func nth(n int) org.ID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return org.ID{UUID: id}
}

func (l *logs) list(_ context.Context, _ time.Duration, after org.ID, n int) ([]org.ID, error) {
	if after == (org.ID{}) {
		l.rounds.Add(1)
	}
	var ids []org.ID
	for i := 1; i <= len(l.old) && len(ids) < n; i++ {
		if id := nth(i); id.String() > after.String() && l.old[id] > 0 {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// inOne is a transaction in one organisation.
type inOne struct {
	*logs
	id org.ID
}

func (o inOne) RemoveOldEvents(context.Context, time.Duration) (int, error) {
	if o.id == o.fails {
		return 0, errors.New("no connection")
	}
	n := min(o.old[o.id], sweepBatch)
	o.old[o.id] -= n
	return n, nil
}

func (l *logs) sweeper() *Sweeper {
	as := func(_ context.Context, id org.ID, _ string, fn func(SweeperTx) error) error { return fn(inOne{l, id}) }
	return NewSweeper(l.list, as, time.Hour, slog.New(slog.DiscardHandler))
}

// Seen to fail with one page of organisations, and with a sweep that ends at the first failure.
func TestASweepGoesThroughAllOrganisations(t *testing.T) {
	t.Parallel()
	l := &logs{old: map[org.ID]int{}, fails: nth(7)}
	for i := range 2*sweepOrgs + 1 {
		l.old[nth(i+1)] = sweepBatch * (i % 3)
	}
	l.old[l.fails] = 1
	err := l.sweeper().Once(t.Context())
	if err == nil || !strings.Contains(err.Error(), l.fails.String()) || strings.Count(err.Error(), "organisation") != 1 {
		t.Errorf("of one organisation that failed it says %v", err)
	}
	for id, n := range l.old {
		if (n > 0) != (id == l.fails) {
			t.Errorf("%s has %d old events", id, n)
		}
	}
}

func TestSweepsBeginAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l, ended := &logs{old: map[org.ID]int{}}, make(chan error)
		go func() { ended <- l.sweeper().Run(ctx) }()
		synctest.Wait()
		if l.rounds.Load() != 1 {
			t.Errorf("%d sweeps at the beginning", l.rounds.Load())
		}
		time.Sleep(sweepEvery)
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil || l.rounds.Load() != 2 {
			t.Errorf("%d sweeps after ten minutes, %v", l.rounds.Load(), err)
		}
	})
}
