// Command install makes the machine ready for the tests, or says how to.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/streamspace-dev/streamspace/adapters/apt"
	"github.com/streamspace-dev/streamspace/app/needs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := apt.Ensure(ctx, os.Stdout, needs.Tests())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
