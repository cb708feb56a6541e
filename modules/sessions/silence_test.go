package sessions

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// deafness is a database that cannot be told that agents are heard.
type deafness struct{ asked bool }

func (d *deafness) Listen(context.Context) error { return errors.New("no database") }

func (d *deafness) SilentHosts(context.Context, time.Duration, org.ID, int) ([]org.ID, error) {
	d.asked = true
	return nil, nil
}

// What is not known to hear must not judge who is silent.
func TestNoSilenceIsNotedUnheard(t *testing.T) {
	t.Parallel()
	d := &deafness{}
	w := NewSilenceWatch(SilenceConfig{
		Silences: d, Patience: time.Minute, Bus: membus.New(), Log: slog.New(slog.DiscardHandler),
	})
	if err := w.Once(t.Context()); err == nil || d.asked {
		t.Errorf("got %v, asked %t", err, d.asked)
	}
}
