// Command streamspace runs the control plane or an agent, and contains the commands of their administrators.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/streamspace-dev/streamspace/adapters/process"
)

// gcPercent makes the garbage collector run when the heap has grown fivefold. Go's default is twofold (100). The
// long-lived data is only tens of megabytes, and with the default, collection took a fifth of the CPU time of a
// request.
const gcPercent = 400

// main ends the command's context at the first SIGINT or SIGTERM. The command then stops in order.
func main() {
	if process.IsSupervisor() {
		if process.Supervise() != nil { // nobody listens any more, and the next agent finds nothing written down
			os.Exit(1)
		}
		return
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, terminal{os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
