package periodic_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/streamspace-dev/streamspace/ports/periodic"
)

func TestATaskIsDoneAtEachIntervalAndGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		atOnce bool
		want   int
	}{"after each interval": {false, 3}, "and at the beginning": {true, 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { countRounds(t, c.atOnce, c.want) })
		})
	}
}

// countRounds runs a task for three minutes, whose second round fails.
func countRounds(t *testing.T, atOnce bool, want int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	rounds := 0
	task := periodic.Task{
		Name: "count", Every: time.Minute, AtOnce: atOnce, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Once: func(context.Context) error {
			if rounds++; rounds == 2 {
				return errors.New("not this time")
			}
			return nil
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- task.Run(ctx) }()
	time.Sleep(3*time.Minute + time.Second)
	synctest.Wait()
	cancel()
	if err := <-ended; err != nil || rounds != want {
		t.Errorf("%d rounds in three minutes, %v, want %d", rounds, err, want)
	}
	if n := strings.Count(log.String(), "not this time"); n != 1 {
		t.Errorf("the failure was logged %d times:\n%s", n, log.String())
	}
}
