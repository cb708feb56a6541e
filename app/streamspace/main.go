// Command streamspace is StreamSpace: the control plane, the agent, and everything that is done to them.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// gcPercent has the collector run once for each fivefold growth of the heap. What lives long here is small, tens of
// megabytes, and what a request leaves behind is most of the work: a fifth of its time with Go's default of 100.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, terminal{os.Args[1:], os.Environ(), os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
