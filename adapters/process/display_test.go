package process_test

import (
	"net"
	"os"
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// TestUnconfinedPassesOverATakenDisplay starts a session whose first choice of a display has a socket that its user may
// not remove, as an agent of another user leaves it when both are killed.
func TestUnconfinedPassesOverATakenDisplay(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root makes sockets for another user")
	}
	cfg, w := process.Config{Dir: enterable(t), Unconfined: true}, runtimetest.Workload()
	rt := open(t, cfg)
	socket := func() string {
		if err := rt.Start(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		path := recordOf(t, cfg.Dir, w.Session).Socket
		if err := rt.Stop(t.Context(), w.Session); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := socket()
	taken, err := net.Listen("unix", first)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if next := socket(); next == first {
		t.Errorf("the session got the display of %s, which is taken", first)
	}
	if _, err := os.Lstat(first); err != nil {
		t.Errorf("the session's end removed a socket that is not its own: %v", err)
	}
}
