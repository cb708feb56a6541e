package dev

import (
	"context"
	"errors"
	"testing"
)

// TestAFailedStopIsReported fails when the deferred stop assigns its error to a result without a name, which is lost.
func TestAFailedStopIsReported(t *testing.T) {
	t.Parallel()
	errServe, errStop := errors.New("serving failed"), errors.New("the database did not stop")
	for name, c := range map[string]struct{ serve, stop error }{
		"only the stop":  {nil, errStop},
		"only the serve": {errServe, nil},
		"both":           {errServe, errStop},
		"neither":        {nil, nil},
	} {
		err := thenStop(t.Context(), func(context.Context) error { return c.stop }, func() error { return c.serve })
		if errors.Is(err, errStop) != (c.stop != nil) || errors.Is(err, errServe) != (c.serve != nil) {
			t.Errorf("%s failed: %v", name, err)
		}
	}
}
