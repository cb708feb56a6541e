// Command streamspace is StreamSpace: the control plane, the agent, and everything that is done to them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, terminal{os.Args[1:], os.Environ(), os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
